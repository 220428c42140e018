"""Samples: single clips as PyTorch's ecosystem wants them, transformed, and put together to a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data._utils.collate import default_collate_fn_map

from segmnist.load.reader import Array, clip_of
from segmnist.load.tensors import Batch, tensor_of
from segmnist.load.transforms import Transforms, transformed, wrapped
from segmnist.render.arrays import ARRAYS


class Target(dict[str, Any]):
    """Labels and truths of a clip by name; PyTorch's `default_collate` pads them as `segmnist.torch.collate` does."""


Sample = tuple[Tensor, Target]


def samples_of(arrays: dict[str, Array], transforms: Transforms | None = None) -> list[Sample]:
    """Return the clips of a batch as samples. Raises `BadArgument` as `transformed` does."""
    return [sample_of(arrays, row, transforms) for row in range(len(arrays["num_digits"]))]


def sample_of(arrays: dict[str, Array], row: int, transforms: Transforms | None = None) -> Sample:
    """Return one clip of a batch as a sample. Raises `BadArgument` as `transformed` does."""
    clip = clip_of(arrays, row)
    tensors = {name: wrapped(name, tensor_of(np.asarray(array))) for name, array in clip.items()}
    grey = tensors.pop("video")
    video, target = tensors.pop("rgb", grey), Target(tensors)
    return (video, target) if transforms is None else transformed(video, target, transforms)


def collated(samples: Sequence[Sample]) -> Batch:
    """Return samples as a batch: videos stacked, tables of digits padded to the longest."""
    videos = torch.stack([torch.as_tensor(video) for video, _ in samples])
    return Batch({"video": videos, **_columns([target for _, target in samples])})


def _columns(targets: Sequence[Mapping[str, Any]], **_: object) -> dict[str, Tensor]:
    columns = {name: [torch.as_tensor(target[name]) for target in targets] for name in targets[0]}
    return {name: _stacked(name, column) for name, column in columns.items()}


default_collate_fn_map[Target] = _columns


def _stacked(name: str, column: list[Tensor]) -> Tensor:
    """Return the column as one tensor; ragged digit axes are padded with the catalog's value."""
    largest = tuple(max(sizes) for sizes in zip(*(value.shape for value in column)))
    if all(value.shape == largest for value in column):
        return torch.stack(column)
    out = column[0].new_full((len(column), *largest), ARRAYS[name].padding if name in ARRAYS else 0)
    for row, value in zip(out, column):
        row[tuple(slice(size) for size in value.shape)] = value
    return out
