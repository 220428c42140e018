"""Transforms of single clips, torchvision's or a function of one's own, and what they leave behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from segmnist.errors import BadArgument
from segmnist.render.arrays import ARRAYS

Transforms = Callable[[Any, Any], tuple[Any, Any]]

STAYS_TRUE = frozenset(
    {
        "clip_id", "labels", "num_digits", "depth_order", "shape_kind", "shape_level", "num_shapes", "num_twins",
        "twin_labels",
    }
)  # fmt: skip
"""Arrays that do not depend on where anything is; masks and boxes move, all others are measured in the old frame."""

PROBE = "pixel"
"""A mask of pixel numbers beside the target: it tells whether pixels were moved."""


@dataclass(frozen=True)
class Separate:
    """`transform` of the video and `target_transform` of the target, as one function of both."""

    transform: Callable[[Any], Any] | None
    target_transform: Callable[[Any], Any] | None

    def __call__(self, video: Any, target: Any) -> tuple[Any, Any]:
        """Return both, transformed. Raises `BadArgument` where the video alone gets another size."""
        size = video.shape[-2:]
        if self.transform is not None:
            video = self.transform(video)
        placed = sorted(target.keys() - STAYS_TRUE)
        if placed and getattr(video, "shape", size)[-2:] != size:
            fix = f"{placed[0]} would not follow: give transforms, which gets both"
            raise BadArgument("transform", f"to {tuple(video.shape[-2:])}", f"the size {tuple(size)}", fix)
        return video, target if self.target_transform is None else self.target_transform(target)


def wrapped(name: str, tensor: Tensor) -> Tensor:
    """Return the video, grey or `rgb`, or a mask as a tv_tensor where torchvision is installed; any other tensor as it is."""
    tv_tensors = _tv_tensors()
    if name in ("video", "rgb"):
        video = tensor[:, None] if name == "video" else tensor.movedim(-1, 1)
        return tv_tensors.Video(video) if tv_tensors else video
    return tv_tensors.Mask(tensor) if tv_tensors and is_mask(name) else tensor


def transformed(video: Tensor, target: dict[str, Any], transforms: Transforms) -> tuple[Any, Any]:
    """Return video and target after transforms, which get boxes as `BoundingBoxes` of `(digits * frames, 4)`.

    Boxes come back in their own shape, -1 where they are empty. Raises `BadArgument` where transforms make a mask a float, and
    where they move pixels and leave behind what cannot follow.
    """
    canvas, tv_tensors = tuple(video.shape[-2:]), _tv_tensors()
    given: dict[str, Any] = dict(target)
    if tv_tensors:
        given |= {
            name: tv_tensors.BoundingBoxes(boxes.reshape(-1, 4), format="XYXY", canvas_size=canvas)
            for name, boxes in target.items()
            if _is_boxes(name)
        }
        if any(_stays_behind(name) for name in target):
            given[PROBE] = tv_tensors.Mask(_pixels(canvas))
    sizes = {name: value.shape for name, value in given.items() if is_mask(name)}
    # torchvision looks into plain dicts only.
    video, changed = transforms(video, given)
    if not isinstance(changed, Mapping):
        return video, changed
    changed = dict(changed)
    probe = changed.pop(PROBE, None)
    resized = any(name in changed and changed[name].shape != size for name, size in sizes.items())
    if resized or tuple(video.shape[-2:]) != canvas or _has_moved(probe, canvas):
        _check_followed(target, given, changed)
    for name, value in changed.items():
        if name in target and is_mask(name):
            _check_is_mask(name, value, target[name].dtype)
        if name in target and _is_boxes(name) and tv_tensors:
            changed[name] = _boxes(value, target[name])
    return video, type(target)(changed)


def is_mask(name: str) -> bool:
    """Return whether an array has a value for each pixel of each frame."""
    return name in ARRAYS and ARRAYS[name].axes[-2:] == ("y", "x") and name != "video"


def _is_boxes(name: str) -> bool:
    return name in ARRAYS and ARRAYS[name].axes[-1:] == ("xyxy",)


def _stays_behind(name: str) -> bool:
    """Return whether an array is wrong after pixels have moved, whatever torchvision does."""
    return name in ARRAYS and name not in STAYS_TRUE and not is_mask(name) and not _is_boxes(name)


def _pixels(canvas: tuple[int, ...]) -> Tensor:
    return torch.arange(canvas[0] * canvas[1], dtype=torch.int32).reshape(1, *canvas)


def _has_moved(probe: Any, canvas: tuple[int, ...]) -> bool:
    return probe is not None and not torch.equal(torch.as_tensor(probe), _pixels(canvas))


def _check_followed(target: Mapping[str, Any], given: Mapping[str, Any], changed: Mapping[str, Any]) -> None:
    for name, value in changed.items():
        if value is given.get(name) and (_stays_behind(name) or _is_boxes(name)):
            truth = ARRAYS[name].truth
            fix = f"leave out truth={truth!r}, or drop or mend {name} in transforms of your own"
            raise BadArgument("transforms", "some that move pixels", f"none beside {name}", fix)


def _check_is_mask(name: str, value: Any, dtype: torch.dtype) -> None:
    if value.dtype.is_floating_point and not dtype.is_floating_point:
        fix = "masks are not pictures: transform them with nearest neighbours, and convert after loading"
        raise BadArgument("transforms", f"{name} became {value.dtype}", f"{dtype} or torch.int64", fix)


def _boxes(value: Any, before: Tensor) -> Any:
    """Return boxes in their own shape, -1 where there was no box or none is left."""
    flat, old = torch.as_tensor(value), before.reshape(-1, 4)
    if flat.shape != old.shape:
        return value
    plain = flat.as_subclass(Tensor)
    empty = (old < 0).all(1) | (plain[:, 2] <= plain[:, 0]) | (plain[:, 3] <= plain[:, 1])
    return torch.where(empty[:, None], -1, plain).reshape(before.shape)


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
