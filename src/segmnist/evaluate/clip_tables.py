"""The tables of counts that metrics share, filled in one compiled pass over a clip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.evaluate.arithmetic import Counts, Maps

if TYPE_CHECKING:
    from segmnist.evaluate.kernels.tables import Tables

WINDOW = 8
"""Frames of a window of video consistency."""

OUTCOMES = ("right", "background", "twin", "another digit")
"""What a digit pixel was taken for: its class, the background, the digit's twin, any other class."""

CONTRASTS = (6, 21, 61)
"""Where buckets of |digit - what it hides| begin, in grey levels, beside the first one."""


def count_tables(
    maps: tuple[Maps, Maps, Maps, Maps],
    number_of: NDArray[np.uint8],
    twins: NDArray[np.uint8],
    truth: Mapping[str, NDArray[Any]],
    *,
    num_classes: int,
    tubes: bool,
) -> Tables:
    """Return the tables of one clip.

    maps: true and predicted classes, 255 where ignored, and true and predicted ids, `(T, H, W)` uint8. number_of: the digit
    that each predicted id is of, `(256,)` uint8, 0 for none. twins: the class that each true digit looks like, `(N,)` uint8.
    truth: `flow_forward` with its mask, `noiseless` and `beneath`, where they are known. tubes: whether their table is filled.
    Raises `BadArgument` for a true id above N.
    """
    from segmnist.evaluate.kernels.tables import Meanings, Motion, Pixels, Tables, count_clip

    T, H, W = maps[0].shape
    num_digits, num_ids = len(twins), int(number_of.max())
    highest = int(maps[2].max(initial=0))
    if highest > num_digits:
        raise BadArgument("instance", highest, f"0..{num_digits}", "labels has a row for each digit")
    flow, valid = _NO_MOTION
    if "flow_forward" in truth:
        flow, valid = truth["flow_forward"], truth["flow_forward_valid"]
    levels = _NO_LEVELS
    if "noiseless" in truth and "beneath" in truth:
        level, hidden = (_plain(truth[name], np.uint8) for name in ("noiseless", "beneath"))
        levels = level.reshape(T, H * W), hidden.reshape(T, H * W)
    tables = Tables(
        confusion=_zeros(num_classes, num_classes),
        overlap=_zeros(T, 1 + num_digits, 1 + num_ids),
        tubes=_zeros(1 + num_digits, 1 + num_ids, num_classes) if tubes else _zeros(0, 0, 0),
        outcomes=_zeros(num_digits, T, 1 + len(CONTRASTS), len(OUTCOMES)),
        boundary=_zeros(3, num_classes),
        lasting=_zeros(max(T - WINDOW + 1, 0), 3),
        warped=_zeros(num_classes, num_classes),
    )
    if maps[0].size:
        count_clip(
            Pixels._make(_plain(one, np.uint8).reshape(T, H * W) for one in maps),
            Meanings(number_of, _plain(twins, np.uint8), *levels, _BUCKET_OF),
            Motion(_plain(flow, np.float32), _plain(valid, np.bool_)),
            H,
            WINDOW,
            tables,
        )
    return tables


def _zeros(*shape: int) -> Counts:
    return np.zeros(shape, np.int64)


def _plain(array: NDArray[Any], dtype: type[Any]) -> NDArray[Any]:
    """Return an array as the kernel is compiled for it: of this dtype, contiguous and writeable."""
    return np.require(array, dtype, ("C", "W"))


_NO_MOTION = np.zeros((0, 0, 0, 2), np.float32), np.zeros((0, 0, 0), np.bool_)
_NO_LEVELS = np.zeros((0, 0), np.uint8), np.zeros((0, 0), np.uint8)
_BUCKET_OF = np.searchsorted(np.array(CONTRASTS), np.arange(256), side="right").astype(np.uint8)
