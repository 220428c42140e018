"""Whole numbers as the sampler draws them: equally likely to within 2^-32, with the probabilities that it gives them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Axis = tuple[Integers, Floats]
"""The values of one draw and their probabilities."""


def lattice_probabilities(count: int) -> Floats:
    """Return P(k) of `word * count >> 32` for a random 32-bit word, `(count,)`: 1/count to within 2^-32."""
    edges = [-(-(k << 32) // count) for k in range(count + 1)]
    return np.diff(np.array(edges)) / 2.0**32


def lattice(low: int, high: int, step: int) -> Axis:
    """Return low, low + step, ... up to high, and their probabilities; low alone where step is 0."""
    values = np.arange(low, high + 1, step, dtype=np.int64) if step else np.array([low], np.int64)
    return values, lattice_probabilities(len(values))
