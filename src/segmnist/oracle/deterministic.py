"""Posteriors where motion is deterministic: a hypothesis is a whole path of one digit.

A clip's posterior is a mixture over what all its digits share: the background, how many digits there are, and in which
frames two digits have swapped depths.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import BACKGROUND
from segmnist.oracle.arrays import Arrays
from segmnist.oracle.evidence import FrameEvidence, weigh
from segmnist.oracle.family import Family
from segmnist.oracle.observers import Look, Observer
from segmnist.oracle.picks import pick, uniforms
from segmnist.oracle.posterior import Posterior
from segmnist.oracle.problem import PairProblem
from segmnist.oracle.solved import Solved, solve
from segmnist.oracle.worlds import (
    ABSENT,
    draw_width,
    filtered_maps,
    frame_log_likelihood,
    labels_of,
    paint,
    pick_members,
)

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Group:
    """Hypotheses, or patterns of swaps, that are alike in all frames seen and answered, taken as one."""

    member_of: Integers
    """`(N,)` each one's group."""
    first: Integers
    """`(n,)` one member of each group."""
    prior: Floats
    """`(n,)`"""


_groups: WeakKeyDictionary[Family, dict[Look, Group]] = WeakKeyDictionary()
"""Groups of each family that is still in use; making one means sorting all hypotheses."""


def group_alike(family: Family, look: Look) -> Group:
    """Return the groups of hypotheses that this look cannot tell apart."""
    known = _groups.setdefault(family, {})
    if look not in known:
        known[look] = _grouped(family, look)
    return known[look]


def _grouped(family: Family, look: Look) -> Group:
    alike: Integers = np.zeros(family.num_hypotheses, np.int64)
    if look.seen:
        last = look.seen[-1]
        pictures = family.picture_of[:, last].astype(np.int64)
        alike = family.first_alike[last] if len(look.seen) == last + 1 else pictures
    for t in set(look.answered) - set(look.seen):
        alike = alike * len(family.pictures[t]) + family.picture_of[:, t]
    _, first, member_of = np.unique(alike, return_index=True, return_inverse=True)
    member_of = member_of.reshape(-1)
    return Group(member_of, first, np.bincount(member_of, family.prior).astype(np.float64))


def group_swaps(family: Family, look: Look) -> Group:
    """Return the groups of patterns of swaps that this look cannot tell apart."""
    patterns = family.swaps.swapped[:, sorted({*look.seen, *look.answered})]
    _, first, member_of = np.unique(patterns, axis=0, return_index=True, return_inverse=True)
    member_of = member_of.reshape(-1)
    return Group(member_of, first, np.bincount(member_of, family.swaps.prior).astype(np.float64))


@dataclass(frozen=True, eq=False)
class Case:
    """One background, number of digits and pattern of swaps, with what the frames seen say of the digits then."""

    background: int
    num_digits: int
    swaps: int
    """The group of the pattern; 0 where there are no two digits to swap."""
    solved: Solved
    log_weight: float
    """log p(background, number of digits, pattern, frames seen)."""


@dataclass(frozen=True, eq=False)
class Answer:
    """The answer to one look: all cases, and the share of each."""

    look: Look
    group: Group
    swaps: Group
    cases: list[Case]

    @cached_property
    def log_evidence(self) -> float:
        """The log of p(frames seen)."""
        return float(np.logaddexp.reduce([case.log_weight for case in self.cases]))

    @cached_property
    def share(self) -> Floats:
        """`(C,)` P(case | frames seen)."""
        return np.exp(np.array([case.log_weight for case in self.cases]) - self.log_evidence)

    def mix(self, name: str) -> NDArray[np.float64]:
        """Return one of the solved cases' numbers or arrays, averaged over the cases."""
        return np.asarray(
            sum(share * getattr(case.solved, name) for share, case in zip(self.share, self.cases))
        )

    def depth_order(self, swapped: NDArray[np.bool_]) -> Floats:
        """Return the expected pairs of labels in front and behind, `(K,10,10)`.

        K is 1, or the number of frames answered where swaps are possible; swapped: `(Q,T)`, as in the family.
        """
        frames = list(self.look.answered) if len(swapped) > 1 else [0]
        total = np.zeros((len(frames), 10, 10))
        for share, case in zip(self.share, self.cases):
            exchanged = swapped[self.swaps.first[case.swaps], frames][:, None, None] & (case.num_digits == 2)
            order = case.solved.order
            total += share * np.where(exchanged, order.T, order)
        return total

    def digits(self, rows: int) -> Floats:
        """Return P(digit k is there and of group g), `(rows,n)`."""
        total = np.zeros((rows, len(self.group.prior)))
        for share, case in zip(self.share, self.cases):
            total[: case.num_digits] += share * case.solved.digits
        return total

    def num_digits(self, highest: int) -> Floats:
        """Return P(a clip has so many digits), `(highest + 1,)`."""
        counts = np.array([case.num_digits for case in self.cases])
        return np.bincount(counts, self.share, highest + 1).astype(np.float64)


