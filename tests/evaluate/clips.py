"""Clips and predictions that the tests of scores share."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segmnist.evaluate import Evaluation, Prediction, check_prediction
from segmnist.evaluate.metrics import counts_of, scores_of
from segmnist.evaluate.scored_clip import ScoredClip

maps = arrays(np.uint8, (3, 5, 7), elements=st.integers(0, 10))
ids = arrays(np.uint8, (4, 5, 6), elements=st.integers(0, 3))

T, H, W = 9, 10, 13


def as_maps(*rows: Any) -> Any:
    return np.array(rows, dtype=np.uint8)


def two_digits(swap_at: Any = None) -> Any:
    """Two 2x2 digits that stay where they are for 4 frames; their ids swap from frame `swap_at` on."""
    instance = np.zeros((4, 5, 9), np.uint8)
    instance[:, 1:3, 1:3], instance[:, 1:3, 5:7] = 1, 2
    if swap_at is not None:
        instance[swap_at:] = np.array([0, 2, 1], np.uint8)[instance[swap_at:]]
    return instance


def clip(clip_id: Any) -> Any:
    """A clip of two digits, a prediction with mistakes, and probabilities; a function of the id alone."""
    rng = np.random.default_rng(clip_id)
    labels = rng.integers(0, 10, 2).astype(np.uint8)
    instance = rng.choice(3, size=(T, H, W), p=[0.8, 0.1, 0.1]).astype(np.uint8)
    semantic = np.array([10, *labels], np.uint8)[instance]
    truth: dict[str, Any] = {"semantic": semantic, "instance": instance, "labels": labels}
    truth["visibility"] = rng.random((2, T), np.float32)
    truth["pose"] = rng.normal(size=(2, T, 5)) * 20
    truth["noiseless"], truth["beneath"] = (
        rng.integers(0, 256, (T, H, W)).astype(np.uint8) for _ in range(2)
    )
    truth["flow_forward"] = rng.normal(size=(T, H, W, 2)).astype(np.float32)
    truth["flow_forward_valid"] = rng.random((T, H, W)) < 0.7
    truth["posterior_samples"], truth["oracle_samples"] = (
        rng.choice(11, (16, T, H, W)).astype(np.uint8) for _ in range(2)
    )
    truth["class_prior"] = np.array([0.02] * 10 + [0.8])
    truth["posterior"] = rng.dirichlet(np.ones(11), size=(T, H, W)).transpose(0, 3, 1, 2).astype(np.float32)
    noise = rng.dirichlet(np.full(11, 0.3), size=(T, H, W)).transpose(0, 3, 1, 2)
    right = np.eye(11)[semantic].transpose(0, 3, 1, 2)
    return truth, (0.4 * right + 0.6 * noise).astype(np.float32)


def evaluated(ids: Any, **options: Any) -> Any:
    evaluation = Evaluation(num_replicates=40, **options)
    for clip_id in ids:
        truth, probabilities = clip(clip_id)
        evaluation.add(clip_id, truth, check_prediction("clip", probabilities, (T, H, W)))
    return evaluation


def soft(*rows: Any) -> Any:
    """A clip of one frame of 1 x len(rows) pixels: each row gives the probabilities of 0, 1 and 10."""
    p = np.zeros((1, 11, 1, len(rows)), np.float32)
    for x, row in enumerate(rows):
        p[0, [0, 1, 10], 0, x] = row
    return p


def posteriors(num_clips: Any, doubt: Any) -> Any:
    """Posteriors as of videos: mostly sure, the rest Dirichlet, the background likely."""
    rng = np.random.default_rng(num_clips)
    shape = (num_clips, 2, 12, 14)
    spread = rng.dirichlet([0.05] * 10 + [1.0], shape)
    sure = np.eye(11)[spread.argmax(axis=-1)]
    mixed = np.where(rng.random((*shape, 1)) < doubt, spread, sure)
    return np.moveaxis(mixed, -1, 2).astype(np.float32)


def clip_of(posterior: Any, **known: Any) -> Any:
    """A clip without digits: ceilings look at the posterior alone."""
    T, _, H, W = posterior.shape
    background, nothing = np.full((T, H, W), 10, np.uint8), np.zeros((T, H, W), np.uint8)
    truth = {"semantic": background, "instance": nothing, "labels": np.zeros(0, np.uint8)}
    return ScoredClip(truth | {"posterior": posterior} | known, Prediction(background))


def scores_over(maps: Any, **known: Any) -> Any:
    counts = [counts_of(clip_of(posterior, **known)) for posterior in maps]
    return scores_of({name: np.sum([c[name] for c in counts], axis=0) for name in counts[0]})


def three_pixels() -> Any:
    """A posterior of three pixels: surely background; a 6 or a 9 by a coin; a 6 with .2."""
    posterior = np.zeros((1, 11, 1, 3), np.float32)
    posterior[0, [10, 6, 9, 6, 10], 0, [0, 1, 1, 2, 2]] = [1, 0.5, 0.5, 0.2, 0.8]
    return posterior
