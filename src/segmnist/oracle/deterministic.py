"""Posteriors where motion is deterministic: a hypothesis is a whole path of one digit."""

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
from segmnist.oracle.pairs import PairPosterior, solve_pairs
from segmnist.oracle.picks import pick, uniforms
from segmnist.oracle.posterior import Posterior
from segmnist.oracle.problem import PairProblem
from segmnist.oracle.worlds import (
    DRAW,
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
    """Hypotheses that look alike in all frames seen and answered, taken as one."""

    member_of: Integers
    """`(N,)` each hypothesis' group."""
    first: Integers
    """`(n,)` one hypothesis of each group."""
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


@dataclass(frozen=True, eq=False)
class Answer:
    """The answer to one look: one pair posterior for each background, and each background's share."""

    look: Look
    group: Group
    problems: list[PairProblem]
    solved: list[PairPosterior]
    log_weight: Floats
    """`(B,)` log p(background, frames seen)."""

    @cached_property
    def log_evidence(self) -> float:
        """The log of p(frames seen)."""
        return float(np.logaddexp.reduce(self.log_weight))

    @cached_property
    def share(self) -> Floats:
        """`(B,)` P(background | frames seen)."""
        return np.asarray(np.exp(self.log_weight - self.log_evidence))

    def mix(self, name: str) -> NDArray[np.float64]:
        """Return one of the pair posteriors' arrays, averaged over the backgrounds."""
        total = sum(share * getattr(solved, name) for share, solved in zip(self.share, self.solved))
        return np.asarray(total)


def answer(
    family: Family, weighed: list[list[FrameEvidence]], look: Look, delta: float, arrays: Arrays
) -> Answer:
    """Return what one look tells; `weighed[b]` is the evidence of all frames before background b."""
    group = group_alike(family, look)
    problems, solved, log_weight = [], [], []
    for prior, evidence in zip(family.background_prior, weighed):
        problem = PairProblem(
            evidence, family.picture_of[group.first].astype(np.int64), np.log(group.prior),
            family.class_odds[group.first], look.seen, look.answered, family.num_pixels,
        )  # fmt: skip
        problems.append(problem)
        solved.append(solve_pairs(problem, delta, arrays))
        behind = sum(evidence[t].background for t in look.seen)
        log_weight.append(float(np.log(prior)) + behind + solved[-1].log_evidence)
    return Answer(look, group, problems, solved, np.array(log_weight))


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
    probabilities = np.concatenate([maps, 1 - maps.sum(1, keepdims=True)], axis=1).clip(0, 1)
    return Posterior(
        observer.name,
        observer.horizon,
        probabilities.reshape(T, BACKGROUND + 1, H, W).astype(np.float32),
        np.stack([_over_members(family, one) for one in answers]),
        np.stack([one.mix("order") for one in answers]),
        np.array([one.log_evidence for one in answers]),
        np.array([float(one.mix("delta")) for one in answers]),
        np.array(
            [np.mean([s.pairs_kept for s in one.solved]) / len(one.group.prior) ** 2 for one in answers]
        ),
        sum(s.flop for one in answers for s in one.solved),
        PathWorlds(family, observer, weighed, answers),
    )


def _over_members(family: Family, one: Answer) -> Floats:
    """Return the posterior of both digits over hypotheses, `(2,N)`: a group's share goes by the prior."""
    within = family.prior / one.group.prior[one.group.member_of]
    return np.stack([one.mix(name)[one.group.member_of] * within for name in ("behind", "front")])


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
        for place, one in enumerate(self.answers):
            uniform = uniforms(seed, place, count * (DRAW + 2)).reshape(count, DRAW + 2)
            worlds = self._draw(one, uniform)
            labels = labels_of(self.family, worlds, uniform[:, DRAW:])
            for t in one.look.answered:
                maps[:, t] = paint(self.family, t, worlds, labels)
        return maps

    def draw(self, num_seen: int, uniform: Floats) -> Integers:
        """Return worlds given the first frames, `(S,3)`."""
        if num_seen:
            return self._draw(self.answers[num_seen - 1 + self.observer.horizon], uniform)
        priors = (self.family.background_prior, self.family.prior, self.family.prior)
        return np.stack([pick(prior, uniform[:, n]) for n, prior in enumerate(priors)], axis=1)

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
        """Return worlds given a look: background, digit in front, the one behind given it, then members."""
        worlds = np.empty((len(uniform), 3), np.int64)
        worlds[:, 0] = pick(one.share, uniform[:, 0])
        for b in np.unique(worlds[:, 0]):
            rows = np.flatnonzero(worlds[:, 0] == b)
            worlds[rows, 2] = pick(one.solved[b].front, uniform[rows, 1])
            for i in np.unique(worlds[rows, 2]):
                mine = rows[worlds[rows, 2] == i]
                log_row = one.problems[b].row(int(i))
                worlds[mine, 1] = pick(np.exp(log_row - log_row.max()), uniform[mine, 2])
        for n in (1, 2):
            worlds[:, n] = pick_members(
                self.family.prior, one.group.member_of, worlds[:, n], uniform[:, 2 + n]
            )
        return worlds
