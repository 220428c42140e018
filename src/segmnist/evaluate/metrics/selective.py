"""Selective prediction: how risk falls when a model answers only where it is confident."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segmnist.evaluate.arithmetic import Counts, Scores
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.scored_clip import ScoredClip

NUM_LEVELS = 4096
"""Levels of confidence that are told apart; pixels of one level are taken in random order."""

LOG_ODDS = (-3.0, 17.0)
"""Levels are equally spaced in log-odds between these, for a confident model's lie close to 1.

The likeliest of eleven classes has log-odds of -2.3 or more; the largest float32 below 1 has 16.6.
"""

_EULER = 0.5772156649015329


def confidence_counts(confidence: ArrayLike, correct: ArrayLike) -> Counts:
    """Return pixels and errors by level of confidence, `(2, 4096)` int64."""
    p = np.asarray(confidence, np.float64).ravel()
    with np.errstate(divide="ignore"):
        log_odds = np.log(p) - np.log1p(-np.minimum(p, 1.0))
    low, high = LOG_ODDS
    place = (np.clip(log_odds, low, high) - low) / (high - low)
    level = np.minimum((place * NUM_LEVELS).astype(np.intp), NUM_LEVELS - 1)
    right = np.asarray(correct, bool).ravel()
    errors, hits = np.bincount(level + NUM_LEVELS * right, minlength=2 * NUM_LEVELS).reshape(2, NUM_LEVELS)
    return np.stack([errors + hits, errors]).astype(np.int64)


def aurc(counts: Counts) -> float:
    """Return the area under the risk-coverage curve.

    The mean over k of the risk among the k most confident pixels. Equal confidences are taken in random
    order and the expected area is returned. NaN without pixels. Source: Geifman and El-Yaniv, "Selective
    classification for deep neural networks", NeurIPS 2017.

    >>> counts = confidence_counts([0.9, 0.8, 0.7, 0.6], [True, True, False, False])
    >>> round(aurc(counts), 4)  # (0 + 0 + 1/3 + 2/4) / 4
    0.2083
    """
    pixels, errors = _descending(counts)
    if not len(pixels):
        return float("nan")
    before, missed = pixels.cumsum() - pixels, errors.cumsum() - errors
    # Within a level of m pixels with e errors: sum over j = 1..m of (missed + e j / m) / (before + j).
    rate = errors / pixels
    area = errors + (missed - rate * before) * (_harmonic(before + pixels) - _harmonic(before))
    return float(area.sum() / pixels.sum())


def augrc(counts: Counts) -> float:
    """Return the area under the generalised risk-coverage curve.

    The mean over k of the errors among the k most confident pixels, over n; between 0 and 1/2. Source:
    Traub et al., "Overcoming common flaws in the evaluation of selective classification systems", NeurIPS
    2024.

    >>> counts = confidence_counts([0.9, 0.8, 0.7, 0.6], [True, True, False, False])
    >>> augrc(counts)  # (0 + 0 + 1 + 2) / 16
    0.1875
    """
    pixels, errors = _descending(counts)
    if not len(pixels):
        return float("nan")
    missed = errors.cumsum() - errors
    area = pixels * missed + errors * (pixels + 1) / 2
    return float(area.sum() / float(pixels.sum()) ** 2)


def _descending(counts: Counts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    filled = counts[:, ::-1][:, counts[0, ::-1] > 0].astype(np.float64)
    return filled[0], filled[1]


def _harmonic(n: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 + 1/2 + ... + 1/n: exactly below n = 100, then by its series with error below 1e-14."""
    table = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, 100))])
    large = np.maximum(n, 100.0)
    series = np.log(large) + _EULER + 1 / (2 * large) - 1 / (12 * large**2) + 1 / (120 * large**4)
    return np.where(n < 100, table[np.minimum(n, 99).astype(np.intp)], series)


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    if clip.pixels is None:
        return {}
    return {"levels": confidence_counts(clip.pixels.confidence, clip.pixels.correct)}


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    levels = sums["levels"]
    return {"aurc": np.asarray(aurc(levels)), "augrc": np.asarray(augrc(levels))}


METRIC = Metric(
    title="Selective prediction",
    place=90,
    rows={"aurc": Row("AURC", "lower"), "augrc": Row("AUGRC", "lower")},
    counted=("levels",),
    plain=("levels",),
    counts=_counts,
    scores=_scores,
    of_posterior=True,
)
