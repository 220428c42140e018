"""Short name of `segmnist.load.torch`, the loaders for PyTorch."""

from segmnist.load.torch import EndlessClips, EndlessLoader, SegMNIST, collate, tensors_of

__all__ = ["EndlessClips", "EndlessLoader", "SegMNIST", "collate", "tensors_of"]
