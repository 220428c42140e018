"""`segmnist.torch`: the loaders for PyTorch, where one looks for them first."""

from segmnist.load.torch import EndlessClips, EndlessLoader, SegMNIST, collate, tensors_of

__all__ = ["EndlessClips", "EndlessLoader", "SegMNIST", "collate", "tensors_of"]