def answer(
    family: Family, weighed: list[list[FrameEvidence]], look: Look, delta: float, arrays: Arrays
) -> Answer:
    """Return what one look tells; `weighed[b]` is the evidence of all frames before background b."""
    group, swaps = group_alike(family, look), group_swaps(family, look)
    cases = []
    for background, evidence in enumerate(weighed):
        problem = PairProblem(
            evidence, family.picture_of[group.first].astype(np.int64), np.log(group.prior),
            family.class_odds[group.first], look.seen, look.answered, family.num_pixels,
        )  # fmt: skip
        bare = sum(evidence[t].background for t in look.seen)
        for num_digits in np.flatnonzero(family.count_prior).tolist():
            prior = family.background_prior[background] * family.count_prior[num_digits]
            for one, chance in enumerate(swaps.prior if num_digits == 2 else np.ones(1)):
                swapped = np.flatnonzero(family.swaps.swapped[swaps.first[one]]) if num_digits == 2 else ()
                solved = solve(problem.swapping(tuple(swapped)), num_digits, delta, arrays)
                log_weight = float(np.log(prior * chance)) + bare + solved.log_evidence
                cases.append(Case(background, num_digits, one, solved, log_weight))
    return Answer(look, group, swaps, cases)


def deterministic_posterior(
    family: Family,
    video: NDArray[np.uint8],
    observer: Observer,
    delta: float,
    arrays: Arrays,
    log_table: Floats,
) -> Posterior:
    """Return the posterior of a video for an observer, with `delta` to spare for pairs left out."""
    weighed = [weigh(family, video, b, log_table) for b in range(len(family.backgrounds))]
    answers = [answer(family, weighed, look, delta, arrays) for look in observer.looks(len(video))]
    T, H, W = video.shape
    maps = np.concatenate([one.mix("class_map") for one in answers])
    covered = np.concatenate(
        [np.broadcast_to(one.mix("covered"), (len(one.look.answered), H * W)) for one in answers]
    )
    probabilities = np.concatenate([maps, 1 - maps.sum(1, keepdims=True)], axis=1).clip(0, 1)
    return Posterior(
        observer.name,
        observer.horizon,
        probabilities.reshape(T, BACKGROUND + 1, H, W).astype(np.float32),
        covered.reshape(T, H, W).astype(np.float32),
        np.stack([_over_members(family, one) for one in answers]),
        np.concatenate([one.depth_order(family.swaps.swapped) for one in answers]),
        np.stack([one.num_digits(family.max_digits) for one in answers]),
        np.array([one.log_evidence for one in answers]),
        # Of all mass, the share left out is no larger than the largest share of any case: sum L / sum (F + L).
        np.array([max(case.solved.delta for case in one.cases) for one in answers]),
        np.array([min(case.solved.kept for case in one.cases) for one in answers]),
        sum(case.solved.flop for one in answers for case in one.cases),
        PathWorlds(family, observer, weighed, answers),
    )


