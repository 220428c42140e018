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
from segmnist.oracle.evidence import FrameEvidence, weigh_all
from segmnist.oracle.family import Family
from segmnist.oracle.observers import Look, Observer
from segmnist.oracle.pairs import found_weight
from segmnist.oracle.picks import pick, uniforms
from segmnist.oracle.posterior import Posterior
from segmnist.oracle.problem import PairProblem
from segmnist.oracle.pruning import LeftOut
from segmnist.oracle.solved import Solved, solve
from segmnist.oracle.worlds import (
    ABSENT,
    PicklesItsFields,
    draw_width,
    filtered_maps,
    frame_log_likelihood,
    labels_of,
    paint,
    pick_members,
    prior_worlds,
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
        # Numbered anew, as the product of many frames' pictures would leave 64 bits.
        alike = np.unique(alike, return_inverse=True)[1].reshape(-1)
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
    log_prior: float
    """log p(background, number of digits, pattern, frames seen if there were no digits)."""

    @property
    def log_weight(self) -> float:
        """The log of p(background, number of digits, pattern, frames seen)."""
        return self.log_prior + self.solved.log_evidence


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

    @property
    def delta(self) -> float:
        """A bound on how far off any probability is through what was left out of all cases."""
        parts = [(case.log_prior, case.solved.left_out) for case in self.cases]
        of_all = np.logaddexp.reduce([prior + left_out.of_all for prior, left_out in parts])
        of_maps = np.logaddexp.reduce([prior + left_out.of_maps for prior, left_out in parts])
        return LeftOut(float(of_all), float(of_maps)).delta(self.log_evidence)

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
    asked = []
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
                this = problem.swapping(tuple(swapped))
                log_prior = float(np.log(prior * chance)) + bare
                asked.append((background, num_digits, one, this, log_prior, found_weight(this, num_digits)))
    # All cases share one budget, since an unlikely one may be left out altogether: one half by the weight that is known
    # to be there, one half in equal parts.
    known = np.array([log_prior + found for *_, log_prior, found in asked])
    total = np.logaddexp.reduce(known)
    log_half = np.log(delta / 2) if delta else -np.inf
    budgets = log_half + np.logaddexp(known, total - np.log(len(known)))
    cases = []
    for (background, num_digits, one, this, log_prior, _), budget in zip(asked, budgets, strict=True):
        solved = solve(this, num_digits, float(budget) - log_prior, arrays)
        cases.append(Case(background, num_digits, one, solved, log_prior))
    return Answer(look, group, swaps, cases)


def deterministic_posterior(
    family: Family,
    video: NDArray[np.uint8],
    observer: Observer,
    delta: float,
    arrays: Arrays,
) -> Posterior:
    """Return the posterior of a video for an observer, with `delta` to spare for pairs left out."""
    worlds = PathWorlds(family, video, observer, delta, arrays)
    answers = worlds.answers
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
        np.array([one.delta for one in answers]),
        np.array([min(case.solved.kept for case in one.cases) for one in answers]),
        sum(case.solved.flop for one in answers for case in one.cases),
        worlds,
    )


def _over_members(family: Family, one: Answer) -> Floats:
    """Return the posterior of all digits over hypotheses, `(D,N)`: a group's share goes by the prior."""
    within = family.prior / one.group.prior[one.group.member_of]
    return one.digits(family.max_digits)[:, one.group.member_of] * within


@dataclass(frozen=True, eq=False)
class PathWorlds(PicklesItsFields):
    """Worlds of digits whose paths are deterministic."""

    family: Family
    video: NDArray[np.uint8]
    observer: Observer
    delta: float
    arrays: Arrays

    @cached_property
    def weighed(self) -> list[list[FrameEvidence]]:
        """The evidence of all frames before each background."""
        return weigh_all(self.family, self.video)

    @cached_property
    def answers(self) -> list[Answer]:
        """The answer to each look of the observer."""
        looks = self.observer.looks(len(self.video))
        return [answer(self.family, self.weighed, look, self.delta, self.arrays) for look in looks]

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
        return prior_worlds(self.family, uniform)

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
