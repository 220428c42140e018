"""Run-length masks in COCO's encoding, by pycocotools."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from segmnist.errors import MissingDependency
from segmnist.formats.layout import Array


def encode(mask: Array) -> dict[str, Any]:
    """Return a `(H,W)` mask as COCO's compressed RLE, with the counts as a string.

    Raises `MissingDependency` without pycocotools.
    """
    rle = _mask_module().encode(np.asfortranarray(mask, np.uint8))
    return {"size": list(mask.shape), "counts": rle["counts"].decode()}


def run_lengths(mask: Array) -> dict[str, Any]:
    """Return a `(H,W)` mask as COCO's run lengths, a list of numbers: of 0 and 1 in turn, column by column.

    >>> run_lengths(np.eye(2, 3, 1) > 0)
    {'size': [2, 3], 'counts': [2, 1, 2, 1]}
    """
    pixels = np.concatenate([[False], mask.ravel(order="F"), [False]])
    cuts = np.flatnonzero(pixels[1:] != pixels[:-1])
    if not mask.size or not mask.ravel(order="F")[-1]:
        cuts = np.append(cuts, mask.size)
    return {"size": list(mask.shape), "counts": np.diff(cuts, prepend=0).tolist()}


def box_xywh(mask: Array) -> list[float]:
    """Return the tight box of a non-empty `(H,W)` mask as COCO's x, y, width, height.

    >>> box_xywh(np.eye(4, 6, 2) > 0)
    [2.0, 0.0, 4.0, 4.0]
    """
    ys, xs = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return [float(v) for v in (xs[0], ys[0], xs[-1] + 1 - xs[0], ys[-1] + 1 - ys[0])]


def seen_in(instance: Array) -> Iterator[tuple[int, Array]]:
    """Iterate over the ids in a `(H,W)` frame, each with its mask."""
    for instance_id in np.unique(instance).tolist():
        if instance_id:
            yield instance_id, instance == instance_id


def check_pycocotools() -> None:
    """Raise `MissingDependency` without pycocotools."""
    _mask_module()


def _mask_module() -> ModuleType:
    try:
        from pycocotools import mask
    except ImportError:
        raise MissingDependency("this format", "coco") from None
    module: ModuleType = mask
    return module