def _over_members(family: Family, one: Answer) -> Floats:
    """Return the posterior of all digits over hypotheses, `(D,N)`: a group's share goes by the prior."""
    within = family.prior / one.group.prior[one.group.member_of]
    return one.digits(family.max_digits)[:, one.group.member_of] * within


@dataclass(frozen=True, eq=False)
class PathWorlds:
    """Worlds of digits whose paths are deterministic."""

    family: Family
    observer: Observer
    weighed: list[list[FrameEvidence]]
    answers: list[Answer]

    def sample(self, count: int, seed: int) -> NDArray[np.uint8]:
        """Return label maps, `(count,T,H,W)`."""
        spec, num_frames = self.family.spec, self.family.spec.num_frames
        if self.observer.name in ("causal", "forecast"):
            maps = filtered_maps(self, num_frames, self.observer.horizon, count, seed)
        else:
            maps = self._painted(count, seed)
        return maps.reshape(count, num_frames, spec.height, spec.width)

    def _painted(self, count: int, seed: int) -> NDArray[np.uint8]:
        """Return label maps of a world drawn for each look, which for the frame observer are apart."""
        maps = np.empty((count, self.family.spec.num_frames, self.family.num_pixels), np.uint8)
        width, num_digits = draw_width(self.family), self.family.max_digits
        for place, one in enumerate(self.answers):
            uniform = uniforms(seed, place, count * (width + num_digits)).reshape(count, width + num_digits)
            worlds = self._draw(one, uniform)
            labels = labels_of(self.family, worlds, uniform[:, width:])
            for t in one.look.answered:
                maps[:, t] = paint(self.family, t, worlds, labels)
        return maps

    def draw(self, num_seen: int, uniform: Floats) -> Integers:
        """Return worlds given the first frames, `(S,1+D)`."""
        if num_seen:
            return self._draw(self.answers[num_seen - 1 + self.observer.horizon], uniform)
        family = self.family
        worlds = np.stack(
            [pick(family.prior, column) for column in uniform[:, : 1 + family.max_digits].T], axis=1
        )
        # The first number decides the background and the swaps, the one after those of the digits how many there are.
        stages = np.outer(family.background_prior, family.swaps.prior)
        worlds[:, 0] = pick(stages.reshape(-1), uniform[:, 0])
        count = pick(family.count_prior, uniform[:, 1 + family.max_digits])
        worlds[:, 1:][np.arange(family.max_digits) >= count[:, None]] = ABSENT
        return worlds

    def step(self, worlds: Integers, uniform: Floats) -> Integers:
        """Return the same worlds: their hypotheses are whole paths."""
        return worlds

    def log_gain(self, t: int, worlds: Integers) -> Floats:
        """Return log p(frame t | world) - log p(frame t | frames before), `(S,)`."""
        answered = t + self.observer.horizon
        before = self.answers[answered - 1].log_evidence if t else 0.0
        gained = self.answers[answered].log_evidence - before
        return frame_log_likelihood(self.family, self.weighed, t, worlds) - gained

    def _draw(self, one: Answer, uniform: Floats) -> Integers:
        """Return worlds given a look, `(S,1+D)`: a case and pattern, the groups of its digits, then members of these."""
        most, prior = self.family.max_digits, self.family.swaps.prior
        worlds = np.full((len(uniform), 1 + most), ABSENT)
        # Each case with each pattern of its group, `(C,Q)`.
        of_group = np.array([case.swaps for case in one.cases])
        within = np.where(
            one.swaps.member_of == of_group[:, None], prior / one.swaps.prior[of_group][:, None], 0.0
        )
        chosen, patterns = divmod(pick((one.share[:, None] * within).reshape(-1), uniform[:, 0]), len(prior))
        for c in np.unique(chosen):
            case, mine = one.cases[c], np.flatnonzero(chosen == c)
            worlds[mine, 0] = case.background * len(prior) + patterns[mine]
            groups = case.solved.draw(uniform[mine, 1 : 1 + case.num_digits])
            for n in range(case.num_digits):
                worlds[mine, 1 + n] = pick_members(
                    self.family.prior, one.group.member_of, groups[:, n], uniform[mine, 1 + most + n]
                )
        return worlds
