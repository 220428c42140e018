"""Sums over all triples of hypotheses: the posterior of three digits.

With digit i in front, j in the middle and k behind, the pair (i, j) is to k what the digit in front is to that behind in a
pair: its log-weight is a pair's, and what it hides of k lies under the union of the two masks. So likely pairs are found
first, and each is then a row of tiles whose columns are hypotheses of the digit behind. A pair's weight times the most that
all hypotheses behind it can weigh bounds its triples, which is what drops pairs with a certificate. Triples are summed on
the CPU.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from segmnist.oracle.arrays import NumpyArrays, scratch
from segmnist.oracle.pairs import found_weight, splat_classes
from segmnist.oracle.picks import pick
from segmnist.oracle.problem import PairProblem, Tile
from segmnist.oracle.pruning import LeftOut, kept_columns, log_left_out, log_of

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

ROWS = 2048
"""Pairs whose union of ink is held at a time."""

MOST_OF_A_DRAW = 1e-3
"""The largest share of the weight that draws leave out, where triples as a whole might be left out."""


@dataclass(frozen=True, eq=False)
class LikelyPairs:
    """Pairs of the digit in front and that in the middle, in falling order of weight."""

    front: Integers
    middle: Integers
    log_weight: Floats
    log_left_out: float
    """The log of a bound on the weight of all triples of other pairs."""


def likely_pairs(problem: PairProblem, fronts: Integers, log_budget: float) -> LikelyPairs:
    """Return the pairs with these hypotheses in front, without some whose triples weigh no more than the budget."""
    most = problem.unhidden + problem.rest[:, 0]
    third = float(np.logaddexp.reduce(most))
    by_front = fronts[np.argsort(-problem.unhidden[fronts], kind="stable")]
    by_most = np.argsort(-most, kind="stable")
    budget = log_budget - third - np.log(2)
    counts = kept_columns(problem.unhidden[by_front], most[by_most], budget)
    num_rows, num_columns = NumpyArrays.tile_shape
    counts = np.minimum(-(-counts // num_columns) * num_columns, counts.max())
    floor = budget - np.log(max(int(counts.sum()), 1))
    found: list[tuple[Integers, Integers, Floats]] = [(np.zeros(0, int), np.zeros(0, int), np.zeros(0))]
    for start in range(0, int(counts.max()), num_columns):
        columns = by_most[start : min(start + num_columns, counts.max())]
        height = int((counts > start).sum())
        for first in range(0, height, num_rows):
            rows = by_front[first : min(first + num_rows, height)]
            weights, alive, _ = NumpyArrays().log_weights(Tile(problem, rows, columns), floor)
            row, column = np.nonzero(weights >= floor)
            found.append((rows[alive[row]], columns[column], weights[row, column]))
    front, middle, log_weight = (np.concatenate(parts) for parts in zip(*found))
    order = np.argsort(-log_weight, kind="stable")
    left_out = log_left_out(problem.unhidden[by_front], most[by_most], counts)
    if len(order) < counts.sum():
        left_out = np.logaddexp(left_out, floor + np.log(counts.sum() - len(order)))
    return LikelyPairs(front[order], middle[order], log_weight[order], float(left_out) + third)


@dataclass(eq=False)
class TripleSums:
    """Running sums over triples, all relative to exp(shift)."""

    problem: PairProblem
    shift: float = -np.inf
    mass: float = 0.0
    unmapped: float = 0.0
    triples: int = 0
    flop: float = 0.0
    digits: Floats = field(init=False)
    order: Floats = field(init=False)
    hidden: Floats = field(init=False)
    """Of the digit behind, by frame, label and pixel."""
    covered: Floats = field(init=False)
    """Of the digit in the middle, likewise."""

    def __post_init__(self) -> None:
        shown = len(self.problem.mapped), 10, self.problem.num_pixels
        self.digits, self.order = np.zeros((3, len(self.problem.log_prior))), np.zeros((10, 10))
        self.hidden, self.covered = np.zeros(shown), np.zeros(shown)

    def raise_shift(self, largest: float) -> float:
        """Keep exp from overflowing; return what older sums are to be multiplied by."""
        if largest <= self.shift:
            return 1.0
        factor = float(np.exp(self.shift - largest))
        for sums in (self.digits, self.order, self.hidden, self.covered):
            sums *= factor
        self.mass *= factor
        self.unmapped *= factor
        self.shift = largest
        return factor


@dataclass(frozen=True, eq=False)
class Rows:
    """Pairs as the rows of tiles: where the union of both digits' ink lies."""

    pairs: LikelyPairs
    taken: slice
    seen: tuple[Integers, Integers, NDArray[np.int32]]
    """For each pair and frame seen, where its entries begin and end, `(R,K)` each, and their pixels."""
    mapped: tuple[Integers, Integers, NDArray[np.int32]]

    @classmethod
    def of(cls, problem: PairProblem, pairs: LikelyPairs, taken: slice) -> Rows:
        """Return these pairs as rows."""
        front, middle = pairs.front[taken], pairs.middle[taken]
        seen = _union(problem, front, middle, problem.seen)
        mapped = seen
        if problem.mapped != problem.seen:
            mapped = _union(problem, front, middle, problem.mapped)
        return cls(pairs, taken, seen, mapped)


