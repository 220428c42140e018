"""Short name of `segmnist.load.torch`, the loaders for PyTorch."""

from segmnist.load.torch import DeviceClips, EndlessClips, EndlessLoader, SegMNIST, collate, tensors_of

__all__ = ["DeviceClips", "EndlessClips", "EndlessLoader", "SegMNIST", "collate", "tensors_of"]
