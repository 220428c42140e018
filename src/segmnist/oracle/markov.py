"""Posteriors where motion is a Markov chain: forward and backward over pairs of states.

A digit's hypothesis is a kind (its glyph, how it turns and shines), which stays, and a state (position and
velocity), which changes. With E_t(i, j) = p(frame t | i in front, j behind) and A the transition matrix of
one digit, both moving independently,

    forward_t = E_t o (A^T forward_{t-1} A)        backward_t = A (E_{t+1} o backward_{t+1}) A^T

and the posterior of frame t is forward_t o backward_t, normalised. Source: Rabiner, "A tutorial on hidden
Markov models", Proceedings of the IEEE 77, 1989, over the product of two chains. Nothing is pruned: `delta`
is 0, and all pairs of all frames are held in memory, so a family that is too large for that is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import BACKGROUND
from segmnist.oracle.arrays import Arrays
from segmnist.oracle.evidence import FrameEvidence, weigh_all
from segmnist.oracle.family import Family, check_bytes
from segmnist.oracle.observers import Observer
from segmnist.oracle.pairs import PairPosterior, all_log_weights, posterior_of
from segmnist.oracle.picks import pick, uniforms
from segmnist.oracle.posterior import Posterior
from segmnist.oracle.problem import PairProblem
from segmnist.oracle.walk import transition_matrix
from segmnist.oracle.worlds import (
    PicklesItsFields,
    draw_width,
    filtered_maps,
    frame_log_likelihood,
    labels_of,
    paint,
)

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

WORKING_ARRAYS = 6
"""Arrays of all pairs that are in use beside those of each frame."""


@dataclass(frozen=True, eq=False)
class Chain:
    """The chain of two digits: `(N,N)` arrays of pairs, N = kinds x states, [front, behind]."""

    family: Family
    step: Floats
    """`(S,S)` transition matrix of one digit's states."""

    def forward(self, pairs: Floats) -> Floats:
        """Return A^T pairs A: the pairs one frame later."""
        return self._through(pairs, self.step)

    def backward(self, pairs: Floats) -> Floats:
        """Return A pairs A^T."""
        return self._through(pairs, self.step.T)

    def _through(self, pairs: Floats, step: Floats) -> Floats:
        size, states = len(pairs), len(step)
        front = step.T @ pairs.reshape(size // states, states, size)
        return np.asarray(front.reshape(size, size // states, states) @ step).reshape(size, size)

    def first(self) -> Floats:
        """Return the prior of the first frame's pairs."""
        return np.outer(self.family.prior, self.family.prior)

    def moved(self, hypotheses: Integers, uniform: Floats) -> Integers:
        """Return hypotheses one frame later, each moved by the chain; both `(S,D)`."""
        kinds, states = np.divmod(hypotheses, len(self.step))
        later = [pick(self.step[s], u)[0] for s, u in zip(states.reshape(-1), uniform.reshape(-1, 1))]
        return np.asarray(kinds * len(self.step) + np.array(later, np.int64).reshape(states.shape))

    def of_states(self, pairs: Floats, t: int) -> Floats:
        """Return what holds for pairs of pictures of frame t for the pairs of hypotheses that show them."""
        members = self.members[t]
        return np.asarray(pairs[members][:, members])

    @cached_property
    def members(self) -> list[NDArray[np.int64]]:
        """For each t the picture that each hypothesis shows, `(N,)`."""
        return [self.family.picture_of[:, t].astype(np.int64) for t in range(self.family.spec.num_frames)]


@dataclass(frozen=True, eq=False)
class Track:
    """What one background's frames tell an observer."""

    forward: list[Floats]
    """`(N,N)` for each frame: the pairs' posterior given the frames up to it, or it alone for the frame observer."""
    emissions: list[Floats]
    """For each frame p(frame | a picture in front, another behind), up to a factor."""
    log_seen: Floats
    """`(T,)` log p(frames up to each), or of that frame alone."""


def chain_of(family: Family, max_bytes: int) -> Chain:
    """Return the chain of a family; raise `BadArgument` if its pairs do not fit into memory."""
    size, backgrounds = family.num_hypotheses, len(family.backgrounds)
    tracks = backgrounds * sum(size**2 + len(pictures) ** 2 for pictures in family.pictures)
    what = f"pairs of {size:,} states in {family.spec.num_frames} frames before {backgrounds} background(s)"
    check_bytes((tracks + WORKING_ARRAYS * size**2) * 8, max_bytes, what)
    return Chain(family, transition_matrix(family.spec, family.bank))


def _problem(family: Family, evidence: list[FrameEvidence], t: int) -> PairProblem:
    """Return the problem of frame t over its different pictures, without a prior."""
    member_of, count = family.picture_of[:, t], len(family.pictures[t])
    first = np.unique(member_of, return_index=True)[1]
    shown = np.repeat(np.arange(count)[:, None], family.spec.num_frames, axis=1)
    return PairProblem(
        evidence, shown, np.zeros(count), family.class_odds[first], (t,), (t,), family.backgrounds.shape[-1]
    )


def follow(chain: Chain, evidence: list[FrameEvidence], observer: Observer, arrays: Arrays) -> Track:
    """Go forward through all frames before one background."""
    forward, emissions = [], []
    log_seen: list[float] = []
    alone = observer.name == "frame"
    predicted = chain.first()
    for t, frame in enumerate(evidence):
        log_weight = all_log_weights(_problem(chain.family, evidence, t), arrays)
        largest = float(log_weight.max())
        emissions.append(np.exp(log_weight - largest))
        joint = predicted * chain.of_states(emissions[t], t)
        scale = float(joint.sum())
        before = log_seen[-1] if log_seen and not alone else 0.0
        log_seen.append(float(np.log(scale)) + largest + frame.background + before)
        joint /= scale
        forward.append(joint)
        if t + 1 < len(evidence):
            predicted = chain.forward(predicted if alone else joint)
    return Track(forward, emissions, np.array(log_seen))


def answers(chain: Chain, track: Track, observer: Observer) -> Iterator[tuple[int, Floats]]:
    """Yield the frames and the posterior of each one's pairs for an observer, one at a time, in any order."""
    if observer.name == "offline":
        yield from _smoothed(chain, track)
        return
    for t, pairs in enumerate(track.forward):
        yield t, _ahead(chain, track.forward, t, observer.horizon) if observer.horizon else pairs


def _smoothed(chain: Chain, track: Track) -> Iterator[tuple[int, Floats]]:
    """Yield the posterior of each frame's pairs given all frames, the last frame first."""
    backward = np.ones_like(track.forward[0])
    for t in reversed(range(len(track.forward))):
        both = track.forward[t] * backward
        both /= both.sum()
        yield t, both
        backward = chain.backward(chain.of_states(track.emissions[t], t) * backward)
        backward /= backward.max()


def _ahead(chain: Chain, forward: list[Floats], t: int, horizon: int) -> Floats:
    """Return the pairs of frame t given the frames up to `horizon` before it, or the prior if there is none."""
    pairs, steps = (forward[t - horizon], horizon) if t >= horizon else (chain.first(), t)
    for _ in range(steps):
        pairs = chain.forward(pairs)
    return pairs


def _mapped(
    chain: Chain, evidence: list[FrameEvidence], pairs: Floats, t: int, arrays: Arrays
) -> PairPosterior:
    """Return the class map of a frame from its pairs' posterior."""
    problem = _problem(chain.family, evidence, t)
    count = len(problem.log_prior)
    order = np.argsort(chain.members[t], kind="stable")
    starts = np.searchsorted(chain.members[t][order], np.arange(count))
    shown = np.add.reduceat(np.add.reduceat(pairs[order][:, order], starts, axis=0), starts, axis=1)
    return posterior_of(problem, shown, arrays)


def markov_posterior(chain: Chain, video: NDArray[np.uint8], observer: Observer, arrays: Arrays) -> Posterior:
    """Return the posterior of a video for an observer, by forward-backward over all pairs of states."""
    family, (T, H, W) = chain.family, video.shape
    worlds = WanderingWorlds(chain, video, observer, arrays)
    num_seen = [look.seen[-1] + 1 if look.seen else 0 for look in observer.looks(T) for _ in look.answered]
    log_weight = worlds.log_seen[:, num_seen]
    log_evidence = np.logaddexp.reduce(log_weight, axis=0)
    shares = np.exp(log_weight - log_evidence)
    maps, marginals = np.zeros((T, 10, H * W)), np.zeros((T, 2, family.num_hypotheses))
    order = np.zeros((T, 10, 10))
    for share, track, evidence in zip(shares, worlds.tracks, worlds.weighed):
        for t, pairs in answers(chain, track, observer):
            shown = _mapped(chain, evidence, pairs, t, arrays)
            maps[t] += share[t] * shown.class_map[0]
            order[t] += share[t] * shown.order
            marginals[t] += share[t] * np.stack([pairs.sum(0), pairs.sum(1)])
    probabilities = np.concatenate([maps, 1 - maps.sum(1, keepdims=True)], axis=1).clip(0, 1)
    return Posterior(
        observer.name,
        observer.horizon,
        probabilities.reshape(T, BACKGROUND + 1, H, W).astype(np.float32),
        np.zeros((T, H, W), np.float32),
        marginals,
        order,
        np.tile(family.count_prior, (T, 1)),
        log_evidence,
        np.zeros(T),
        np.ones(T),
        4.0 * T * family.num_hypotheses**2 * len(chain.step),
        worlds,
    )


@dataclass(frozen=True, eq=False)
class WanderingWorlds(PicklesItsFields):
    """Worlds of digits that wander: a hypothesis is where a digit is and heads in one frame."""

    chain: Chain
    video: NDArray[np.uint8]
    observer: Observer
    arrays: Arrays

    @cached_property
    def weighed(self) -> list[list[FrameEvidence]]:
        """The evidence of all frames before each background."""
        return weigh_all(self.family, self.video)

    @cached_property
    def tracks(self) -> list[Track]:
        """What the frames tell before each background."""
        return [follow(self.chain, evidence, self.observer, self.arrays) for evidence in self.weighed]

    @cached_property
    def log_seen(self) -> Floats:
        """`(B,T+1)` log p(background, the first t frames), or of frame t - 1 alone."""
        prior = np.log(self.family.background_prior)[:, None]
        return np.asarray(prior + np.array([[0.0, *track.log_seen] for track in self.tracks]))

    @property
    def family(self) -> Family:
        """The hypotheses of one digit."""
        return self.chain.family

    def sample(self, count: int, seed: int) -> NDArray[np.uint8]:
        """Return label maps, `(count,T,H,W)`."""
        spec = self.family.spec
        if self.observer.name in ("causal", "forecast"):
            maps = filtered_maps(self, spec.num_frames, self.observer.horizon, count, seed)
        else:
            maps = self._painted(count, seed)
        return maps.reshape(count, spec.num_frames, spec.height, spec.width)

    def _painted(self, count: int, seed: int) -> NDArray[np.uint8]:
        """Return label maps of worlds drawn anew in each frame, or offline each from the one after it."""
        num_frames, offline = self.family.spec.num_frames, self.observer.name == "offline"
        maps = np.empty((count, num_frames, self.family.num_pixels), np.uint8)
        width = draw_width(self.family)
        for t in reversed(range(num_frames)):
            uniform = uniforms(seed, t, count * (width + 2)).reshape(count, width + 2)
            if t + 1 == num_frames or not offline:
                worlds = self.draw(t + 1, uniform)
                labels = labels_of(self.family, worlds, uniform[:, width:])
            else:
                worlds = self._before(t, worlds, uniform)
            maps[:, t] = paint(self.family, t, worlds, labels)
        return maps

    def draw(self, num_seen: int, uniform: Floats) -> Integers:
        """Return worlds given the first frames, `(S,3)`, as they are in the last of these."""
        share = np.exp(self.log_seen[:, num_seen] - np.logaddexp.reduce(self.log_seen[:, num_seen]))
        worlds = np.empty((len(uniform), 3), np.int64)
        worlds[:, 0] = pick(share, uniform[:, 0])
        for b in np.unique(worlds[:, 0]):
            mine = worlds[:, 0] == b
            pairs = self.tracks[b].forward[num_seen - 1] if num_seen else self.chain.first()
            worlds[mine, 2], worlds[mine, 1] = divmod(pick(pairs.reshape(-1), uniform[mine, 1]), len(pairs))
        return worlds

    def step(self, worlds: Integers, uniform: Floats) -> Integers:
        """Return the worlds one frame later, both digits moved by the chain."""
        return np.concatenate([worlds[:, :1], self.chain.moved(worlds[:, 1:], uniform)], axis=1)

    def log_gain(self, t: int, worlds: Integers) -> Floats:
        """Return log p(frame t | world) - log p(frame t | frames before), `(S,)`."""
        before, after = np.logaddexp.reduce(self.log_seen[:, t : t + 2], axis=0)
        return frame_log_likelihood(self.family, self.weighed, t, worlds) - (after - before)

    def _before(self, t: int, worlds: Integers, uniform: Floats) -> Integers:
        """Return the worlds of frame t, given those a frame later and the frames up to t."""
        earlier = worlds.copy()
        for s, (b, behind, front) in enumerate(worlds):
            (fronts, front_odds), (behinds, behind_odds) = self._before_one(front), self._before_one(behind)
            weights = self.tracks[b].forward[t][np.ix_(fronts, behinds)] * np.outer(front_odds, behind_odds)
            i, j = divmod(pick(weights.reshape(-1), uniform[s, 1:2])[0], len(behinds))
            earlier[s, 1:] = behinds[j], fronts[i]
        return earlier

    def _before_one(self, hypothesis: int) -> tuple[Integers, Floats]:
        """Return the hypotheses of one digit that lead to this one in a frame, and with what probability."""
        step = self.chain.step
        kind, state = divmod(int(hypothesis), len(step))
        states = np.flatnonzero(step[:, state])
        return kind * len(step) + states, step[states, state]
