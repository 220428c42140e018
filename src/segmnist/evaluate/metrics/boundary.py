"""Boundary IoU: how well the outlines of digits agree."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import BACKGROUND, IGNORE, NUM_CLASSES
from segmnist.evaluate.arithmetic import Counts, Maps, Scores, nanmean, ratio
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.scored_clip import ScoredClip


def boundary(maps: Maps, distance: int = 1) -> NDArray[np.bool_]:
    """Return the pixels within `distance` (chessboard) of another label or of the frame's edge.

    `(T, H, W)` bool: the union over labels of what a (2d+1)-square erosion takes from each label's mask,
    the bands of Boundary IoU. Ignored pixels are like what lies outside the frame.
    """
    T, H, W = maps.shape
    inside = np.ones((T, H, W), dtype=bool)
    padded = np.full((T, H + 2 * distance, W + 2 * distance), IGNORE, dtype=np.uint8)
    padded[:, distance : distance + H, distance : distance + W] = maps
    for dy in range(2 * distance + 1):
        for dx in range(2 * distance + 1):
            inside &= padded[:, dy : dy + H, dx : dx + W] == maps
    return ~inside


def boundary_counts(truth: Maps, prediction: Maps, distance: int = 1) -> Counts:
    """Return per class the boundary pixels of truth, of the prediction, and of both, `(3, 11)` int64."""
    near_truth, near_prediction = boundary(truth, distance), boundary(prediction, distance)
    both = near_truth & near_prediction & (truth == prediction)
    return np.stack([_per_class(m) for m in (truth[near_truth], prediction[near_prediction], truth[both])])


def _per_class(classes: Maps) -> Counts:
    return np.bincount(classes, minlength=NUM_CLASSES)[:NUM_CLASSES].astype(np.int64)


def boundary_iou(counts: Counts) -> Scores:
    """Return Boundary IoU, mean over the digits that occur, from `(..., 3, 11)` boundary counts.

    Source: Cheng et al., "Boundary IoU", CVPR 2021.
    """
    truth, prediction, both = counts[..., 0, :], counts[..., 1, :], counts[..., 2, :]
    return nanmean(ratio(both, truth + prediction - both)[..., :BACKGROUND])


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    return {"boundary": boundary_counts(clip.semantic, clip.predicted)}


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    return {"boundary_iou": boundary_iou(sums["boundary"])}


METRIC = Metric(
    title="Boundary IoU",
    place=40,
    rows={"boundary_iou": Row("Boundary IoU")},
    counted=("boundary",),
    counts=_counts,
    scores=_scores,
)
