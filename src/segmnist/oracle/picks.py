"""Random draws for joint samples, from Philox words at addresses of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segmnist.scene.randomness import PURPOSE_POSTERIOR, words

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


def uniforms(seed: int, place: int, count: int, attempt: int = 0) -> Floats:
    """Return numbers in [0, 1) of 53 bits, `(count,)`, at an address of their own."""
    drawn = words(seed, "train", attempt, PURPOSE_POSTERIOR, place, 2 * count)
    bits = drawn.astype(np.uint64).reshape(count, 2)
    return ((bits[:, 0] << np.uint64(21)) + (bits[:, 1] >> np.uint64(11))).astype(np.float64) / 2.0**53


def pick(probabilities: Floats, uniform: Floats) -> Integers:
    """Return one index for each uniform number, drawn with these probabilities."""
    edges = np.cumsum(probabilities)
    found = np.searchsorted(edges, uniform * edges[-1], side="right")
    return np.asarray(np.minimum(found, np.flatnonzero(probabilities)[-1]), np.int64)
