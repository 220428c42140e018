"""Calibration: whether a model is right as often as it says."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segmnist.evaluate.arithmetic import Counts, Scores, from_fixed, ratio, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.scored_clip import ScoredClip

NUM_BINS = 15
"""Bins of the expected calibration error."""


def reliability_bins(
    confidence: NDArray[np.float32], correct: NDArray[np.bool_], digits: NDArray[np.bool_]
) -> Counts:
    """Return pixels, right ones, and confidence in fixed point, in 15 equal bins, `(2, 3, 15)` int64: of all, of digits.

    confidence, correct, and which are a digit's: `(P,)` each. Bins are open below and closed above, as in Guo et al.;
    confidence 1 is in the last.
    """
    from segmnist.evaluate.kernels.probabilities import count_bins

    pixels, hits = np.zeros((2, 2, NUM_BINS), np.int64)
    summed = np.zeros((2, NUM_BINS))
    count_bins(confidence, correct, digits, pixels, hits, summed)
    return np.stack([pixels, hits, to_fixed(summed)], axis=1)


def expected_calibration_error(bins: Counts) -> Scores:
    """Return ECE of the top label from `(..., 3, 15)` bins: mean |accuracy - confidence|, by pixels.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    count, hits, confidence = bins[..., 0, :], bins[..., 1, :], from_fixed(bins[..., 2, :])
    return ratio(np.abs(hits - confidence).sum(axis=-1), count.sum(axis=-1))


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    if clip.pixels is None:
        return {}
    return {"bins": reliability_bins(clip.pixels.confidence, clip.pixels.correct, clip.digits)}


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    bins = sums["bins"]
    return {
        "ece": expected_calibration_error(bins[..., 0, :, :]),
        "ece_foreground": expected_calibration_error(bins[..., 1, :, :]),
    }


METRIC = Metric(
    title="Calibration",
    place=80,
    rows={"ece": Row("ECE", "lower"), "ece_foreground": Row("ECE, digits", "lower")},
    counted=("bins",),
    counts=_counts,
    scores=_scores,
)
