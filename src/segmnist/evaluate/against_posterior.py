"""What the exact posterior itself scores, how far a model is from it, and how well their samples agree."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from segmnist.classes import BACKGROUND
from segmnist.evaluate.ambiguity import entropy_error, excess_nll, generalised_energy_distance, matched_iou
from segmnist.evaluate.breakdown import Truth
from segmnist.evaluate.calibration import mean_of, pixel_scores
from segmnist.evaluate.ceiling import ceiling_counts, ceiling_scores
from segmnist.evaluate.counts import Counts, Maps, confusion
from segmnist.evaluate.fixed import to_fixed
from segmnist.evaluate.predictions import Prediction
from segmnist.evaluate.segmentation import Scores, foreground_accuracy, mean_iou, pixel_accuracy
from segmnist.evaluate.selective import confidence_counts, selective_scores

PLAIN = frozenset({"oracle_levels", "ceiling_levels"})
"""Counts without bootstrap replicates."""


def posterior_counts(truth: Truth, prediction: Prediction) -> dict[str, Counts]:
    """Return what the posterior scores on this clip, the ceiling, and how far the prediction is from it.

    truth: `semantic (T, H, W)`, `posterior (T, 11, H, W)`; and perhaps `posterior_samples` and, to be judged
    by them as a model's are, `oracle_samples`, `(m, T, H, W)` uint8 each. Nothing without a posterior.
    """
    if "posterior" not in truth:
        return {}
    semantic, posterior = truth["semantic"], truth["posterior"]
    pixels = pixel_scores(semantic, posterior)
    digits = semantic != BACKGROUND
    counts = {
        "oracle_confusion": confusion(semantic, posterior.argmax(axis=1).astype(np.uint8)),
        "oracle_nll": to_fixed([pixels.nll[where].sum(dtype=np.float64) for where in (..., digits)]),
        "oracle_levels": confidence_counts(pixels.confidence, pixels.correct),
        **ceiling_counts(posterior),
    }
    if prediction.probabilities is not None:
        counts["excess_nll"] = to_fixed(excess_nll(posterior, prediction.probabilities).sum())
        counts["entropy_error"] = to_fixed(entropy_error(posterior, prediction.probabilities).sum())
    if "posterior_samples" in truth:
        judges = truth["posterior_samples"]
        counts["samples"] = _sample_counts(prediction.joint_samples, judges)
        counts["oracle_samples"] = _sample_counts(truth["oracle_samples"], judges)
    return counts


def _sample_counts(samples: Maps, judges: Maps) -> Counts:
    """Return GED^2 and HM-IoU in fixed point, and 1 for the clip, `(3,)`."""
    distance = generalised_energy_distance(samples, judges)
    return np.array([*to_fixed([distance, matched_iou(samples, judges)]), 1], dtype=np.int64)


def posterior_scores(counts: Mapping[str, Counts]) -> dict[str, Scores]:
    """Return the posterior's own scores (`oracle_`), the ceiling, and the distances that these sums allow."""
    if "oracle_confusion" not in counts:
        return {}
    table = counts["oracle_confusion"]
    pixels, digits = table.sum(axis=(-2, -1)), table[..., :BACKGROUND, :].sum(axis=(-2, -1))
    scores = {
        "oracle_foreground_accuracy": foreground_accuracy(table),
        "oracle_pixel_accuracy": pixel_accuracy(table),
        "oracle_miou": mean_iou(table),
        "oracle_miou_foreground": mean_iou(table, background=False),
        "oracle_nll": mean_of(counts["oracle_nll"][..., 0], pixels),
        "oracle_nll_foreground": mean_of(counts["oracle_nll"][..., 1], digits),
    }
    for name in ("excess_nll", "entropy_error"):
        if name in counts:
            scores[name] = mean_of(counts[name], pixels)
    scores |= _sample_scores(counts, "") | _sample_scores(counts, "oracle_")
    return scores | selective_scores(counts, "oracle_") | ceiling_scores(counts)


def _sample_scores(counts: Mapping[str, Counts], prefix: str) -> dict[str, Scores]:
    if f"{prefix}samples" not in counts:
        return {}
    sums = counts[f"{prefix}samples"]
    return {
        f"{prefix}ged": mean_of(sums[..., 0], sums[..., 2]),
        f"{prefix}matched_iou": mean_of(sums[..., 1], sums[..., 2]),
    }
