"""Posteriors where motion is a Markov chain: forward and backward over pairs of states.

A digit's hypothesis is a kind (its glyph, how it turns and shines), which stays, and a state (position and
velocity), which changes. With E_t(i, j) = p(frame t | i in front, j behind) and A the transition matrix of
one digit, both moving independently,

    forward_t = E_t o (A^T forward_{t-1} A)        backward_t = A (E_{t+1} o backward_{t+1}) A^T

and the posterior of frame t is forward_t o backward_t, normalised. Source: Rabiner, "A tutorial on hidden
Markov models", Proceedings of the IEEE 77, 1989, over the product of two chains. Nothing is pruned: `delta`
is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import BACKGROUND
from segmnist.oracle.arrays import Arrays
from segmnist.oracle.evidence import FrameEvidence, weigh
from segmnist.oracle.family import Family, check_bytes
from segmnist.oracle.pairs import PairPosterior, PairProblem, add_weights, empty_sums, log_weights, normalised
from segmnist.oracle.picks import pick, uniforms
from segmnist.oracle.posterior import Posterior
from segmnist.oracle.walk import transition_matrix

Floats = NDArray[np.float64]


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

    @cached_property
    def members(self) -> list[NDArray[np.int64]]:
        """For each t the picture that each hypothesis shows, `(N,)`."""
        return [self.family.picture_of[:, t].astype(np.int64) for t in range(self.family.spec.num_frames)]


@dataclass(frozen=True, eq=False)
class Track:
    """What one background's frames tell an observer: normalised pairs for each t, and the log evidence behind
    them."""

    pairs: list[Floats]
    forward: list[Floats]
    log_evidence: Floats


def chain_of(family: Family, max_bytes: int) -> Chain:
    """Return the chain of a family; raise `BadArgument` if its pairs do not fit into memory."""
    size, num_frames = family.num_hypotheses, family.spec.num_frames
    check_bytes(
        (3 * num_frames + 4) * size * size * 8, max_bytes, f"pairs of {size:,} states in {num_frames} frames"
    )
    return Chain(family, transition_matrix(family.spec, family.bank))


def _problem(family: Family, evidence: list[FrameEvidence], t: int) -> PairProblem:
    """Return the problem of frame t over its different pictures, without a prior."""
    member_of, count = family.picture_of[:, t], len(family.pictures[t])
    first = np.unique(member_of, return_index=True)[1]
    shown = np.repeat(np.arange(count)[:, None], family.spec.num_frames, axis=1)
    return PairProblem(
        evidence, shown, np.zeros(count), family.class_odds[first], (t,), (t,), family.backgrounds.shape[-1]
    )


def _emission(problem: PairProblem, arrays: Arrays) -> Floats:
    """Return log p(frame | picture i in front, j behind) over the background's, `(U,U)`."""
    everything = np.arange(len(problem.log_prior))
    unhidden, _ = problem.scores()
    weights = log_weights(problem, unhidden, everything, everything, arrays, empty_sums(problem, 0.0))
    return np.asarray(arrays.get(weights))


def follow(chain: Chain, evidence: list[FrameEvidence], observer: str, arrays: Arrays) -> Track:
    """Return the pairs' posterior of each frame for an observer, before one background."""
    prior, forward, pairs, log_evidence, emissions = chain.first(), [], [], [], []
    predicted, total = prior, 0.0
    for t, frame in enumerate(evidence):
        log_weight = _emission(_problem(chain.family, evidence, t), arrays)
        largest = float(log_weight.max())
        members = chain.members[t]
        emissions.append(np.exp(log_weight - largest)[members][:, members])
        joint = (prior if observer == "frame" else predicted) * emissions[t]
        scale = float(joint.sum())
        total = float(np.log(scale)) + largest + frame.background + (0.0 if observer == "frame" else total)
        forward.append(joint / scale)
        log_evidence.append(total)
        if t + 1 < len(evidence):
            predicted, prior = chain.forward(forward[t]), chain.forward(prior)
    if observer != "offline":
        return Track(forward, forward, np.array(log_evidence))
    backward = np.ones_like(prior)
    for t in reversed(range(len(evidence))):
        both = forward[t] * backward
        pairs.append(both / both.sum())
        backward = chain.backward(emissions[t] * backward)
        backward /= backward.max()
    return Track(pairs[::-1], forward, np.full(len(evidence), total))


