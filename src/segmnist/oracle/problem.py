"""The problem of two digits: hypotheses of one digit, what the frames seen say of each, and what is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segmnist.oracle.evidence import FrameEvidence, Ink

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PairProblem:
    """What is asked: n hypotheses that differ in what they show, the frames that count, the frames to map.

    `picture_of (n,T)` as in the family; `log_prior (n,)`; `class_odds (n,10)`; `seen`, `mapped`: frame
    numbers. Where two digits swap depths, "in front" and "behind" name the digits by their order without a swap.
    """

    evidence: list[FrameEvidence]
    picture_of: Integers
    log_prior: Floats
    class_odds: Floats
    seen: tuple[int, ...]
    mapped: tuple[int, ...]
    num_pixels: int
    swapped: tuple[int, ...] = ()
    """Frames in which the digit behind has come to the front."""

    def swapping(self, frames: tuple[int, ...]) -> PairProblem:
        """Return the same problem with depths swapped in these frames; what does not depend on them is shared."""
        other = replace(self, swapped=frames)
        vars(other).update(spans=self.spans, unhidden=self.unhidden)
        return other

    @property
    def ink(self) -> Ink:
        """The ink of all frames."""
        return self.evidence[0].ink

    @cached_property
    def spans(self) -> tuple[Integers, Integers]:
        """Where each hypothesis' entries of `ink` begin and end in each frame, `(n,T)` each."""
        begin, end = np.empty_like(self.picture_of), np.empty_like(self.picture_of)
        for t in {*self.seen, *self.mapped}:
            frame, rows = self.evidence[t], self.picture_of[:, t]
            begin[:, t] = frame.pictures.start[rows] + frame.first
            end[:, t] = frame.pictures.start[rows + 1] + frame.first
        return begin, end

    def spans_in(self, hypotheses: Integers, frames: tuple[int, ...]) -> tuple[Integers, Integers]:
        """Return where these hypotheses' ink begins and ends in these frames, `(len(hypotheses),len(frames))` each."""
        begin, end = (ends[hypotheses[:, None], np.array(frames, np.intp)] for ends in self.spans)
        return begin, end

    @cached_property
    def unhidden(self) -> Floats:
        """`(n,)` the log-weight of each hypothesis when nothing hides it."""
        total = self.log_prior.copy()
        for t in self.seen:
            total += self.evidence[t].total[self.picture_of[:, t]]
        return total

    @cached_property
    def rest(self) -> Floats:
        """`(n,K+1)` by how much hiding can raise each hypothesis of the digit behind from the k-th frame seen on."""
        return self._rest(set(self.seen) - set(self.swapped))

    @cached_property
    def front_rest(self) -> Floats:
        """`(n,K+1)` likewise of the digit in front, which is hidden where depths are swapped."""
        return self._rest(set(self.seen) & set(self.swapped))

    def _rest(self, frames: set[int]) -> Floats:
        gains = np.zeros((len(self.log_prior), len(self.seen) + 1))
        for k, t in enumerate(self.seen):
            if t in frames:
                frame = self.evidence[t]
                gains[:, k] = (frame.most - frame.total)[self.picture_of[:, t]]
        return np.ascontiguousarray(gains[:, ::-1].cumsum(1)[:, ::-1])

    def slot(self, front: Sequence[int], behind: Sequence[int]) -> Floats:
        """Return the log-weights of the scenes with every hypothesis between some digits and others, `(n,)`.

        front, behind: the digits before it and after it, each from front to back; where depths are swapped, from back to
        front.
        """
        from segmnist.oracle.kernels import sum_at, sum_under

        result = self.unhidden + sum(self.unhidden[h] for h in (*front, *behind))
        for t in self.seen:
            frame = self.evidence[t]
            pictures = frame.pictures
            cover, worth = np.zeros(self.num_pixels), np.zeros(self.num_pixels)
            above, below = (behind[::-1], front[::-1]) if t in self.swapped else (front, behind)
            for h in above:
                own = pictures.own(self.picture_of[h, t])
                result -= frame.ratio[own] @ cover[pictures.pixel[own]]
                cover[pictures.pixel[own]] = 1.0
            lost = np.empty(len(pictures))
            sum_under(pictures.start, pictures.pixel, frame.ratio, cover, lost)
            result -= lost[self.picture_of[:, t]]
            for h in below:
                own = pictures.own(self.picture_of[h, t])
                pixel = pictures.pixel[own]
                result -= frame.ratio[own] @ cover[pixel]
                worth[pixel] += frame.ratio[own] * (1 - cover[pixel])
                cover[pixel] = 1.0
            sum_at(pictures.start, pictures.pixel, worth, lost)
            result -= lost[self.picture_of[:, t]]
        return result

    def row(self, i: int) -> Floats:
        """Return the log-weights of the pairs (i in front, every j), `(n,)`."""
        return self.slot((i,), ())


@dataclass(frozen=True, eq=False)
class Tile:
    """Some pairs of a problem: each of these hypotheses in front of each of those."""

    problem: PairProblem
    rows: Integers
    """`(R,)` hypotheses of the digit in front."""
    columns: Integers
    """`(C,)` hypotheses of the digit behind."""

    @property
    def num_pairs(self) -> int:
        """R x C."""
        return len(self.rows) * len(self.columns)

    def pictures(self, t: int) -> tuple[Integers, Integers]:
        """Return which pictures the rows and the columns show in frame t."""
        return self.problem.picture_of[self.rows, t], self.problem.picture_of[self.columns, t]
