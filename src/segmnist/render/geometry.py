"""Where a digit's pixels come from: the map from frame to glyph, in whole numbers.

For the pixel at column x, row y and a digit centred at (cx, cy), both Q16,

    dx = 2^16 (2x + 1) - 2 cx - 1        the offset of the pixel's centre in Q17, always odd; dy likewise
    u = (A dx - B dy) / 2^33 + gw / 2    glyph column; v = (B dx + A dy) / 2^33 + gh / 2 glyph row

with A = cos(angle)/scale rounded to the nearest odd Q16 and B = sin(angle)/scale to the nearest even. The glyph pixel is
(floor v, floor u). As A dx - B dy is odd, no pixel centre ever falls on the edge between two glyph pixels: there is no tie to
break, and a half turn is exact on the grid.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segmnist.scene.fixed_point import FULL_TURN, sine_table

Integers = NDArray[np.int64]


def inverse_coefficients(angle: ArrayLike, scale: ArrayLike) -> tuple[Integers, Integers]:
    """Return (A, B) in Q16 for angles in hundredths of a degree and scales in Q16; any shape."""
    angle, scale = np.asarray(angle, np.int64), np.asarray(scale, np.int64)
    quarter = FULL_TURN // 4
    sine, cosine = sine_table()[angle], sine_table()[angle + quarter]
    turned_back = (angle >= quarter) & (angle < 3 * quarter)
    odd = 2 * (((np.abs(cosine) << 16) // scale) >> 15) + 1
    even = 2 * ((((np.abs(sine) << 16) // scale) + (1 << 14)) >> 15)
    return np.where(turned_back, -odd, odd), np.where(sine < 0, -even, even)


def glyph_coordinates(
    y: Integers, x: Integers, centre_y: int, centre_x: int, a: int, b: int, glyph_shape: tuple[int, int]
) -> tuple[Integers, Integers]:
    """Return the glyph (row, column) under each pixel's centre, which may lie outside the glyph."""
    centres = (y << 16) + 32_768, (x << 16) + 32_768
    return glyph_coordinates_of_points(*centres, centre_y, centre_x, a, b, glyph_shape)


def glyph_coordinates_of_points(
    y: Integers, x: Integers, centre_y: int, centre_x: int, a: int, b: int, glyph_shape: tuple[int, int]
) -> tuple[Integers, Integers]:
    """Return the glyph (row, column) under each point of the frame, Q16, which may lie outside the glyph."""
    glyph_height, glyph_width = glyph_shape
    dy, dx = 2 * (y - centre_y) - 1, 2 * (x - centre_x) - 1
    column = (((a * dx - b * dy) >> 17) + (glyph_width << 15)) >> 16
    row = (((b * dx + a * dy) >> 17) + (glyph_height << 15)) >> 16
    return row, column
