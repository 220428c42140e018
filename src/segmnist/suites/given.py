"""The frames that a model is asked for, after those that it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.render.arrays import ARRAYS


def asked_frames(arrays: Mapping[str, NDArray[Any]], given: int | None) -> dict[str, NDArray[Any]]:
    """Return a clip's arrays by name without the frames that are given, and their number as `given`; all of them for None."""
    if given is None:
        return dict(arrays)
    asked = {name: array[_frames_from(given, name)] for name, array in arrays.items()}
    return asked | {"given": np.array(given)}


def whole_clip(asked: NDArray[np.uint8], given: int | None, fill: int = 0) -> NDArray[np.uint8]:
    """Return `(T,H,W)` uint8 of a whole clip from those of the frames that are asked for; the given ones hold `fill`."""
    return np.pad(asked, ((given or 0, 0), (0, 0), (0, 0)), constant_values=fill)


def _frames_from(first: int, name: str) -> tuple[slice, ...]:
    """Return the index of the frames from one on, in an array of one clip."""
    return tuple(slice(first, None) if axis == "time" else slice(None) for axis in ARRAYS[name].axes)
