"""Sums in fixed point, and the ratios of sums that scores are made of.

Real numbers are kept as whole multiples of 2^-20, so that sums over clips come out the same in any order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Maps = NDArray[np.uint8]
"""Classes, instance ids or grey levels, a number for each pixel."""

Counts = NDArray[np.int64]
"""What is counted of a clip: whole numbers, or real ones in fixed point."""

Probabilities = NDArray[np.floating]
"""Probabilities of the C classes of a pixel, `(T, C, H, W)`: eleven of the ten digits."""

Scores = NDArray[np.float64]
"""Scores of sums; leading axes, such as bootstrap replicates, pass through."""

ONE = 1 << 20
"""One, in fixed point.

Sums have room for 2^43: more than 10^5 clips of 30 x 256 x 256 pixels at the highest NLL.
"""


def to_fixed(values: ArrayLike) -> Counts:
    """Return the nearest whole multiples of 2^-20, as int64."""
    return np.rint(np.asarray(values, np.float64) * ONE).astype(np.int64)


def from_fixed(values: ArrayLike) -> Scores:
    """Return fixed-point sums as float64."""
    return np.asarray(np.asarray(values, np.float64) / ONE)


def ratio(part: ArrayLike, whole: ArrayLike) -> Scores:
    """Return part / whole, NaN where whole is 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    empty = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    return np.asarray(np.divide(part, whole, out=empty, where=whole != 0))


def mean_of(sums: Counts, number: Counts) -> Scores:
    """Return fixed-point sums over a number of pixels or clips: their mean."""
    return ratio(from_fixed(sums), number)


def nanmean(values: Scores) -> Scores:
    """Return the mean over the last axis without its NaNs; NaN where there is nothing else."""
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))
