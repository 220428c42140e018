"""Short name of `segmnist.load.torch`, the loaders for PyTorch."""

from segmnist.load.torch import (
    DeviceClips,
    EndlessClips,
    EndlessLoader,
    FramePrediction,
    SegMNIST,
    collate,
    split_frames,
    tensors_of,
)

__all__ = [
    "DeviceClips", "EndlessClips", "EndlessLoader", "FramePrediction", "SegMNIST", "collate", "split_frames", "tensors_of",
]  # fmt: skip
