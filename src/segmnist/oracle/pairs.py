"""Sums over all pairs of hypotheses: the posterior of two digits, one in front of the other.

With w = the log-likelihood ratios of a picture's ink, M its mask, i in front and j behind,

    log p(y, i, j) = log p(y | background) + log p_i + sum w_i + log p_j + sum w_j - <M_i, w_j>

so the last term of all pairs is one matrix product a frame. It is at most (log p_i + sum w_i) + (log p_j +
sum max(w_j, 0)), which is what lets pairs be dropped with a certificate: `delta` bounds the posterior mass
of all that was left out, hence also the error of every probability. Pairs are summed tile by tile; no
array is larger than a tile or than hypotheses x pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.oracle.arrays import Arrays
from segmnist.oracle.evidence import FrameEvidence
from segmnist.oracle.pruning import kept_columns, log_left_out

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

TILE_ROWS, TILE_COLUMNS = 1024, 512
"""Most pairs in a tile: 4 MB."""
LEAST_ROWS = 32
"""A tile is as wide as its first row asks for. It has more rows than this only while they ask for nearly as much."""


@dataclass(frozen=True, eq=False)
class PairProblem:
    """What is asked: n hypotheses that differ in what they show, the frames that count, the frames to map.

    `picture_of (n,T)` as in the family; `log_prior (n,)`; `class_odds (n,10)`; `seen`, `mapped`: frame
    numbers.
    """

    evidence: list[FrameEvidence]
    picture_of: Integers
    log_prior: Floats
    class_odds: Floats
    seen: tuple[int, ...]
    mapped: tuple[int, ...]
    num_pixels: int

    def gather(self, per_picture: list[Floats]) -> Floats:
        """Return each hypothesis' sum over the frames seen of its pictures' numbers, `(n,)`."""
        total = np.zeros(len(self.log_prior))
        for numbers, t in zip(per_picture, self.seen):
            total += numbers[self.picture_of[:, t]]
        return total

    def scores(self) -> tuple[Floats, Floats]:
        """Return the log-weight of each hypothesis when nothing hides it and the most it can be, `(n,)`
        each."""
        unhidden = self.log_prior + self.gather([self.evidence[t].total() for t in self.seen])
        most = self.log_prior + self.gather([self.evidence[t].most() for t in self.seen])
        return unhidden, most

    def row(self, unhidden: Floats, i: int) -> Floats:
        """Return the log-weights of the pairs (i in front, every j), `(n,)`."""
        under = [self.evidence[t].hidden_by(self.picture_of[i, t], self.num_pixels) for t in self.seen]
        return np.asarray(unhidden[i] + unhidden - self.gather(under))

    def column(self, unhidden: Floats, j: int) -> Floats:
        """Return the log-weights of the pairs (every i in front, j), `(n,)`."""
        under = [self.evidence[t].hidden_of(self.picture_of[j, t], self.num_pixels) for t in self.seen]
        return np.asarray(unhidden + unhidden[j] - self.gather(under))


@dataclass(eq=False)
class PairPosterior:
    """The answer: marginals of both digits over the n hypotheses, class maps, and how sure the answer is
    of itself."""

    front: Floats
    """`(n,)` P(digit 1 is hypothesis i)."""
    behind: Floats
    """`(n,)` P(digit 0 is hypothesis j)."""
    order: Floats
    """`(10,10)` P(the digit in front has label a, the digit behind has label b)."""
    class_map: Floats
    """`(len(mapped), 10, P)` P(a pixel shows a digit of this class)."""
    log_evidence: float
    """log p(frames seen) up to the background's own likelihood."""
    delta: float
    """A bound on the posterior mass left out, thus on the error of every probability."""
    pairs_kept: int
    flop: float
    """Floating point operations of the matrix products."""