def _union(
    problem: PairProblem, front: Integers, middle: Integers, frames: tuple[int, ...]
) -> tuple[Integers, Integers, NDArray[np.int32]]:
    from segmnist.oracle.kernels import union_ink

    spans = (*problem.spans_in(front, frames), *problem.spans_in(middle, frames))
    longest = int(sum((spans[n + 1] - spans[n]).sum() for n in (0, 2)))
    begin, end = np.empty(spans[0].shape, np.int64), np.empty(spans[0].shape, np.int64)
    pixel = np.empty(longest, np.int32)
    union_ink(*spans, problem.ink.pixel, np.full(problem.num_pixels, -1), begin, end, pixel)
    return begin, end, pixel


@dataclass(frozen=True, eq=False)
class ThreeDigits:
    """Clips with three digits: a sum over all triples of hypotheses."""

    problem: PairProblem
    digits: Floats
    """`(3,n)` P(digit d is hypothesis h): behind, in the middle, in front."""
    order: Floats
    """`(10,10)` expected pairs of digits of which that in front has label a, that behind label b."""
    class_map: Floats
    """`(len(mapped),10,P)` P(a pixel shows a digit of this class)."""
    covered: Floats
    """`(len(mapped),P)` P(digit 1 lies at a pixel, under digit 2)."""
    log_evidence: float
    left_out: LeftOut
    flop: float
    kept: float
    """Share of the n^3 triples that was not left out."""
    log_budget: float
    """The log of the weight that might be left out."""

    def draw(self, uniform: Floats) -> Integers:
        """Return the hypotheses of all digits, `(S,3)`: that in front, the middle one given it, that behind given both."""
        share = min(self.log_budget - self.log_evidence, np.log(MOST_OF_A_DRAW))
        drawn = np.empty((len(uniform), 3), np.int64)
        drawn[:, 2] = pick(self.digits[2], uniform[:, 2])
        for i in np.unique(drawn[:, 2]):
            mine = np.flatnonzero(drawn[:, 2] == i)
            known = found_weight(self.problem, 3, int(i))
            given_front = solve_triples(self.problem, known + share, np.array([i]))
            drawn[mine, 1] = pick(given_front.digits[1], uniform[mine, 1])
            for j in np.unique(drawn[mine, 1]):
                both = mine[drawn[mine, 1] == j]
                log_row = self.problem.slot((int(i), int(j)), ())
                drawn[both, 0] = pick(np.exp(log_row - log_row.max()), uniform[both, 0])
        return drawn


