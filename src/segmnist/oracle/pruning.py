"""Which pairs of hypotheses may be left out of a sum, and a bound on what they weigh.

A pair's log-weight is at most front_i + most_j; both come in falling order, so a row keeps its first columns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LeftOut:
    """Logs of bounds on the weight that a sum left out, of the same scale as its evidence."""

    of_all: float = -np.inf
    """Of scenes that were left out altogether."""
    of_maps: float = -np.inf
    """Of scenes that count, but for what is hidden in them."""

    def delta(self, log_evidence: float) -> float:
        """Return by how much a probability can be off, given the log of the evidence that was found."""
        ratio = np.exp(self.of_all - log_evidence)
        return float(ratio / (1 + ratio) + np.exp(self.of_maps - log_evidence))


NOTHING = LeftOut()
"""All was summed."""


def log_of(weight: float) -> float:
    """Return the logarithm, -inf of 0."""
    return math.log(weight) if weight > 0 else -math.inf


def kept_columns(front: Floats, most: Floats, log_budget: float) -> Integers:
    """Return how many columns each row keeps so that the rest is within the budget, `(len(front),)` int64."""
    size = len(most)
    if log_budget == -np.inf:
        return np.full(len(front), size)

    def counts_at(level: float) -> Integers:
        return size - np.searchsorted(most[::-1], level - front, side="left")

    tails = _tails(most)
    low, high = float(front[-1] + most[-1]), float(front[0] + most[0])
    for _ in range(30):
        middle = (low + high) / 2
        within = np.logaddexp.reduce(front + tails[counts_at(middle)]) <= log_budget
        low, high = (middle, high) if within else (low, middle)
    return counts_at(low)


def log_left_out(front: Floats, most: Floats, counts: Integers) -> float:
    """Return the log of a bound on the summed weight of the pairs beyond `counts` columns in each row."""
    return float(np.logaddexp.reduce(front + _tails(most)[counts]))


def _tails(most: Floats) -> Floats:
    """Return the log of the summed weight from each column on, `(n + 1,)`."""
    return np.append(np.logaddexp.accumulate(most[::-1])[::-1], -np.inf)
