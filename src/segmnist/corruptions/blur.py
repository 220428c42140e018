"""Blur: of a lens out of focus, and of a camera that moves."""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import NDArray

from segmnist.corruptions.draws import Draws

Frames = NDArray[np.uint8]

DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Rows and columns of one step of motion: along rows, along columns, along both diagonals."""

FRACTION = 8
"""Bits of a grey level below the point, between the two passes of a blur."""


def gaussian_blur(video: Frames, radius: int, draws: Draws) -> Frames:
    """Blur each frame with a binomial kernel of 2 radius + 1 px, which is a Gaussian of sigma sqrt(radius / 2)."""
    weights = [comb(2 * radius, k) for k in range(2 * radius + 1)]
    blurred = np.empty_like(video)
    for t, frame in enumerate(video):
        padded = np.pad(frame.astype(np.int64), radius, mode="edge")
        across = _rounded(_weighted(padded, weights), 2 * radius - FRACTION)
        blurred[t] = _rounded(_weighted(across.T, weights), 2 * radius + FRACTION).T
    return blurred


def motion_blur(video: Frames, length: int, draws: Draws) -> Frames:
    """Average each pixel with those along a line of `length` px, an odd number; each clip has one of four directions."""
    reach = length // 2
    down, right = DIRECTIONS[draws.below(len(DIRECTIONS), 1)[0]]
    blurred = np.empty_like(video)
    for t, frame in enumerate(video):
        padded = np.pad(frame.astype(np.int64), reach, mode="edge")
        H, W = frame.shape
        places = [(reach + step * down, reach + step * right) for step in range(-reach, reach + 1)]
        total = sum(padded[y : y + H, x : x + W] for y, x in places)
        blurred[t] = (total + reach) // length
    return blurred


def _weighted(lines: NDArray[np.int64], weights: list[int]) -> NDArray[np.int64]:
    """Return the weighted sum of each line and those after it, as many lines as have enough after them."""
    number = len(lines) - len(weights) + 1
    total = np.zeros((number, lines.shape[1]), np.int64)
    for k, weight in enumerate(weights):
        total += weight * lines[k : k + number]
    return total


def _rounded(value: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """Return value / 2^bits, halves upward."""
    return value << -bits if bits <= 0 else value + (1 << bits - 1) >> bits