@dataclass(eq=False)
class PairSums:
    """Running sums over pairs, all relative to exp(shift)."""

    shift: float
    front: Floats
    behind: Floats
    order: Floats
    hidden: Floats
    mass: float = 0.0
    unmapped: float = 0.0
    pairs: int = 0
    flop: float = 0.0

    def raise_shift(self, largest: float) -> None:
        """Keep exp from overflowing once a pair is met that is more likely than all before."""
        if largest > self.shift:
            factor = np.exp(self.shift - largest)
            for sums in (self.front, self.behind, self.order, self.hidden):
                sums *= factor
            self.mass *= factor
            self.unmapped *= factor
            self.shift = largest


def empty_sums(problem: PairProblem, shift: float) -> PairSums:
    """Return sums over no pair yet."""
    size, shown = len(problem.log_prior), (len(problem.mapped), 10, problem.num_pixels)
    return PairSums(shift, np.zeros(size), np.zeros(size), np.zeros((10, 10)), np.zeros(shown))


def solve_pairs(problem: PairProblem, delta: float, arrays: Arrays) -> PairPosterior:
    """Return the posterior over all pairs; what it leaves out has a mass of `delta` at most (0 leaves out
    nothing)."""
    unhidden, most = problem.scores()
    known = _found_weight(problem, unhidden)
    by_front, by_most = np.argsort(-unhidden, kind="stable"), np.argsort(-most, kind="stable")
    # Half of delta for the pairs that are never looked at, half for the map of pairs that turn out to be
    # unlikely.
    counts = kept_columns(unhidden[by_front], most[by_most], known + np.log(delta / 2) if delta else -np.inf)
    size, sums = len(unhidden), empty_sums(problem, known)
    first = 0
    while first < size:
        width = int(counts[first])
        alike = int((counts[first : first + TILE_ROWS] >= 0.8 * width).sum())
        last = first + min(max(alike, LEAST_ROWS), TILE_ROWS)
        rows, counts[first:last], first = by_front[first:last], width, last
        for start in range(0, width, TILE_COLUMNS):
            columns = by_most[start : min(start + TILE_COLUMNS, width)]
            _add_tile(problem, unhidden, rows, columns, delta, arrays, sums)
    left_out = log_left_out(unhidden[by_front], most[by_most], counts)
    return normalised(problem, sums, left_out)


def _found_weight(problem: PairProblem, unhidden: Floats) -> float:
    """Return the log of the summed weight of some pairs: a lower bound of the whole sum, found by
    coordinate ascent."""
    i = int(unhidden.argmax())
    j = int(problem.row(unhidden, i).argmax())
    i = int(problem.column(unhidden, j).argmax())
    return float(np.logaddexp.reduce(problem.row(unhidden, i)))


def _add_tile(
    problem: PairProblem,
    unhidden: Floats,
    rows: Integers,
    columns: Integers,
    delta: float,
    arrays: Arrays,
    sums: PairSums,
) -> None:
    weights = log_weights(problem, unhidden, rows, columns, arrays, sums)
    sums.raise_shift(float(weights.max()))
    weights -= sums.shift
    add_weights(problem, arrays.exp(weights), rows, columns, delta, arrays, sums)


def log_weights(
    problem: PairProblem, unhidden: Floats, rows: Integers, columns: Integers, arrays: Arrays, sums: PairSums
) -> Any:
    """Return log p(frames seen, i in front, j behind) over the background's, for all rows i and columns j."""
    weights = arrays.put(unhidden[rows][:, None] + unhidden[columns][None, :])
    for t in problem.seen:
        _subtract_hidden(problem, t, rows, columns, weights, arrays, sums)
    return weights


def add_weights(
    problem: PairProblem,
    weights: Any,
    rows: Integers,
    columns: Integers,
    delta: float,
    arrays: Arrays,
    sums: PairSums,
) -> None:
    """Add the weights of a tile's pairs to the sums, and to the map of what is hidden."""
    # The odds of a hypothesis sum to one, so those of each row's partners sum to the row's weight.
    of_label = arrays.get(weights @ arrays.put(problem.class_odds[columns]))
    of_row, of_column = of_label.sum(1), arrays.get(weights.sum(0))
    sums.order += problem.class_odds[rows].T @ of_label
    sums.front[rows] += of_row
    sums.behind[columns] += of_column
    sums.mass += float(of_row.sum())
    sums.pairs += weights.shape[0] * weights.shape[1]
    # Rows and columns with next to no weight are left out of the map, and counted.
    size = len(problem.log_prior)
    allowed = delta * sums.mass / 8 / size**2
    big_row, big_column = of_row > allowed * len(rows), of_column > allowed * len(columns)
    sums.unmapped += float(of_row[~big_row].sum() + of_column[~big_column].sum())
    if big_row.any() and big_column.any():
        kept = weights[arrays.put(np.flatnonzero(big_row))][:, arrays.put(np.flatnonzero(big_column))]
        kept, rows, columns = arrays.single(kept), rows[big_row], columns[big_column]
        for place, t in enumerate(problem.mapped):
            _map_hidden(problem, place, t, rows, columns, kept, arrays, sums)


