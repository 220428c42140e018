"""Conversion of arrays to tensors."""

from __future__ import annotations

import torch
from torch import Tensor

from segmnist.load.reader import Array


def tensors_of(arrays: dict[str, Array]) -> dict[str, Tensor]:
    """Return a batch of arrays as tensors that share their memory; the video gets its channel axis.

    >>> from segmnist.load import open_reader
    >>> tensors_of(open_reader("clean").read([0, 1]))["video"].shape
    torch.Size([2, 30, 1, 64, 64])
    """
    return with_channel({name: tensor_of(array) for name, array in arrays.items()})


def tensor_of(array: Array) -> Tensor:
    """Return the tensor that shares this array's memory, or a copy of one that may not be written to."""
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def with_channel(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the batch with videos as `(B,T,1,H,W)`."""
    return {**tensors, "video": tensors["video"][:, :, None]}
