"""From one clip to counts, and from their sums to scores: every count and score by its name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from segmnist.evaluate.against_posterior import PLAIN as PLAIN_OF_POSTERIOR
from segmnist.evaluate.against_posterior import posterior_counts, posterior_scores
from segmnist.evaluate.average_precision import PLAIN as PLAIN_OF_TRACKS
from segmnist.evaluate.average_precision import (
    predicted_tracks,
    track_counts,
    true_tracks,
    vis_average_precision,
)
from segmnist.evaluate.breakdown import BREAKDOWNS, Truth, breakdown_counts
from segmnist.evaluate.calibration import (
    Probabilities,
    calibration_sums,
    expected_calibration_error,
    mean_of,
    pixel_scores,
)
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
from segmnist.evaluate.panoptic import (
    VPQ_WINDOWS,
    association_quality,
    association_sums,
    panoptic_counts,
    segmentation_tracking_quality,
    video_panoptic_quality,
)
from segmnist.evaluate.predictions import Prediction
from segmnist.evaluate.segmentation import (
    Scores,
    boundary_iou,
    foreground_accuracy,
    mean_iou,
    pixel_accuracy,
    temporal_consistency,
    video_consistency,
    video_steadiness,
)
from segmnist.evaluate.selective import confidence_counts, selective_scores
from segmnist.evaluate.tracking import tracking_counts, tracking_scores

CONSISTENCY_FRAMES = 8
"""n of VC_n."""

PLAIN = frozenset({*BREAKDOWNS, "levels"}) | PLAIN_OF_POSTERIOR | PLAIN_OF_TRACKS
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
    score = mean_iou(table, background=False)
    return np.array([0, 0] if np.isnan(score) else [to_fixed(score), 1], dtype=np.int64)


def _segment_counts(truth: Truth, prediction: Prediction, tracking: bool) -> dict[str, Counts]:
    if prediction.instance is None:
        instance, classes = segments_from_classes(prediction.semantic)
    else:
        instance, classes = classes_of_segments(prediction.instance, prediction.semantic)
    labels = truth["labels"].tolist()
    overlap = overlaps(truth["instance"], instance, len(labels), len(classes))
    counts = {f"panoptic_{k}": panoptic_counts(overlap, labels, classes, k) for k in VPQ_WINDOWS}
    counts["association"] = association_sums(overlap)
    if tracking:
        counts |= tracking_counts(truth["instance"], instance, overlap)
        counts |= track_counts(
            true_tracks(truth["instance"], labels),
            predicted_tracks(instance, classes, prediction),
        )
    return counts


def _probability_counts(truth: Truth, probabilities: Probabilities) -> dict[str, Counts]:
    pixels = pixel_scores(truth["semantic"], probabilities)
    counts = calibration_sums(truth["semantic"], pixels)
    counts["levels"] = confidence_counts(pixels.confidence, pixels.correct)
    return counts


def scores_of(counts: Mapping[str, Counts]) -> dict[str, Scores]:
    """Return every score that these sums allow; leading axes (bootstrap replicates) pass through."""
    table = counts["confusion"]
    scores = {
        "miou": mean_iou(table),
        "miou_foreground": mean_iou(table, background=False),
        "clip_miou_foreground": mean_of(counts["clip_miou"][..., 0], counts["clip_miou"][..., 1]),
        "foreground_accuracy": foreground_accuracy(table),
        "pixel_accuracy": pixel_accuracy(table),
        "boundary_iou": boundary_iou(counts["boundary"]),
        "vc8": video_consistency(counts["consistency"]),
        "vc8_truth_blind": video_steadiness(counts["consistency"]),
    }
    if "warped" in counts:
        scores["tc"] = temporal_consistency(counts["warped"])
    windows = [video_panoptic_quality(counts[f"panoptic_{k}"]) for k in VPQ_WINDOWS]
    scores["vpq"] = np.mean(windows, axis=0)
    scores |= {f"vpq_{k}": score for k, score in zip(VPQ_WINDOWS, windows, strict=True)}
    scores["stq"] = segmentation_tracking_quality(counts["association"], table)
    scores["aq"] = association_quality(counts["association"])
    if "track_levels" in counts:
        scores["vis_ap"] = np.asarray(vis_average_precision(counts))
    return scores | tracking_scores(counts) | _probability_scores(counts) | posterior_scores(counts)


def _probability_scores(counts: Mapping[str, Counts]) -> dict[str, Scores]:
    if "nll" not in counts:
        return {}
    scores = {}
    for which, suffix in enumerate(("", "_foreground")):
        pixels = counts["pixels"][..., which]
        scores[f"nll{suffix}"] = mean_of(counts["nll"][..., which], pixels)
        scores[f"brier{suffix}"] = mean_of(counts["brier"][..., which], pixels)
        scores[f"ece{suffix}"] = expected_calibration_error(counts["bins"][..., which, :, :])
    return scores | selective_scores(counts)