def _mapped(
    chain: Chain, evidence: list[FrameEvidence], pairs: Floats, t: int, arrays: Arrays
) -> PairPosterior:
    """Return the class map of a frame from its pairs' posterior."""
    problem = _problem(chain.family, evidence, t)
    count = len(problem.log_prior)
    order = np.argsort(chain.members[t], kind="stable")
    starts = np.searchsorted(chain.members[t][order], np.arange(count))
    shown = np.add.reduceat(np.add.reduceat(pairs[order][:, order], starts, axis=0), starts, axis=1)
    sums, everything = empty_sums(problem, 0.0), np.arange(count)
    add_weights(problem, arrays.put(shown), everything, everything, 0.0, arrays, sums)
    return normalised(problem, sums, -np.inf)


def markov_posterior(
    family: Family, video: NDArray[np.uint8], observer: str, max_bytes: int, arrays: Arrays, log_table: Floats
) -> Posterior:
    """Return the posterior of a video for an observer, by forward-backward over all pairs of states."""
    chain, (T, H, W) = chain_of(family, max_bytes), video.shape
    weighed = [weigh(family, video, b, log_table) for b in range(len(family.backgrounds))]
    tracks = [follow(chain, evidence, observer, arrays) for evidence in weighed]
    log_weight = np.log(family.background_prior)[:, None] + np.array([track.log_evidence for track in tracks])
    log_evidence = np.logaddexp.reduce(log_weight, axis=0)
    shares = np.exp(log_weight - log_evidence)
    maps, marginals = np.zeros((T, 10, H * W)), np.zeros((T, 2, family.num_hypotheses))
    for share, track, evidence in zip(shares, tracks, weighed):
        for t, pairs in enumerate(track.pairs):
            maps[t] += share[t] * _mapped(chain, evidence, pairs, t, arrays).class_map[0]
            marginals[t] += share[t] * np.stack([pairs.sum(0), pairs.sum(1)])
    probabilities = np.concatenate([maps, 1 - maps.sum(1, keepdims=True)], axis=1).clip(0, 1)
    return Posterior(
        observer,
        probabilities.reshape(T, BACKGROUND + 1, H, W).astype(np.float32),
        marginals,
        log_evidence,
        np.zeros(T),
        np.ones(T),
        4.0 * T * family.num_hypotheses**2 * len(chain.step),
        lambda count, seed: _sample(chain, tracks, shares, observer, count, seed, video.shape),
    )


def _sample(
    chain: Chain,
    tracks: list[Track],
    shares: Floats,
    observer: str,
    count: int,
    seed: int,
    shape: tuple[int, ...],
) -> NDArray[np.uint8]:
    """Return label maps, `(count,T,H,W)`; offline by sampling the last pair and then each one before it."""
    T, family = shape[0], chain.family
    maps = np.full((count, T, shape[1] * shape[2]), BACKGROUND, np.uint8)
    for sample in range(count):
        # Four numbers a frame: background, pair, both labels; the last frame's hold for all frames offline.
        uniform = uniforms(seed, sample, 4 * T).reshape(T, 4)
        following = None
        for t in reversed(range(T)):
            fixed = uniform[T - 1 if observer == "offline" else t]
            track = tracks[int(pick(shares[:, t], fixed[:1])[0])]
            weights = track.forward[t]
            if observer == "offline" and following is not None:
                weights = weights * np.outer(*(_into(chain, h) for h in following))
            pair = int(pick(weights.reshape(-1), uniform[t, 1:2])[0])
            front, behind = divmod(pair, family.num_hypotheses)
            following = front, behind
            for hypothesis, number in ((behind, 2), (front, 3)):
                label = pick(family.class_odds[hypothesis], fixed[number : number + 1])[0]
                pictures, row = family.pictures[t], family.picture_of[hypothesis, t]
                maps[sample, t, pictures.pixel[pictures.start[row] : pictures.start[row + 1]]] = label
    return maps.reshape(count, *shape)


def _into(chain: Chain, hypothesis: int) -> Floats:
    """Return P(next is `hypothesis` | now h) for every h, `(N,)`."""
    kind, state = divmod(hypothesis, len(chain.step))
    result = np.zeros(chain.family.num_hypotheses)
    result[kind * len(chain.step) : (kind + 1) * len(chain.step)] = chain.step[:, state]
    return result
