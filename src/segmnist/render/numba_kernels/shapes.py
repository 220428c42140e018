"""Shapes as bits: 64 columns of a row in a word."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.compiled import subroutine
from segmnist.render.numba_kernels.blocks import fill_bits_16, fill_bits_64, put_int64, window
from segmnist.render.numba_kernels.layout import Frame, SceneArrays
from segmnist.scene.parameters import ELLIPSE, RECTANGLE, TRIANGLE_DOWN
from segmnist.scene.scene import NO_SHAPE

Array = NDArray[Any]


class ShapeRoom(NamedTuple):
    """The scratch that holds the bits of one shape: rows, and words a row, of which the first and the last are zero."""

    rows: int
    words: int


class PlacedShape(NamedTuple):
    """A shape in a frame: the address of its bits, bytes a row, its top left corner and size, in the frame or outside."""

    bits: int
    row_bytes: int
    top: int
    left: int
    height: int
    width: int


def shape_room(scene: SceneArrays) -> ShapeRoom:
    """Return the room that suits every shape of a batch; Python calls it, as kernels allocate nothing."""
    rows, widest = int(scene.shape_height.max(initial=1)), int(scene.shape_width.max(initial=1))
    return ShapeRoom(rows, (widest + 63) // 64 + 2)


@subroutine
def row_span(kind: int, height: int, width: int, apex: int, r: int) -> tuple[int, int]:
    """Return the half-open span of columns that row r of a shape covers, relative to its left edge."""
    if kind == RECTANGLE:
        return 0, width
    if kind == ELLIPSE:
        # |2c+1-w| h <= sqrt((wh)^2 - ((2r+1-h) w)^2); the square root is exact enough for whole numbers below 2^52.
        across = (2 * r + 1 - height) * width
        reach = np.int64(math.sqrt((width * height) ** 2 - across * across)) // height
        return (width - reach) >> 1, ((width - 1 + reach) >> 1) + 1
    below = 2 * (height - 1 - r if kind == TRIANGLE_DOWN else r) + 1
    left = -((height - apex * (2 * height - below)) // (2 * height))
    return left, -((height - 2 * height * apex - (width - apex) * below) // (2 * height))


@subroutine
def find_shape_bits(scene: SceneArrays, b: int, s: int, bits: int, room: ShapeRoom) -> None:
    """Write the bits of shape s of clip b; `bits`: where those of the clip's shapes are."""
    height, width = np.int64(scene.shape_height[b, s]), np.int64(scene.shape_width[b, s])
    for r in range(height):
        left, right = row_span(scene.shape_kind[b, s], height, width, np.int64(scene.shape_apex[b, s]), r)
        row = bits + 8 * room.words * (room.rows * s + r)
        put_int64(row, 0)
        put_int64(row + 8 * (room.words - 1), 0)
        for word in range(room.words - 2):
            first, stop = max(left - 64 * word, 0), min(right - 64 * word, 64)
            ones = np.int64(-1) if stop >= 64 else (np.int64(1) << max(stop, 0)) - 1
            put_int64(row + 8 * (word + 1), (ones >> first) << first if first < stop else 0)


@subroutine
def place_shape(scene: SceneArrays, bits: int, room: ShapeRoom, b: int, s: int, t: int) -> PlacedShape:
    """Return where shape s of clip b lies at frame t; no rows if it was taken out. `bits`: those of the clip's shapes."""
    is_there = scene.shape_kind[b, s] != NO_SHAPE
    return PlacedShape(
        bits + 8 * room.words * room.rows * s,
        8 * room.words,
        np.int64(scene.shape_y[b, s, t]),
        np.int64(scene.shape_x[b, s, t]),
        np.int64(scene.shape_height[b, s]) if is_there else 0,
        np.int64(scene.shape_width[b, s]),
    )


@subroutine
def draw_shape(pixels: int, frame: Frame, shape: PlacedShape, level: int) -> None:
    """Fill a shape into the pixels at an address, clipped to it, without a branch on how long its rows are.

    Rows of 64 pixels at once take 0.4, spans of 16 pixels, 8, 4 and 1 took 0.75.
    """
    byte, step = np.uint8(level), 64 if frame.width >= 64 else 16
    first, stop = max(shape.left, 0), min(shape.left + shape.width, frame.width)
    top, bottom = max(shape.top, 0), min(shape.top + shape.height, frame.height)
    for column in range(first, stop, step):
        place = min(column, frame.width - step)
        source = shape.bits + shape.row_bytes * (top - shape.top)
        target = pixels + top * frame.width + place
        for _ in range(top, bottom):
            bits = window(source, place - shape.left)
            if step == 64:
                fill_bits_64(target, bits, byte)
            else:
                fill_bits_16(target, bits, byte)
            source += shape.row_bytes
            target += frame.width
