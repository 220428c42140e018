"""Temporal consistency: whether predictions move as the scene does."""

from __future__ import annotations

from collections.abc import Mapping

from segmnist.evaluate.arithmetic import Counts, Scores
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.metrics.confusion import mean_iou
from segmnist.evaluate.scored_clip import ScoredClip


def temporal_consistency(warped: Counts) -> Scores:
    """Return TC: mean IoU between each frame's prediction and the next one's along the flow, digits only.

    From a `(..., C, C)` warped confusion. Source: Liu et al., "Efficient semantic video segmentation with
    per-frame inference", ECCV 2020; there the flow was estimated, here it is exact. NaN where no digit was
    predicted.
    """
    return mean_iou(warped, background=False)


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    return {"warped": clip.tables.warped} if "flow_forward" in clip.truth else {}


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    return {"tc": temporal_consistency(sums["warped"])}


METRIC = Metric(
    title="Temporal consistency",
    place=51,
    rows={"tc": Row("temporal consistency")},
    counted=("warped",),
    counts=_counts,
    scores=_scores,
)
