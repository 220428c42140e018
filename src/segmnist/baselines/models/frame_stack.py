"""A U-Net that sees each frame with its two neighbours on either side, stacked as the channels of one picture."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from segmnist.baselines.baseline import Baseline
from segmnist.baselines.models.unet import Decoder, Encoder

REACH = 2


class FrameStack(Baseline):
    """Five frames in, the classes of the middle one out; outside the clip, its first and last frames repeat."""

    paper = (
        "Simonyan and Zisserman, Two-stream convolutional networks for action recognition in videos, NeurIPS "
        "2014 (its stacking), in a U-Net"
    )
    sees = "clip"

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(width, 2 * REACH + 1), Decoder(width)

    def forward(self, video: Tensor) -> Tensor:
        """Return logits `(B, T, 11, H, W)` of a video `(B, T, 1, H, W)`."""
        T = video.shape[1]
        longer = functional.pad(video.transpose(1, 2), (0, 0, 0, 0, REACH, REACH), mode="replicate")
        stacks = torch.cat([longer[:, 0, shift : shift + T, None] for shift in range(2 * REACH + 1)], dim=2)
        logits: Tensor = self.decoder(self.encoder(stacks.flatten(0, 1)))
        return logits.reshape(*video.shape[:2], *logits.shape[1:])
