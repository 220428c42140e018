"""Boundary IoU: how well the outlines of digits agree."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import NUM_CLASSES
from segmnist.evaluate.arithmetic import Counts, Maps, Scores, nanmean, ratio
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.scored_clip import ScoredClip


def boundary(maps: Maps, distance: int = 1) -> NDArray[np.bool_]:
    """Return the pixels within `distance` (chessboard) of another label or of the frame's edge.

    `(T, H, W)` bool: the union over labels of what a (2d+1)-square erosion takes from each label's mask,
    the bands of Boundary IoU. Ignored pixels are like what lies outside the frame.
    """
    from segmnist.evaluate.kernels import find_boundary

    found = np.empty(maps.shape, np.uint8)
    find_boundary(np.ascontiguousarray(maps), distance, found)
    return found.view(bool)


def boundary_counts(
    truth: Maps, prediction: Maps, distance: int = 1, num_classes: int = NUM_CLASSES
) -> Counts:
    """Return per class the boundary pixels of truth, of the prediction, and of both, `(3, num_classes)` int64."""
    from segmnist.evaluate.kernels import count_boundaries

    table = np.zeros((3, num_classes), np.int64)
    maps = (truth, prediction, boundary(truth, distance), boundary(prediction, distance))
    count_boundaries(*map(np.ascontiguousarray, maps), table)
    return table


def boundary_iou(counts: Counts) -> Scores:
    """Return Boundary IoU, mean over the digits that occur, from `(..., 3, C)` boundary counts.

    Source: Cheng et al., "Boundary IoU", CVPR 2021.
    """
    truth, prediction, both = counts[..., 0, :], counts[..., 1, :], counts[..., 2, :]
    return nanmean(ratio(both, truth + prediction - both)[..., :-1])


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    return {"boundary": boundary_counts(clip.semantic, clip.predicted, num_classes=clip.num_classes)}


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
