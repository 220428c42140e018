"""Shapes as spans of columns, a row at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segmnist.render.kernels.blocks import fill_block
from segmnist.scene.parameters import ELLIPSE, RECTANGLE, TRIANGLE_DOWN

Array = NDArray[Any]

_ONE, _FOUR, _EIGHT, _BLOCK = np.uint64(1), np.uint64(4), np.uint64(8), np.uint64(16)


@njit(nogil=True, cache=True)
def shape_spans(kind: int, height: int, width: int, apex: int, left: Array, right: Array) -> None:
    """Write the half-open span of columns that each row of a shape covers, relative to its left edge."""
    for r in range(height):
        if kind == RECTANGLE:
            left[r], right[r] = 0, width
        elif kind == ELLIPSE:
            # |2c+1-w| h <= sqrt((wh)^2 - ((2r+1-h) w)^2); the square root is exact enough for whole numbers below 2^52.
            across = (2 * r + 1 - height) * width
            reach = np.int64(math.sqrt((width * height) ** 2 - across * across)) // height
            left[r], right[r] = (width - reach) >> 1, ((width - 1 + reach) >> 1) + 1
        else:
            below = 2 * (height - 1 - r if kind == TRIANGLE_DOWN else r) + 1
            left[r] = -((height - apex * (2 * height - below)) // (2 * height))
            right[r] = -((height - 2 * height * apex - (width - apex) * below) // (2 * height))


@njit(nogil=True, cache=True)
def fill_span(frame: Array, start: int, stop: int, value: int) -> None:
    """Set frame[start:stop] by whole blocks; the last one overlaps its neighbour, so no pixel is done one by one."""
    count = stop - start
    if count <= 0:
        return
    first, last, byte = np.uint64(start), np.uint64(stop), np.uint8(value)
    if count >= 16:
        last -= _BLOCK
        while first < last:
            fill_block(frame, first, byte)
            first += _BLOCK
        fill_block(frame, last, byte)
    elif count >= 8:
        for k in range(_EIGHT):
            frame[first + k] = byte
        for k in range(_EIGHT):
            frame[last - _EIGHT + k] = byte
    elif count >= 4:
        for k in range(_FOUR):
            frame[first + k] = byte
        for k in range(_FOUR):
            frame[last - _FOUR + k] = byte
    else:
        while first < last:
            frame[first] = byte
            first += _ONE


@njit(nogil=True, cache=True)
def draw_shape(
    frame: Array, base: int, frame_height: int, frame_width: int, top: int, left: int, height: int, level: int,
    lefts: Array, rights: Array, at: int,
) -> None:  # fmt: skip
    """Fill a shape's spans, `lefts[at:]`, `rights[at:]`, into the frame that begins at `base`, clipped to it."""
    for r in range(max(0, -top), min(height, frame_height - top)):
        row = base + (top + r) * frame_width
        fill_span(
            frame, row + max(0, left + lefts[at + r]), row + min(frame_width, left + rights[at + r]), level
        )