def _shared(frame: FrameEvidence, front: Integers, behind: Integers) -> Integers:
    """Return the pixels where a picture of both sets may lie: no other takes part in the product."""
    return np.flatnonzero(frame.columns(front) & frame.columns(behind))


def _subtract_hidden(
    problem: PairProblem,
    t: int,
    rows: Integers,
    columns: Integers,
    weights: Any,
    arrays: Arrays,
    sums: PairSums,
) -> None:
    """Subtract <M_i, w_j> of frame t from a tile."""
    frame = problem.evidence[t]
    front, behind = problem.picture_of[rows, t], problem.picture_of[columns, t]
    pixels = _shared(frame, front, behind)
    if len(pixels):
        mask = frame.dense(front, pixels, None, arrays)
        weights -= mask @ frame.dense(behind, pixels, frame.ratio, arrays).T
        sums.flop += 2.0 * len(rows) * len(columns) * len(pixels)


def _map_hidden(
    problem: PairProblem,
    place: int,
    t: int,
    rows: Integers,
    columns: Integers,
    kept: Any,
    arrays: Arrays,
    sums: PairSums,
) -> None:
    """Add, for each class and pixel, the weight of the pairs whose digit behind is of this class and
    hidden here."""
    frame = problem.evidence[t]
    front, behind = problem.picture_of[rows, t], problem.picture_of[columns, t]
    pixels = _shared(frame, front, behind)
    if len(pixels):
        over = kept.T @ frame.dense(front, pixels, None, arrays, single=True)
        over *= frame.dense(behind, pixels, None, arrays, single=True)
        odds = arrays.put(problem.class_odds[columns].T.astype(np.float32))
        sums.hidden[place][:, pixels] += arrays.get(odds @ over)
        sums.flop += 2.0 * len(rows) * len(columns) * len(pixels)


def normalised(problem: PairProblem, sums: PairSums, log_left_out: float) -> PairPosterior:
    """Return the posterior that the sums amount to, given the log of a bound on the weight left out."""
    front, behind = sums.front / sums.mass, sums.behind / sums.mass
    class_map = -sums.hidden / sums.mass
    for place, t in enumerate(problem.mapped):
        class_map[place] += _splat(problem, t, front + behind)
    log_evidence = sums.shift + float(np.log(sums.mass))
    ratio = np.exp(log_left_out - log_evidence)
    delta = float(ratio / (1 + ratio) + sums.unmapped / sums.mass)
    np.clip(class_map, 0.0, 1.0, out=class_map)
    order = sums.order / sums.mass
    return PairPosterior(front, behind, order, class_map, log_evidence, delta, sums.pairs, sums.flop)


def _splat(problem: PairProblem, t: int, weight: Floats) -> Floats:
    """Return for each class and pixel the summed weight of the hypotheses that cover it, `(10,P)`."""
    pictures = problem.evidence[t].pictures
    likely = np.flatnonzero(weight)
    result = np.zeros((10, problem.num_pixels))
    for label in np.flatnonzero(problem.class_odds.any(0)):
        rows = likely[problem.class_odds[likely, label] > 0]
        owner, entry = pictures.entries(problem.picture_of[rows, t])
        shares = (weight[rows] * problem.class_odds[rows, label])[owner]
        result[label] = np.bincount(pictures.pixel[entry], shares, problem.num_pixels)
    return result
