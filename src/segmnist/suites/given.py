"""The frames that a model is asked for, after those that it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from segmnist.render.arrays import ARRAYS


def asked_frames(arrays: Mapping[str, NDArray[Any]], given: int | None) -> dict[str, NDArray[Any]]:
    """Return a clip's arrays by name without the frames that are given; all of them for None."""
    if given is None:
        return dict(arrays)
    return {name: array[_frames_from(given, name)] for name, array in arrays.items()}


def _frames_from(first: int, name: str) -> tuple[slice, ...]:
    """Return the index of the frames from one on, in an array of one clip."""
    return tuple(slice(first, None) if axis == "time" else slice(None) for axis in ARRAYS[name].axes)
