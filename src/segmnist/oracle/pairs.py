"""Sums over all pairs of hypotheses: the posterior of two digits, one in front of the other.

With w = the log-likelihood ratios of a picture's ink, M its mask, i in front and j behind,

    log p(y, i, j) = log p(y | background) + log p_i + sum w_i + log p_j + sum w_j - <M_i, w_j>

so the last term of all pairs is one matrix product a frame, of sparse matrices. It is at most (log p_i + sum w_i) + (log
p_j + sum max(w_j, 0)), which is what lets pairs be dropped with a certificate: the weight of all that was left out is
bounded, hence also the error of every probability. After each frame the same bound for the frames that are left drops
more. In a frame where depths are swapped, i and j change roles in the last term and in the bound. Pairs are summed tile by
tile; no array is larger than a tile or than hypotheses x frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.oracle.arrays import Arrays
from segmnist.oracle.problem import PairProblem, Tile
from segmnist.oracle.pruning import LeftOut, kept_columns, log_left_out, log_of

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(eq=False)
class PairPosterior:
    """The answer: marginals of both digits over the n hypotheses, class maps, and how sure it is of itself."""

    front: Floats
    """`(n,)` P(digit 1 is hypothesis i); it is in front where depths are not swapped."""
    behind: Floats
    """`(n,)` P(digit 0 is hypothesis j)."""
    order: Floats
    """`(10,10)` P(digit 1 has label a, digit 0 has label b)."""
    covered: Floats
    """`(len(mapped),P)` P(digit 1 lies at a pixel, hidden by digit 0)."""
    class_map: Floats
    """`(len(mapped), 10, P)` P(a pixel shows a digit of this class)."""
    log_evidence: float
    """log p(frames seen) up to the background's own likelihood."""
    left_out: LeftOut
    pairs_kept: int
    flop: float
    """Floating point operations of the matrix products."""


@dataclass(eq=False)
class PairSums:
    """Running sums over pairs, all relative to exp(shift)."""

    front: Floats
    behind: Floats
    order: Floats
    hidden: Floats
    shift: float = -np.inf
    mass: float = 0.0
    unmapped: float = 0.0
    pairs: int = 0
    flop: float = 0.0

    @classmethod
    def empty(cls, problem: PairProblem) -> PairSums:
        """Return sums over no pair yet."""
        size, shown = len(problem.log_prior), (len(problem.mapped), 10, problem.num_pixels)
        return cls(np.zeros(size), np.zeros(size), np.zeros((10, 10)), np.zeros(shown))

    def raise_shift(self, largest: float) -> None:
        """Keep exp from overflowing once a pair is met that is more likely than all before."""
        if largest > self.shift:
            factor = np.exp(self.shift - largest)
            for sums in (self.front, self.behind, self.order, self.hidden):
                sums *= factor
            self.mass *= factor
            self.unmapped *= factor
            self.shift = largest

    def add(self, tile: Tile, weights: Any, floor: float, arrays: Arrays) -> None:
        """Add the weights of a tile's pairs.

        Rows whose pairs are on average below `floor`, a log-weight, are left out of the map.
        """
        # The odds of a hypothesis sum to one, so those of each row's partners sum to the row's weight.
        of_label = arrays.get(weights @ arrays.put(tile.problem.class_odds[tile.columns]))
        of_row = of_label.sum(1)
        self.order += tile.problem.class_odds[tile.rows].T @ of_label
        self.front[tile.rows] += of_row
        self.behind[tile.columns] += arrays.get(weights.sum(0))
        self.mass += float(of_row.sum())
        self.pairs += tile.num_pairs
        big = np.flatnonzero(of_row > np.exp(floor - self.shift) * len(tile.columns))
        if len(big) < len(of_row):
            self.unmapped += float(of_row.sum() - of_row[big].sum())
            tile, weights = Tile(tile.problem, tile.rows[big], tile.columns), weights[arrays.put(big)]
        if len(big):
            hidden, flop = arrays.hidden(tile, weights)
            self.hidden += hidden
            self.flop += flop

    def posterior(self, problem: PairProblem, left_out: float) -> PairPosterior:
        """Return the posterior that the sums amount to, given the log of a bound on the weight left out.

        Where all was left out its evidence is 0, and so is everything else.
        """
        mass = self.mass or 1.0
        front, behind, hidden = self.front / mass, self.behind / mass, self.hidden / mass
        class_map = splat_classes(problem, front + behind) - hidden
        covered = hidden.sum(1) * np.isin(problem.mapped, problem.swapped)[:, None]
        np.clip(class_map, 0.0, 1.0, out=class_map)
        return PairPosterior(
            front,
            behind,
            self.order / mass,
            covered,
            class_map,
            self.shift + log_of(self.mass),
            LeftOut(left_out, self.shift + log_of(self.unmapped)),
            self.pairs,
            self.flop,
        )


