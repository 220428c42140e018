"""Temporal consistency: whether predictions move as the scene does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import IGNORE
from segmnist.evaluate.arithmetic import Counts, Maps, Scores
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.metrics.confusion import confusion, mean_iou
from segmnist.evaluate.scored_clip import ScoredClip


def warped_confusion(prediction: Maps, flow: NDArray[np.float32], valid: NDArray[np.bool_]) -> Counts:
    """Return the confusion of each frame's prediction with the next frame's along the flow, `(11, 11)`.

    flow: `(T, H, W, 2)` pixels to the next frame as (dx, dy); valid: `(T, H, W)`. Pixels without a valid
    flow, or that leave the frame, count nowhere; nor do ignored ones.
    """
    T, H, W = prediction.shape
    frame, y, x = np.nonzero(valid[: T - 1])
    moved = np.rint(flow[frame, y, x]).astype(np.intp)
    to_x, to_y = x + moved[:, 0], y + moved[:, 1]
    kept = (to_x >= 0) & (to_x < W) & (to_y >= 0) & (to_y < H)
    now = prediction[frame[kept], y[kept], x[kept]]
    following = prediction[frame[kept] + 1, to_y[kept], to_x[kept]]
    return confusion(now[following != IGNORE], following[following != IGNORE])


def temporal_consistency(warped: Counts) -> Scores:
    """Return TC: mean IoU between each frame's prediction and the next one's along the flow, digits only.

    From a `(..., 11, 11)` warped confusion. Source: Liu et al., "Efficient semantic video segmentation with
    per-frame inference", ECCV 2020; there the flow was estimated, here it is exact. NaN where no digit was
    predicted.
    """
    return mean_iou(warped, background=False)


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    if "flow_forward" not in clip.truth:
        return {}
    flow, valid = clip.truth["flow_forward"], clip.truth["flow_forward_valid"]
    return {"warped": warped_confusion(clip.predicted, flow, valid)}


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
