"""What the frames seen say of clips with a given number of digits: none to three."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from segmnist.oracle.arrays import Arrays
from segmnist.oracle.pairs import PairPosterior, solve_pairs, splat_classes
from segmnist.oracle.picks import pick
from segmnist.oracle.problem import PairProblem
from segmnist.oracle.pruning import NOTHING, LeftOut
from segmnist.oracle.triples import solve_triples

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Solved(Protocol):
    """The answer for one number of digits D, over the n hypotheses of a problem, before one background."""

    @property
    def digits(self) -> Floats:
        """`(D,n)` P(digit k is hypothesis h), from back to front."""

    @property
    def order(self) -> Floats:
        """`(10,10)` expected pairs of digits of which the later has label a, the earlier label b.

        The later is in front, but for frames in which two digits have swapped depths.
        """

    @property
    def class_map(self) -> Floats:
        """`(len(mapped),10,P)` P(a pixel shows a digit of this class)."""

    @property
    def covered(self) -> Floats | float:
        """`(len(mapped),P)` P(digit 1 lies at a pixel, hidden by another), or 0 where it cannot."""

    @property
    def log_evidence(self) -> float:
        """The log of p(frames seen), up to the background's own likelihood."""

    @property
    def left_out(self) -> LeftOut:
        """What was left out."""

    @property
    def flop(self) -> float:
        """Floating point operations."""

    @property
    def kept(self) -> float:
        """Share of the n^D combinations that was not left out."""

    def draw(self, uniform: Floats) -> Integers:
        """Return the hypotheses of all digits, `(S,D)`, drawn jointly; uniform: `(S,D)`."""


@dataclass(frozen=True, eq=False)
class NoDigit:
    """Clips without digits: nothing is open."""

    problem: PairProblem
    covered: float = 0.0
    log_evidence: float = 0.0
    left_out: LeftOut = NOTHING
    flop: float = 0.0
    kept: float = 1.0

    @cached_property
    def digits(self) -> Floats:
        """`(0,n)`."""
        return np.zeros((0, len(self.problem.log_prior)))

    @cached_property
    def order(self) -> Floats:
        """`(10,10)` zeros."""
        return np.zeros((10, 10))

    @cached_property
    def class_map(self) -> Floats:
        """`(len(mapped),10,P)` zeros."""
        return np.zeros((len(self.problem.mapped), 10, self.problem.num_pixels))

    def draw(self, uniform: Floats) -> Integers:
        """Return no hypothesis, `(S,0)`."""
        return np.zeros((len(uniform), 0), np.int64)


@dataclass(frozen=True, eq=False)
class OneDigit:
    """Clips with one digit: a sum over its hypotheses."""

    problem: PairProblem
    covered: float = 0.0
    left_out: LeftOut = NOTHING
    flop: float = 0.0
    kept: float = 1.0

    @cached_property
    def log_evidence(self) -> float:
        """The log of p(frames seen), up to the background's own likelihood."""
        return float(np.logaddexp.reduce(self.problem.unhidden))

    @cached_property
    def digits(self) -> Floats:
        """`(1,n)` P(the digit is hypothesis h)."""
        return np.asarray(np.exp(self.problem.unhidden - self.log_evidence))[None]

    @cached_property
    def order(self) -> Floats:
        """`(10,10)` zeros."""
        return np.zeros((10, 10))

    @cached_property
    def class_map(self) -> Floats:
        """`(len(mapped),10,P)` P(a pixel shows a digit of this class)."""
        return splat_classes(self.problem, self.digits[0])

    def draw(self, uniform: Floats) -> Integers:
        """Return the digit's hypothesis, `(S,1)`."""
        return pick(self.digits[0], uniform[:, 0])[:, None]


@dataclass(frozen=True, eq=False)
class TwoDigits:
    """Clips with two digits: a sum over all pairs of hypotheses."""

    problem: PairProblem
    pairs: PairPosterior

    @cached_property
    def digits(self) -> Floats:
        """`(2,n)` P(digit k is hypothesis h)."""
        return np.stack([self.pairs.behind, self.pairs.front])

    @property
    def covered(self) -> Floats:
        """`(len(mapped),P)` P(digit 1 lies at a pixel, hidden by digit 0)."""
        return self.pairs.covered

    @property
    def order(self) -> Floats:
        """`(10,10)` P(digit 1 has label a, digit 0 label b)."""
        return self.pairs.order

    @property
    def class_map(self) -> Floats:
        """`(len(mapped),10,P)` P(a pixel shows a digit of this class)."""
        return self.pairs.class_map

    @property
    def log_evidence(self) -> float:
        """The log of p(frames seen), up to the background's own likelihood."""
        return self.pairs.log_evidence

    @property
    def left_out(self) -> LeftOut:
        """What was left out."""
        return self.pairs.left_out

    @property
    def flop(self) -> float:
        """Floating point operations."""
        return self.pairs.flop

    @property
    def kept(self) -> float:
        """Share of the n^2 pairs that was not left out."""
        return self.pairs.pairs_kept / len(self.pairs.front) ** 2

    def draw(self, uniform: Floats) -> Integers:
        """Return the hypotheses of both digits, `(S,2)`: that of digit 1, then the other given it."""
        drawn = np.empty((len(uniform), 2), np.int64)
        drawn[:, 1] = pick(self.pairs.front, uniform[:, 1])
        for i in np.unique(drawn[:, 1]):
            mine = np.flatnonzero(drawn[:, 1] == i)
            log_row = self.problem.row(int(i))
            drawn[mine, 0] = pick(np.exp(log_row - log_row.max()), uniform[mine, 0])
        return drawn


def solve(problem: PairProblem, num_digits: int, log_budget: float, arrays: Arrays) -> Solved:
    """Return the answer for clips of `num_digits` digits, 0 to 3; what it leaves out weighs exp(log_budget) at most."""
    if num_digits == 0:
        return NoDigit(problem)
    if num_digits == 1:
        return OneDigit(problem)
    if num_digits == 2:
        return TwoDigits(problem, solve_pairs(problem, log_budget, arrays))
    return solve_triples(problem, log_budget)
