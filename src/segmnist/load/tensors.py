"""Conversion of arrays to tensors, and batches of tensors."""

from __future__ import annotations

from typing import Any, NoReturn

import torch
from torch import Tensor
from torch.utils.data._utils.collate import default_collate_fn_map

from segmnist.errors import BadArgument
from segmnist.load.reader import Array


class Batch(dict[str, Any]):
    """A batch as a dict of tensors. PyTorch's `default_collate`, which would make a batch of batches, is refused it."""


def _refuse(batches: list[Batch], **_: object) -> NoReturn:
    fix = "these are whole batches: DataLoader(dataset, batch_size=None)"
    raise BadArgument("batch_size", len(batches), "None", fix)


default_collate_fn_map[Batch] = _refuse


def tensors_of(arrays: dict[str, Array]) -> Batch:
    """Return a batch of arrays as tensors that share their memory; the video gets its channel axis, or is `rgb`.

    >>> from segmnist.load import open_reader
    >>> tensors_of(open_reader("clean").read([0, 1]))["video"].shape
    torch.Size([2, 30, 1, 64, 64])
    """
    return Batch(with_channel({name: tensor_of(array) for name, array in arrays.items()}))


def tensor_of(array: Array) -> Tensor:
    """Return the tensor that shares this array's memory, or a copy of one that may not be written to."""
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def with_channel(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors, the video as `(B,T,1,H,W)`, or `rgb` in its place as `(B,T,3,H,W)` where it is among them."""
    given = {name: tensor for name, tensor in tensors.items() if name != "rgb"}
    if "rgb" in tensors:
        given["video"] = tensors["rgb"].movedim(-1, 2)
    elif "video" in given:
        given["video"] = given["video"][:, :, None]
    return given
