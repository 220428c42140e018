"""A particle filter over scenes: how far inference by simulation gets, with no sum over pairs and nothing learned.

A particle is a world: a background, who is in front when, and a hypothesis for each digit. Frame by frame, the
particles move as the digits do, are weighed by the frame's likelihood, and are drawn anew by weight. Source: Gordon,
Salmond and Smith, "Novel approach to nonlinear/non-Gaussian Bayesian state estimation", IEE Proceedings F 140, 1993.

Where motion is deterministic a hypothesis is a whole path, which no motion renews: soon all particles would be one. So
each digit is then drawn anew given the others and all frames seen, which leaves the posterior as it is. Source: Gilks
and Berzuini, "Following a moving target", Journal of the Royal Statistical Society B 63, 2001.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import NUM_CLASSES
from segmnist.oracle import Oracle
from segmnist.oracle.evidence import FrameEvidence, weigh_all
from segmnist.oracle.family import Family
from segmnist.oracle.picks import pick, uniforms
from segmnist.oracle.problem import PairProblem
from segmnist.oracle.worlds import (
    ABSENT,
    draw_width,
    frame_log_likelihood,
    labels_of,
    paint,
    prior_worlds,
)
from segmnist.suites.catalog import Part
from segmnist.suites.predict import Model
from segmnist.suites.prior import class_prior

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

NUM_SAMPLES = 16
"""Samples that are handed in, as many as the ambiguity scores compare."""


def particle_filter(part: Part, num_particles: int = 128) -> Model:
    """Return the model that filters the scenes of a part's train family; it answers as the causal observer.

    Probabilities are means over the particles of each frame and, as one more particle, the class prior: so no class
    is impossible because no particle shows it. Sample s shows particle s of each frame. More particles come closer to
    the exact posterior, with an error that falls as their square root. Raises `BadArgument` for a part that is not
    exactly solvable.
    """
    oracle, prior = Oracle.of(part.source("train")), class_prior(part)[:, None, None]

    def predict(video: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        answers = [_filter(oracle, np.ascontiguousarray(clip), num_particles) for clip in video]
        shares, samples = (np.stack(arrays) for arrays in zip(*answers, strict=True))
        probabilities = (num_particles * shares + prior) / (num_particles + 1)
        return {"probabilities": probabilities.astype(np.float32), "samples": samples}

    return predict


def _filter(oracle: Oracle, video: NDArray[np.uint8], num_particles: int) -> tuple[Floats, NDArray[np.uint8]]:
    """Return the shares of the particles that show each class, `(T,11,H,W)`, and the samples, `(16,T,H,W)`, of one clip."""
    family, (T, H, W) = oracle.family, video.shape
    weighed = weigh_all(family, video)
    seed, most = zlib.crc32(video.data), family.max_digits

    def numbers(place: int, attempt: int, width: int) -> Floats:
        return uniforms(seed, place, num_particles * width, attempt).reshape(num_particles, width)

    worlds = prior_worlds(family, numbers(0, 0, draw_width(family)))
    coins = numbers(0, 1, most)[:NUM_SAMPLES]
    shares = np.empty((T, NUM_CLASSES, H * W))
    samples = np.empty((len(coins), T, H * W), np.uint8)
    for t in range(T):
        if oracle.chain is not None and t > 0:
            worlds[:, 1:] = oracle.chain.moved(worlds[:, 1:], numbers(t, 2, most))
        log_weight = frame_log_likelihood(family, weighed, t, worlds)
        worlds = worlds[pick(np.exp(log_weight - log_weight.max()), numbers(t, 3, 1)[:, 0])]
        if oracle.chain is None:
            _renew(family, weighed, t, worlds, numbers(t, 4, most))
        shares[t] = _class_shares(family, t, worlds)
        shown = worlds[:NUM_SAMPLES]
        samples[:, t] = paint(family, t, shown, labels_of(family, shown, coins))
    return shares.reshape(T, NUM_CLASSES, H, W), samples.reshape(-1, T, H, W)


def _renew(
    family: Family, weighed: list[list[FrameEvidence]], t: int, worlds: Integers, uniform: Floats
) -> None:
    """Draw each digit of each world in place, from its law given the other digits and frames 0..t."""
    problems = {stage: _problem(family, weighed, t, stage) for stage in np.unique(worlds[:, 0]).tolist()}
    for n in range(family.max_digits):
        there = np.flatnonzero(worlds[:, 1 + n] != ABSENT)
        others, group = np.unique(np.delete(worlds[there], 1 + n, axis=1), axis=0, return_inverse=True)
        for g, (stage, *digits) in enumerate(others.tolist()):
            mine = there[group.reshape(-1) == g]
            behind, front = ([h for h in some if h != ABSENT] for some in (digits[:n], digits[n:]))
            log_weight = problems[stage].slot(front[::-1], behind[::-1])
            worlds[mine, 1 + n] = pick(np.exp(log_weight - log_weight.max()), uniform[mine, n])


def _problem(family: Family, weighed: list[list[FrameEvidence]], t: int, stage: int) -> PairProblem:
    """Return the problem of frames 0..t before a stage's background, with its pattern of swaps."""
    background, pattern = divmod(stage, len(family.swaps.prior))
    problem = PairProblem(
        weighed[background], family.picture_of.astype(np.int64), np.log(family.prior), family.class_odds,
        tuple(range(t + 1)), (t,), family.num_pixels,
    )  # fmt: skip
    return problem.swapping(tuple(np.flatnonzero(family.swaps.swapped[pattern]).tolist()))


def _class_shares(family: Family, t: int, worlds: Integers) -> Floats:
    """Return the mean over worlds of each pixel's class in frame t, `(11,P)`; twins by their odds."""
    numbered = np.tile(np.arange(family.max_digits), (len(worlds), 1))
    shown = paint(family, t, worlds, numbered)
    shares = np.zeros((NUM_CLASSES, family.num_pixels))
    for n in range(family.max_digits):
        there = worlds[:, 1 + n] != ABSENT
        odds = family.class_odds[worlds[there, 1 + n]]
        shares[:10] += odds.T @ (shown[there] == n) / len(worlds)
    shares[10] = 1 - shares[:10].sum(0)
    return shares.clip(0, 1)