def solve_pairs(problem: PairProblem, log_budget: float, arrays: Arrays) -> PairPosterior:
    """Return the posterior over all pairs; what it leaves out weighs exp(log_budget) at most."""
    front, most = problem.unhidden + problem.front_rest[:, 0], problem.unhidden + problem.rest[:, 0]
    by_front, by_most = np.argsort(-front, kind="stable"), np.argsort(-most, kind="stable")
    # Half of the budget for the pairs that are never looked at, an eighth for those given up after some frames, an eighth
    # for the map of pairs that turn out to be unlikely.
    counts = kept_columns(front[by_front], most[by_most], log_budget - np.log(2))
    num_rows, num_columns = arrays.tile_shape
    counts = np.minimum(-(-counts // num_columns) * num_columns, counts[0])
    floor = log_budget - np.log(8 * counts.sum())
    sums, dropped = PairSums.empty(problem), 0
    for start in range(0, int(counts[0]), num_columns):
        columns = by_most[start : min(start + num_columns, counts[0])]
        height = int((counts > start).sum())
        for first in range(0, height, num_rows):
            tile = Tile(problem, by_front[first : min(first + num_rows, height)], columns)
            weights, alive, flop = arrays.log_weights(tile, floor)
            dropped += tile.num_pairs - len(alive) * len(columns)
            sums.flop += flop
            if len(alive):
                sums.raise_shift(float(weights.max()))
                weights -= sums.shift
                kept = Tile(problem, tile.rows[alive], columns)
                sums.add(kept, arrays.exp(weights), floor, arrays)
    left_out = log_left_out(front[by_front], most[by_most], counts)
    if dropped:
        left_out = np.logaddexp(left_out, floor + np.log(dropped))
    return sums.posterior(problem, left_out)


def found_weight(problem: PairProblem, num_digits: int, front: int | None = None) -> float:
    """Return the log of the summed weight of some scenes, found by coordinate ascent: less than the whole sum.

    front: the digit in front, if it is given.
    """
    if num_digits == 0:
        return 0.0
    chosen: list[int] = [] if front is None else [front]
    while len(chosen) < num_digits:
        chosen.append(int(problem.slot(chosen, ()).argmax()))
    for place in range(front is not None, num_digits):
        weights = problem.slot(chosen[:place], chosen[place + 1 :])
        chosen[place] = int(weights.argmax())
    return float(np.logaddexp.reduce(weights))


def all_tiles(problem: PairProblem, arrays: Arrays) -> Iterator[Tile]:
    """Yield tiles of all hypotheses in front of some, which cover all pairs."""
    size, width = len(problem.log_prior), arrays.tile_shape[1]
    for start in range(0, size, width):
        yield Tile(problem, np.arange(size), np.arange(start, min(start + width, size)))


def all_log_weights(problem: PairProblem, arrays: Arrays) -> Floats:
    """Return log p(frames seen, i in front, j behind) over the background's, `(n,n)`."""
    tiles = all_tiles(problem, arrays)
    return np.concatenate([arrays.get(arrays.log_weights(tile, -np.inf)[0]) for tile in tiles], axis=1)


def posterior_of(problem: PairProblem, weights: Floats, arrays: Arrays) -> PairPosterior:
    """Return the posterior whose pairs have these weights, `(n,n)`."""
    sums = PairSums.empty(problem)
    sums.shift = 0.0
    for tile in all_tiles(problem, arrays):
        sums.add(tile, arrays.put(np.ascontiguousarray(weights[:, tile.columns])), -np.inf, arrays)
    return sums.posterior(problem, -np.inf)


def splat_classes(problem: PairProblem, weight: Floats) -> Floats:
    """Return for each mapped frame, class and pixel the summed weight of the hypotheses that cover it."""
    from segmnist.oracle.kernels import splat

    result = np.zeros((len(problem.mapped), 10, problem.num_pixels))
    likely = np.flatnonzero(weight)
    begin, end = problem.spans_in(likely, problem.mapped)
    for k, shown in enumerate(result):
        odds = problem.class_odds[likely]
        splat(weight[likely], odds, begin[:, k].copy(), end[:, k].copy(), problem.ink.pixel, shown)
    return result
