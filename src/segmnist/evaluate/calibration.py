"""Scores of probabilities: NLL, Brier, expected calibration error. Sums in fixed point, so that they merge
exactly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import BACKGROUND
from segmnist.evaluate.counts import Counts, Maps
from segmnist.evaluate.fixed import from_fixed, to_fixed
from segmnist.evaluate.segmentation import Scores, ratio

LEAST = 1e-12
"""A probability counts as at least this, so that one certain mistake costs 27.6 nats and not infinity."""

NUM_BINS = 15
"""Bins of the expected calibration error."""

Probabilities = NDArray[np.floating]


class PixelScores(NamedTuple):
    """Per pixel of a clip, each `(T, H, W)`: NLL in nats, Brier score, confidence of the top class, whether
    it is right.
    """

    nll: NDArray[np.float32]
    brier: NDArray[np.float32]
    confidence: NDArray[np.float32]
    correct: NDArray[np.bool_]


def pixel_scores(truth: Maps, probabilities: Probabilities) -> PixelScores:
    """Return the scores of every pixel. truth: `(T, H, W)`; probabilities: `(T, 11, H, W)`, summing to 1.

    The Brier score is the sum over classes of (p - y)^2, between 0 and 2.
    """
    p = probabilities.astype(np.float32, copy=False)
    given = np.take_along_axis(p, truth[:, None].astype(np.intp), axis=1)[:, 0]
    squares = np.einsum("tchw,tchw->thw", p, p)
    nll = -np.log(np.maximum(given, np.float32(LEAST)))
    return PixelScores(nll, squares - 2 * given + 1, p.max(axis=1), p.argmax(axis=1) == truth)


def calibration_sums(truth: Maps, scores: PixelScores) -> dict[str, Counts]:
    """Return sums over all pixels and over digit pixels: `pixels`, `nll`, `brier` `(2,)`, `bins` `(2, 3,
    15)`.

    `bins` holds pixels, correct pixels, and confidence in fixed point, by confidence in 15 equal bins.
    """
    digits = truth != BACKGROUND
    everywhere = np.ones_like(digits)
    return {
        "pixels": np.array([digits.size, digits.sum()], dtype=np.int64),
        "nll": to_fixed([scores.nll[m].sum(dtype=np.float64) for m in (everywhere, digits)]),
        "brier": to_fixed([scores.brier[m].sum(dtype=np.float64) for m in (everywhere, digits)]),
        "bins": np.stack([_bins(scores.confidence[m], scores.correct[m]) for m in (everywhere, digits)]),
    }


def _bins(confidence: NDArray[np.float32], correct: NDArray[np.bool_]) -> Counts:
    # Bins are open below and closed above, as in Guo et al.; confidence 1 is in the last.
    which = np.clip(np.ceil(confidence * NUM_BINS).astype(np.intp) - 1, 0, NUM_BINS - 1)
    count = np.bincount(which, minlength=NUM_BINS)
    hits = np.bincount(which[correct], minlength=NUM_BINS)
    return np.stack(
        [count, hits, to_fixed(np.bincount(which, weights=confidence, minlength=NUM_BINS))]
    ).astype(np.int64)


def mean_of(sums: Counts, pixels: Counts) -> Scores:
    """Return fixed-point sums over pixels: the mean NLL or Brier score."""
    return ratio(from_fixed(sums), pixels)


def expected_calibration_error(bins: Counts) -> Scores:
    """Return ECE of the top label from `(..., 3, 15)` bins: mean |accuracy - confidence|, weighted by pixels.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    count, hits, confidence = bins[..., 0, :], bins[..., 1, :], from_fixed(bins[..., 2, :])
    return ratio(np.abs(hits - confidence).sum(axis=-1), count.sum(axis=-1))
