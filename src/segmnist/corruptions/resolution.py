"""Resolution: coarse pixels, and the blocks of JPEG."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from segmnist.corruptions.draws import Draws

Frames = NDArray[np.uint8]

BLOCK = 8

LUMINANCE = np.array([
    [16, 11, 10, 16, 24, 40, 51, 61],
    [12, 12, 14, 19, 26, 58, 60, 55],
    [14, 13, 16, 24, 40, 57, 69, 56],
    [14, 17, 22, 29, 51, 87, 80, 62],
    [18, 22, 37, 56, 68, 109, 103, 77],
    [24, 35, 55, 64, 81, 104, 113, 92],
    [49, 64, 78, 87, 103, 121, 120, 101],
    [72, 92, 95, 98, 112, 100, 103, 99],
])  # fmt: skip
"""Steps of the coefficients at quality 50: table K.1 of ITU-T T.81, the JPEG standard."""

COSINE_BITS = 13
"""Bits of a cosine below the point."""


def pixelate(video: Frames, side: int, draws: Draws) -> Frames:
    """Replace squares of `side` px by their mean; those at the lower and right edge may be cut."""
    _, H, W = video.shape
    rows, columns = np.arange(0, H, side), np.arange(0, W, side)
    height, width = np.diff(rows, append=H), np.diff(columns, append=W)
    area = height[:, None] * width
    coarse = np.empty_like(video)
    for t, frame in enumerate(video):
        total = np.add.reduceat(np.add.reduceat(frame, rows, axis=0, dtype=np.int64), columns, axis=1)
        means = ((total + area // 2) // area).astype(np.uint8)
        coarse[t] = means.repeat(height, axis=0).repeat(width, axis=1)
    return coarse


def jpeg_compression(video: Frames, quality: int, draws: Draws) -> Frames:
    """Compress and decode each frame as JPEG does a grey picture of this quality, 1..50.

    The 8x8 cosine transform, the standard's table of steps and rounding, in whole numbers, so that every machine gives
    the same bytes. Libraries for JPEG differ from it, and from one another, by a grey level here and there.
    """
    steps = np.maximum((LUMINANCE * (5000 // quality) + 50) // 100, 1).clip(max=255)
    cosines = _cosines()
    _, H, W = video.shape
    below, right = -H % BLOCK, -W % BLOCK
    decoded = np.empty_like(video)
    for t, frame in enumerate(video):
        padded = np.pad(frame.astype(np.int64), ((0, below), (0, right)), mode="edge") - 128
        tiles = padded.reshape(padded.shape[0] // BLOCK, BLOCK, -1, BLOCK).transpose(0, 2, 1, 3)
        coefficients = cosines @ tiles @ cosines.T
        kept = _divided(coefficients, steps << 2 * COSINE_BITS) * steps
        tiles = _divided(cosines.T @ kept @ cosines, 1 << 2 * COSINE_BITS) + 128
        whole = tiles.transpose(0, 2, 1, 3).reshape(padded.shape)
        decoded[t] = whole[:H, :W].clip(0, 255)
    return decoded


@cache
def _cosines() -> NDArray[np.int64]:
    """Return the matrix of the cosine transform of 8 values, in 1/8192, `(8, 8)` int64."""
    rows = [
        [
            math.sqrt((1 if k == 0 else 2) / BLOCK) * math.cos((2 * n + 1) * k * math.pi / (2 * BLOCK))
            for n in range(BLOCK)
        ]
        for k in range(BLOCK)
    ]
    return np.array([[round(value * (1 << COSINE_BITS)) for value in row] for row in rows], np.int64)


def _divided(values: NDArray[np.int64], by: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """Return the nearest whole quotients, halves upward."""
    return (values + by // 2) // by
