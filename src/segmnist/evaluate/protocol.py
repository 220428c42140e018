"""The protocol: one clip -> counts -> tally -> scores. `Evaluation` streams clips and merges exactly."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.evaluate import ambiguity, calibration, panoptic, segmentation, selective
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
from segmnist.evaluate.predictions import BadPrediction, Prediction
from segmnist.evaluate.segmentation import Scores, ratio
from segmnist.evaluate.tally import NUM_REPLICATES, Tally
from segmnist.evaluate.tracking import tracking_counts, tracking_scores

CONSISTENCY_FRAMES = 8
"""n of VC_n."""

PLAIN = frozenset({*BREAKDOWNS, "levels", "oracle_levels"})
"""Counts without bootstrap replicates: thousands of numbers, or tables that report no interval."""

NUM_WORST = 6
"""Clips that the page shows."""


def clip_counts(truth: Truth, prediction: Prediction, *, tracking: bool = False) -> dict[str, Counts]:
    """Return everything that scores need to know of one clip, as int64 arrays by name.

    truth: `semantic`, `instance` `(T, H, W)`, `labels` `(N,)`; and where they are there `flow_forward` with
    its mask, a `posterior` `(T, 11, H, W)`, and what breakdowns need. `tracking` adds HOTA and J&F, which
    need the `tracking` extra.
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
    if "posterior" in truth:
        counts |= _oracle_counts(truth, prediction.probabilities)
    return counts


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
    return counts | (tracking_counts(truth["instance"], instance, overlap) if tracking else {})


def _probability_counts(truth: Truth, probabilities: calibration.Probabilities) -> dict[str, Counts]:
    pixels = calibration.pixel_scores(truth["semantic"], probabilities)
    counts = calibration.calibration_sums(truth["semantic"], pixels)
    counts["levels"] = selective.confidence_counts(pixels.confidence, pixels.correct)
    return counts


def _oracle_counts(truth: Truth, probabilities: calibration.Probabilities | None) -> dict[str, Counts]:
    """Return what the exact posterior itself scores on this clip, and how far the model's probabilities are
    from it.
    """
    posterior = truth["posterior"]
    pixels = calibration.pixel_scores(truth["semantic"], posterior)
    counts = {
        "oracle_confusion": confusion(truth["semantic"], posterior.argmax(axis=1).astype(np.uint8)),
        "oracle_nll": to_fixed(pixels.nll.sum(dtype=np.float64)),
        "oracle_levels": selective.confidence_counts(pixels.confidence, pixels.correct),
    }
    if probabilities is not None:
        counts["excess_nll"] = to_fixed(ambiguity.excess_nll(posterior, probabilities).sum())
        counts["entropy_error"] = to_fixed(ambiguity.entropy_error(posterior, probabilities).sum())
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
    return scores | tracking_scores(counts) | _probability_scores(counts) | _oracle_scores(counts)


def _probability_scores(counts: Mapping[str, Counts]) -> dict[str, Scores]:
    if "nll" not in counts:
        return {}
    scores = {}
    for which, suffix in enumerate(("", "_foreground")):
        pixels = counts["pixels"][..., which]
        scores[f"nll{suffix}"] = calibration.mean_of(counts["nll"][..., which], pixels)
        scores[f"brier{suffix}"] = calibration.mean_of(counts["brier"][..., which], pixels)
        scores[f"ece{suffix}"] = calibration.expected_calibration_error(counts["bins"][..., which, :, :])
    return scores | _selective_scores(counts, "")


def _oracle_scores(counts: Mapping[str, Counts]) -> dict[str, Scores]:
    if "oracle_confusion" not in counts:
        return {}
    table = counts["oracle_confusion"]
    scores = {
        "oracle_foreground_accuracy": segmentation.foreground_accuracy(table),
        "oracle_miou_foreground": segmentation.mean_iou(table, background=False),
    }
    for name in ("oracle_nll", "excess_nll", "entropy_error"):
        if name in counts:
            scores[name] = calibration.mean_of(counts[name], table.sum(axis=(-2, -1)))
    return scores | _selective_scores(counts, "oracle_")


def _selective_scores(counts: Mapping[str, Counts], prefix: str) -> dict[str, Scores]:
    # The levels have no replicates, so these scores have no intervals.
    if f"{prefix}levels" not in counts:
        return {}
    levels = counts[f"{prefix}levels"]
    scores = {"aurc": selective.aurc(levels), "augrc": selective.augrc(levels)}
    return {f"{prefix}{name}": np.asarray(score) for name, score in scores.items()}


class Evaluation:
    """Scores of a stream of clips, in constant memory but for the clip ids; shards merge exactly, in any
    order.

    >>> truth = {"semantic": np.full((2, 16, 20), 10, np.uint8), "instance": np.zeros((2, 16, 20), np.uint8),
    ...          "labels": np.zeros(0, np.uint8)}
    >>> evaluation = Evaluation()
    >>> evaluation.add(0, truth, Prediction(truth["semantic"]))
    >>> float(evaluation.scores()["miou"])
    1.0
    """

    def __init__(self, *, tracking: bool = False, num_replicates: int = NUM_REPLICATES) -> None:
        self.tracking = tracking
        self.tally = Tally(num_replicates)
        self.clip_ids: set[int] = set()
        self._worst: list[tuple[float, int]] = []

    def add(self, clip_id: int, truth: Truth, prediction: Prediction) -> None:
        """Score one clip. Raises `BadPrediction` if the clip came before, or mixes with another kind of
        prediction.
        """
        if clip_id in self.clip_ids:
            raise BadPrediction(f"clip {clip_id}: given twice")
        counts = clip_counts(truth, prediction, tracking=self.tracking)
        self.tally.add(clip_id, counts, PLAIN)
        self.clip_ids.add(clip_id)
        right = float(ratio(counts["clip_miou"][0], counts["clip_miou"][1]))
        if not np.isnan(right):
            self._keep_worst([(-right, -clip_id)])

    def merge(self, other: Evaluation) -> None:
        """Take in another shard's clips. Raises `BadPrediction` for a clip in both."""
        both = self.clip_ids & other.clip_ids
        if both:
            raise BadPrediction(f"clip {min(both)}: given twice")
        self.tally.merge(other.tally)
        self.clip_ids |= other.clip_ids
        self._keep_worst(other._worst)

    def _keep_worst(self, clips: list[tuple[float, int]]) -> None:
        self._worst = heapq.nlargest(NUM_WORST, self._worst + clips)

    def worst(self) -> list[int]:
        """Return the ids of the clips with the lowest foreground mIoU, the worst first; ties go to the lower
        id.
        """
        return [-clip_id for _, clip_id in self._worst]

    def scores(self) -> dict[str, float]:
        """Return every score by name, NaN where it is not defined."""
        return {name: float(value) for name, value in scores_of(self.tally.sums).items()}

    def intervals(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Return percentile bootstrap intervals, clips resampled with Poisson weights; of scores that have
        replicates.
        """
        tails = [(1 - level) / 2, (1 + level) / 2]
        replicates = scores_of(self.tally.replicates)
        return {name: _interval(values, tails) for name, values in replicates.items()}

    def counts(self, name: str) -> Counts:
        """Return one of the sums, for instance `confusion` `(11, 11)` or `visibility` `(5, 4)`."""
        return self.tally.sums[name]


def _interval(values: NDArray[Any], tails: list[float]) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, tails)
    return float(low), float(high)
