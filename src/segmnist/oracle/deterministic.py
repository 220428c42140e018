"""Posteriors where motion is deterministic: a hypothesis is a whole path, and an observer is the set of
frames that it sees."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import BACKGROUND
from segmnist.oracle.arrays import Arrays
from segmnist.oracle.evidence import FrameEvidence, weigh
from segmnist.oracle.family import Family
from segmnist.oracle.pairs import PairPosterior, PairProblem, solve_pairs
from segmnist.oracle.picks import pick, uniforms
from segmnist.oracle.posterior import Posterior

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Look:
    """What an observer has seen when it answers, and for which frames it answers: frame numbers."""

    seen: tuple[int, ...]
    answered: tuple[int, ...]


def looks(observer: str, num_frames: int) -> list[Look]:
    """Return the looks of an observer: one for the whole video offline, else one a frame."""
    frames = tuple(range(num_frames))
    if observer == "offline":
        return [Look(frames, frames)]
    return [Look(frames[: t + 1] if observer == "causal" else (t,), (t,)) for t in frames]


@dataclass(frozen=True, eq=False)
class Group:
    """Hypotheses that look alike in all frames seen, taken as one."""

    member_of: Integers
    """`(N,)` each hypothesis' group."""
    first: Integers
    """`(n,)` one hypothesis of each group."""
    prior: Floats
    """`(n,)`"""


# A few observers of a few families; a look costs sorting all hypotheses.
@lru_cache(maxsize=64)
def group_alike(family: Family, look: Look) -> Group:
    """Return the groups of hypotheses that this look cannot tell apart."""
    last = look.seen[-1]
    alike = family.first_alike[last] if len(look.seen) == last + 1 else family.picture_of[:, last]
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
    def share(self) -> Floats:
        """`(B,)` P(background | frames seen)."""
        return np.asarray(np.exp(self.log_weight - np.logaddexp.reduce(self.log_weight)))

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
            family.class_odds[group.first], look.seen, look.answered, family.backgrounds.shape[-1],
        )  # fmt: skip
        problems.append(problem)
        solved.append(solve_pairs(problem, delta, arrays))
        behind = sum(evidence[t].background for t in look.seen)
        log_weight.append(float(np.log(prior)) + behind + solved[-1].log_evidence)
    return Answer(look, group, problems, solved, np.array(log_weight))


def deterministic_posterior(
    family: Family, video: NDArray[np.uint8], observer: str, delta: float, arrays: Arrays, log_table: Floats
) -> Posterior:
    """Return the posterior of a video for an observer, with `delta` to spare for pairs left out."""
    weighed = [weigh(family, video, b, log_table) for b in range(len(family.backgrounds))]
    answers = [answer(family, weighed, look, delta, arrays) for look in looks(observer, len(video))]
    T, H, W = video.shape
    maps = np.concatenate([one.mix("class_map") for one in answers])
    probabilities = np.concatenate([maps, 1 - maps.sum(1, keepdims=True)], axis=1).clip(0, 1)
    return Posterior(
        observer,
        probabilities.reshape(T, BACKGROUND + 1, H, W).astype(np.float32),
        np.stack([_over_members(family, one) for one in answers]),
        np.array([np.logaddexp.reduce(one.log_weight) for one in answers]),
        np.array([float(one.mix("delta")) for one in answers]),
        np.array(
            [np.mean([s.pairs_kept for s in one.solved]) / len(one.group.prior) ** 2 for one in answers]
        ),
        sum(s.flop for one in answers for s in one.solved),
        lambda count, seed: _sample(family, answers, count, seed, video.shape),
    )


def _over_members(family: Family, one: Answer) -> Floats:
    """Return the posterior of both digits over single hypotheses, `(2,N)`: a group's share goes by the
    prior."""
    within = family.prior / one.group.prior[one.group.member_of]
    return np.stack([one.mix(name)[one.group.member_of] * within for name in ("behind", "front")])


def _sample(
    family: Family, answers: list[Answer], count: int, seed: int, shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """Return label maps, `(count,T,H,W)`: background, then the digit in front, then the digit behind given
    it, then labels."""
    maps = np.full((count, shape[0], shape[1] * shape[2]), BACKGROUND, np.uint8)
    for place, one in enumerate(answers):
        # Five numbers a sample: which background, digit in front, digit behind, and both labels.
        uniform = uniforms(seed, place, 5 * count).reshape(count, 5)
        chosen = pick(one.share, uniform[:, 0])
        for b in np.unique(chosen):
            mine = np.flatnonzero(chosen == b)
            _sample_given_background(one, int(b), mine, uniform, maps)
    return maps.reshape(count, *shape)


def _sample_given_background(
    one: Answer, b: int, mine: Integers, uniform: Floats, maps: NDArray[np.uint8]
) -> None:
    problem, solved = one.problems[b], one.solved[b]
    unhidden, _ = problem.scores()
    front = pick(solved.front, uniform[mine, 1])
    for i in np.unique(front):
        log_row = problem.row(unhidden, int(i))
        row = np.exp(log_row - log_row.max())
        for sample in mine[front == i]:
            j = pick(row / row.sum(), uniform[sample, 2:3])
            for hypothesis, number in ((int(j[0]), 3), (int(i), 4)):
                label = pick(problem.class_odds[hypothesis], uniform[sample, number : number + 1])[0]
                for t in one.look.answered:
                    pictures = problem.evidence[t].pictures
                    row_of = int(problem.picture_of[hypothesis, t])
                    maps[sample, t, pictures.pixel[pictures.start[row_of] : pictures.start[row_of + 1]]] = (
                        label
                    )
