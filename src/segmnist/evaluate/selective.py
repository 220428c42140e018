"""Selective prediction: how risk falls when a model answers only where it is confident."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segmnist.evaluate.counts import Counts
from segmnist.evaluate.segmentation import Scores

NUM_LEVELS = 4096
"""Levels of confidence that are told apart when a whole data set is streamed; equal ones are taken in random
order.
"""

_EULER = 0.5772156649015329


def confidence_counts(confidence: ArrayLike, correct: ArrayLike) -> Counts:
    """Return pixels and errors by level of confidence, `(2, 4096)` int64: all that a risk-coverage curve
    needs.
    """
    values = np.asarray(confidence, np.float64).ravel()
    level = np.clip((values * NUM_LEVELS).astype(np.intp), 0, NUM_LEVELS - 1)
    wrong = ~np.asarray(correct, bool).ravel()
    counts = [np.bincount(level, minlength=NUM_LEVELS), np.bincount(level[wrong], minlength=NUM_LEVELS)]
    return np.stack(counts).astype(np.int64)


def risk_coverage(counts: Counts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coverage and selective risk after each level, the most confident first; empty levels are left
    out.
    """
    pixels, errors = _descending(counts)
    answered = pixels.cumsum()
    return answered / answered[-1:], errors.cumsum() / answered


def aurc(counts: Counts) -> float:
    """Return the area under the risk-coverage curve: the mean over k of the risk among the k most confident
    pixels.

    Equal confidences are taken in random order and the expected area is returned. NaN without pixels.
    Source: Geifman and El-Yaniv, "Selective classification for deep neural networks", NeurIPS 2017.

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
    """Return the area under the generalised risk-coverage curve: the mean over k of errors among the top k,
    over n.

    Between 0 and 1/2. Source: Traub et al., "Overcoming common flaws in the evaluation of selective
    classification systems", NeurIPS 2024.

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


def selective_scores(counts: Mapping[str, Counts], prefix: str = "") -> dict[str, Scores]:
    """Return AURC and AUGRC of the levels named with this prefix, or nothing if they were not counted.

    The levels have no bootstrap replicates, so these scores have no intervals.
    """
    if f"{prefix}levels" not in counts:
        return {}
    levels = counts[f"{prefix}levels"]
    scores = {"aurc": aurc(levels), "augrc": augrc(levels)}
    return {f"{prefix}{name}": np.asarray(score) for name, score in scores.items()}


def _descending(counts: Counts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    filled = counts[:, ::-1][:, counts[0, ::-1] > 0].astype(np.float64)
    return filled[0], filled[1]


def _harmonic(n: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 + 1/2 + ... + 1/n: exactly for small n, by its asymptotic series (error below 1e-14) from 100
    on.
    """
    table = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, 100))])
    large = np.maximum(n, 100.0)
    series = np.log(large) + _EULER + 1 / (2 * large) - 1 / (12 * large**2) + 1 / (120 * large**4)
    return np.where(n < 100, table[np.minimum(n, 99).astype(np.intp)], series)
