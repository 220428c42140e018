"""Temporal consistency: whether predictions move as the scene does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import NUM_CLASSES
from segmnist.evaluate.arithmetic import Counts, Maps, Scores
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.metrics.confusion import mean_iou
from segmnist.evaluate.scored_clip import ScoredClip


def warped_confusion(
    prediction: Maps, flow: NDArray[np.float32], valid: NDArray[np.bool_], num_classes: int = NUM_CLASSES
) -> Counts:
    """Return the confusion of each frame's prediction with the next frame's along the flow, `(C, C)`.

    flow: `(T, H, W, 2)` pixels to the next frame as (dx, dy); valid: `(T, H, W)`. Pixels without a valid
    flow, or that leave the frame, count nowhere; nor do ignored ones.
    """
    from segmnist.evaluate.kernels import count_warped_pairs

    table = np.zeros((num_classes, num_classes), np.int64)
    count_warped_pairs(*map(np.ascontiguousarray, (prediction, flow, valid)), table)
    return table


def temporal_consistency(warped: Counts) -> Scores:
    """Return TC: mean IoU between each frame's prediction and the next one's along the flow, digits only.

    From a `(..., C, C)` warped confusion. Source: Liu et al., "Efficient semantic video segmentation with
    per-frame inference", ECCV 2020; there the flow was estimated, here it is exact. NaN where no digit was
    predicted.
    """
    return mean_iou(warped, background=False)


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    if "flow_forward" not in clip.truth:
        return {}
    flow, valid = clip.truth["flow_forward"], clip.truth["flow_forward_valid"]
    return {"warped": warped_confusion(clip.predicted, flow, valid, clip.num_classes)}


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
