"""From one clip to counts, and from their sums to scores: every count and score by its name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from segmnist.evaluate import (
    against_posterior,
    average_precision,
    calibration,
    panoptic,
    segmentation,
    selective,
)
from segmnist.evaluate.against_posterior import posterior_counts, posterior_scores
from segmnist.evaluate.breakdown import BREAKDOWNS, Truth, breakdown_counts
from segmnist.evaluate.counts import (
    Counts,
    boundary_counts,
    classes_of_segments,
    confusion,
    consistency_counts,
    overlaps,
    segments_from_classes,
    warped_confusion,
)
from segmnist.evaluate.fixed import to_fixed
from segmnist.evaluate.predictions import Prediction
from segmnist.evaluate.segmentation import Scores
from segmnist.evaluate.tracking import tracking_counts, tracking_scores

CONSISTENCY_FRAMES = 8
"""n of VC_n."""

PLAIN = frozenset({*BREAKDOWNS, "levels"}) | against_posterior.PLAIN | average_precision.PLAIN
"""Counts without bootstrap replicates: thousands of numbers, or tables that report no interval."""


def clip_counts(truth: Truth, prediction: Prediction, *, tracking: bool = False) -> dict[str, Counts]:
    """Return everything that scores need to know of one clip, as int64 arrays by name.

    truth: `semantic`, `instance` `(T, H, W)`, `labels` `(N,)`; and where they are there `flow_forward` with
    its mask, a `posterior` `(T, 11, H, W)`, and what breakdowns need. `tracking` adds HOTA, J&F
    and VIS AP, which need the `tracking` extra.
    """
    semantic = truth["semantic"]
    table = confusion(semantic, prediction.semantic)
    counts = {
        "confusion": table,
        "boundary": boundary_counts(semantic, prediction.semantic),
        "consistency": consistency_counts(semantic, prediction.semantic, CONSISTENCY_FRAMES),
        "clip_miou": _clip_miou(table),
        **breakdown_counts(truth, prediction.semantic),
        **_segment_counts(truth, prediction, tracking),
    }
    if "flow_forward" in truth:
        flow, valid = truth["flow_forward"], truth["flow_forward_valid"]
        counts["warped"] = warped_confusion(prediction.semantic, flow, valid)
    if prediction.probabilities is not None:
        counts |= _probability_counts(truth, prediction.probabilities)
    return counts | posterior_counts(truth, prediction)


def _clip_miou(table: Counts) -> Counts:
    score = segmentation.mean_iou(table, background=False)
    return np.array([0, 0] if np.isnan(score) else [to_fixed(score), 1], dtype=np.int64)


def _segment_counts(truth: Truth, prediction: Prediction, tracking: bool) -> dict[str, Counts]:
    if prediction.instance is None:
        instance, classes = segments_from_classes(prediction.semantic)
    else:
        instance, classes = classes_of_segments(prediction.instance, prediction.semantic)
    labels = truth["labels"].tolist()
    overlap = overlaps(truth["instance"], instance, len(labels), len(classes))
    counts = {
        f"panoptic_{k}": panoptic.panoptic_counts(overlap, labels, classes, k) for k in panoptic.WINDOWS
    }
    counts["association"] = panoptic.association_sums(overlap)
    if tracking:
        counts |= tracking_counts(truth["instance"], instance, overlap)
        counts |= average_precision.track_counts(
            average_precision.true_tracks(truth["instance"], labels),
            average_precision.predicted_tracks(instance, classes, prediction),
        )
    return counts


def _probability_counts(truth: Truth, probabilities: calibration.Probabilities) -> dict[str, Counts]:
    pixels = calibration.pixel_scores(truth["semantic"], probabilities)
    counts = calibration.calibration_sums(truth["semantic"], pixels)
    counts["levels"] = selective.confidence_counts(pixels.confidence, pixels.correct)
    return counts


def scores_of(counts: Mapping[str, Counts]) -> dict[str, Scores]:
    """Return every score that these sums allow; leading axes (bootstrap replicates) pass through."""
    table = counts["confusion"]
    scores = {
        "miou": segmentation.mean_iou(table),
        "miou_foreground": segmentation.mean_iou(table, background=False),
        "clip_miou_foreground": calibration.mean_of(counts["clip_miou"][..., 0], counts["clip_miou"][..., 1]),
        "foreground_accuracy": segmentation.foreground_accuracy(table),
        "pixel_accuracy": segmentation.pixel_accuracy(table),
        "boundary_iou": segmentation.boundary_iou(counts["boundary"]),
        "vc8": segmentation.video_consistency(counts["consistency"]),
        "vc8_truth_blind": segmentation.video_steadiness(counts["consistency"]),
    }
    if "warped" in counts:
        scores["tc"] = segmentation.temporal_consistency(counts["warped"])
    windows = [panoptic.video_panoptic_quality(counts[f"panoptic_{k}"]) for k in panoptic.WINDOWS]
    scores["vpq"] = np.mean(windows, axis=0)
    scores |= {f"vpq_{k}": score for k, score in zip(panoptic.WINDOWS, windows, strict=True)}
    scores["stq"] = panoptic.segmentation_tracking_quality(counts["association"], table)
    scores["aq"] = panoptic.association_quality(counts["association"])
    if "track_levels" in counts:
        scores["vis_ap"] = np.asarray(average_precision.vis_average_precision(counts))
    return scores | tracking_scores(counts) | _probability_scores(counts) | posterior_scores(counts)


def _probability_scores(counts: Mapping[str, Counts]) -> dict[str, Scores]:
    if "nll" not in counts:
        return {}
    scores = {}
    for which, suffix in enumerate(("", "_foreground")):
        pixels = counts["pixels"][..., which]
        scores[f"nll{suffix}"] = calibration.mean_of(counts["nll"][..., which], pixels)
        scores[f"brier{suffix}"] = calibration.mean_of(counts["brier"][..., which], pixels)
        scores[f"ece{suffix}"] = calibration.expected_calibration_error(counts["bins"][..., which, :, :])
    return scores | selective.selective_scores(counts)
