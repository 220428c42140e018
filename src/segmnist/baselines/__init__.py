"""Baselines: models small enough to read, and the loop that trains them. All need torch.

How to add a model: put one file into `segmnist/baselines/models/`. Its name is the model's, with dashes for
underscores: `models/unet_gru.py` is `unet-gru`. Nothing else has to be told: the command line, the training
loop, the tests and the benchmark tables find it there. The file holds

- one class that derives from `Baseline`, or from `Sampler` if the model expresses ambiguity, built by
  `__init__(self, width=16, num_classes=NUM_CLASSES)`;
- `paper`, the source, and `sees`, which frames an answer depends on (a test checks it);
- `defaults`, the `Settings` that it trains with unless told otherwise;
- `forward`: videos `(B, T, 1, H, W)` in 0..1 -> logits `(B, T, C, H, W)`, for any T, H and W; or, with `whole_clips`,
  for clips of the shape that `__init__` takes as a third argument. A `Sampler` has `draws` instead: `(B, S, T, C, H, W)`,
  S whole worlds;
- `loss`, where it is not the cross-entropy of `forward`; `predict`, where it is not the softmax of `forward` or
  the mean over the draws.
"""
