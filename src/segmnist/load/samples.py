"""Samples: single clips as PyTorch's ecosystem wants them, transformed, and put together to a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data._utils.collate import default_collate_fn_map

from segmnist.errors import BadArgument
from segmnist.load.reader import Array, clip_of
from segmnist.load.tensors import Batch, tensor_of
from segmnist.render.arrays import ARRAYS


class Target(dict[str, Any]):
    """Labels and truths of a clip by name; PyTorch's `default_collate` pads them as `segmnist.torch.collate` does."""


Sample = tuple[Tensor, Target]
Transforms = Callable[[Tensor, Target], tuple[Any, Any]]


def samples_of(arrays: dict[str, Array], transforms: Transforms | None = None) -> list[Sample]:
    """Return the clips of a batch as samples. Raises `BadArgument` where transforms change the dtype of a mask."""
    return [sample_of(arrays, row, transforms) for row in range(len(arrays["num_digits"]))]


def sample_of(arrays: dict[str, Array], row: int, transforms: Transforms | None = None) -> Sample:
    """Return one clip of a batch as a sample. Raises `BadArgument` where transforms change the dtype of a mask."""
    clip = clip_of(arrays, row)
    tensors = {name: _wrapped(name, tensor_of(np.asarray(array))) for name, array in clip.items()}
    video, target = tensors.pop("video"), Target(tensors)
    return (video, target) if transforms is None else _transformed(video, target, transforms)


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


def _transformed(video: Tensor, target: Target, transforms: Transforms) -> Sample:
    before = {name: value.dtype for name, value in target.items() if _is_mask(name)}
    video, changed = transforms(video, target)
    if not isinstance(changed, Mapping):
        return video, changed
    for name, dtype in before.items():
        if name in changed and changed[name].dtype != dtype:
            fix = "masks are not pictures: transform them with nearest neighbours, and convert after loading"
            raise BadArgument("transforms", f"{name} became {changed[name].dtype}", str(dtype), fix)
    return video, Target(changed)


def _is_mask(name: str) -> bool:
    return name in ARRAYS and ARRAYS[name].axes[-2:] == ("y", "x") and name != "video"


def _wrapped(name: str, tensor: Tensor) -> Tensor:
    """Return the tensor, as a tv_tensor where torchvision is installed."""
    tv_tensors = _tv_tensors()
    if name == "video":
        video = tensor[:, None]
        return tv_tensors.Video(video) if tv_tensors else video
    return tv_tensors.Mask(tensor) if tv_tensors and _is_mask(name) else tensor


_found: list[Any] = []


def _tv_tensors() -> Any:
    """Return torchvision's tv_tensors, None where it is not installed or not made for this PyTorch."""
    if not _found:
        try:
            from torchvision import tv_tensors
        except (ImportError, RuntimeError):
            tv_tensors = None
        _found.append(tv_tensors)
    return _found[0]
