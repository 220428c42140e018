"""Boundary IoU: how well the outlines of digits agree."""

from __future__ import annotations

from collections.abc import Mapping

from segmnist.evaluate.arithmetic import Counts, Scores, nanmean, ratio
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.scored_clip import ScoredClip


def boundary_iou(counts: Counts) -> Scores:
    """Return Boundary IoU, mean over the digits that occur, from `(..., 3, C)` boundary counts.

    Source: Cheng et al., "Boundary IoU", CVPR 2021.
    """
    truth, prediction, both = counts[..., 0, :], counts[..., 1, :], counts[..., 2, :]
    return nanmean(ratio(both, truth + prediction - both)[..., :-1])


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    return {"boundary": clip.tables.boundary}


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