def solve_triples(problem: PairProblem, log_budget: float, fronts: Integers | None = None) -> ThreeDigits:
    """Return the posterior over all triples; what it leaves out weighs exp(log_budget) at most.

    fronts: hypotheses of the digit in front, all unless given.
    """
    size = len(problem.log_prior)
    fronts = np.arange(size) if fronts is None else fronts
    # A quarter of the budget for pairs that get no row, a quarter for the triples of a row that are never looked at, an
    # eighth for those given up after some frames, and a quarter for what is left out of the maps.
    pairs = likely_pairs(problem, fronts, log_budget - np.log(4))
    most = problem.unhidden + problem.rest[:, 0]
    by_most = np.argsort(-most, kind="stable")
    counts = np.zeros(0, np.int64)
    if len(pairs.front):
        counts = kept_columns(pairs.log_weight, most[by_most], log_budget - np.log(4))
        width = NumpyArrays.tile_shape[1]
        counts = np.minimum(-(-counts // width) * width, counts[0])
    floor = log_budget - np.log(8 * max(counts.sum(), 1))
    sums, dropped = TripleSums(problem), 0
    for first in range(0, int((counts > 0).sum()), ROWS):
        taken = slice(first, min(first + ROWS, int((counts > 0).sum())))
        rows = Rows.of(problem, pairs, taken)
        dropped += _add_rows(sums, rows, by_most, counts[taken], floor)
    left_out = np.logaddexp(pairs.log_left_out, log_left_out(pairs.log_weight, most[by_most], counts))
    if dropped:
        left_out = np.logaddexp(left_out, floor + np.log(dropped))
    mass = sums.mass or 1.0
    digits, hidden = sums.digits / mass, (sums.hidden + sums.covered) / mass
    return ThreeDigits(
        problem, digits, sums.order / mass, np.clip(splat_classes(problem, digits.sum(0)) - hidden, 0.0, 1.0),
        sums.covered.sum(1) / mass, sums.shift + log_of(sums.mass),
        LeftOut(float(left_out), sums.shift + log_of(sums.unmapped)), sums.flop,
        sums.triples / len(fronts) / size**2, log_budget,
    )  # fmt: skip


def _add_rows(sums: TripleSums, rows: Rows, by_most: Integers, counts: Integers, floor: float) -> int:
    """Add the triples of some pairs; return how many were given up.

    What is hidden in rows whose triples are on average below `floor` is left out of the maps.
    """
    from segmnist.oracle.kernels import add_hidden, hide_pairs, subtract_hidden

    problem, taken = sums.problem, rows.taken
    front, middle = rows.pairs.front[taken], rows.pairs.middle[taken]
    log_weight = rows.pairs.log_weight[taken]
    odds, pixel, ratio = problem.class_odds, problem.ink.pixel, problem.ink.ratio
    unswapped = np.zeros(len(problem.seen), bool)
    of_pair, dropped, width = np.zeros(len(front)), 0, NumpyArrays.tile_shape[1]
    for start in range(0, int(counts[0]), width):
        columns = by_most[start : min(start + width, counts[0])]
        height = int((counts > start).sum())
        weights = log_weight[:height, None] + problem.unhidden[columns]
        begin, end, ink = rows.seen
        behind = problem.spans_in(columns, problem.seen)
        sums.flop += subtract_hidden(
            weights, problem.rest[columns], problem.front_rest[front[:height]], floor, unswapped,
            begin[:height], end[:height], ink, ratio, *behind, pixel, ratio, *scratch(problem, columns),
            np.empty(height, np.int64),
        )  # fmt: skip
        alive = np.flatnonzero(weights[:, 0] > -np.inf)
        dropped += (height - len(alive)) * len(columns)
        if len(alive) == 0:
            continue
        weights = weights[alive]
        of_pair *= sums.raise_shift(float(weights.max()))
        weights = np.exp(weights - sums.shift)
        of_label = weights @ odds[columns]
        of_row = of_label.sum(1)
        of_pair[alive] += of_row
        sums.order += (odds[front[alive]] + odds[middle[alive]]).T @ of_label
        sums.digits[0, columns] += weights.sum(0)
        sums.mass += float(of_row.sum())
        sums.triples += weights.size
        big = np.flatnonzero(of_row > np.exp(floor - sums.shift) * len(columns))
        sums.unmapped += float(of_row.sum() - of_row[big].sum())
        begin, end, ink = rows.mapped
        behind = problem.spans_in(columns, problem.mapped)
        sums.flop += add_hidden(
            weights[big], odds[columns], begin[alive[big]], end[alive[big]], ink, *behind, pixel,
            *scratch(problem, columns), sums.hidden,
        )  # fmt: skip
    size = len(problem.log_prior)
    sums.digits[2] += np.bincount(front, of_pair, size)
    sums.digits[1] += np.bincount(middle, of_pair, size)
    sums.order += odds[front].T @ (of_pair[:, None] * odds[middle])
    big = np.flatnonzero(of_pair > np.exp(floor - sums.shift))
    sums.unmapped += float(of_pair.sum() - of_pair[big].sum())
    hide_pairs(
        of_pair[big], odds[middle[big]], *problem.spans_in(front[big], problem.mapped),
        *problem.spans_in(middle[big], problem.mapped), pixel, np.full(problem.num_pixels, -1), sums.covered,
    )  # fmt: skip
    return dropped
