"""Association quality and STQ: whether ids follow the digits, and classes are right."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from segmnist.evaluate.arithmetic import Counts, Scores, from_fixed, ratio, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.metrics.confusion import mean_iou
from segmnist.evaluate.scored_clip import ScoredClip


def association_sums(shared: Counts) -> Counts:
    """Return the sum of the true digits' association qualities in fixed point, and their number, `(2,)`.

    shared: `(1+N, 1+P)` pixels by true digit and predicted tube; row 0 is the background's, column 0 is for pixels in no tube.
    A true digit g of |g| pixels has quality 1/|g| * sum over tubes p of |p and g| * IoU(p, g).
    """
    found = np.flatnonzero(shared[:, 1:].any(axis=0)) + 1
    size, area, common = shared[1:].sum(axis=1), shared[:, found].sum(axis=0), shared[1:, found]
    union = size[:, None] + area[None, :] - common
    quality = ratio((common * np.nan_to_num(ratio(common, union))).sum(axis=1), size)
    seen = ~np.isnan(quality)
    return np.array([to_fixed(quality[seen]).sum(), seen.sum()], dtype=np.int64)


def tubes_of_ids(pixels: Counts) -> Counts:
    """Return pixels by true digit and tube, `(1+N, 1+P)`, of `(1+N, 1+M, C)` pixels by true digit, id and class.

    As in the reference (deeplab2, STQuality) a tube has the pixels of one id and one class, so that an id whose pixels have
    several classes is split, and pixels called background are in no tube.
    """
    tubes = pixels[:, :, :-1].reshape(len(pixels), -1)
    return np.concatenate([pixels[:, :, -1].sum(axis=1, keepdims=True), tubes], axis=1)


def association_quality(sums: Counts) -> Scores:
    """Return AQ, the mean association quality of the true digits, from `(..., 2)` sums; 0 without any."""
    return np.nan_to_num(ratio(from_fixed(sums[..., 0]), sums[..., 1]))


def segmentation_tracking_quality(sums: Counts, confusion: Counts) -> Scores:
    """Return STQ = sqrt(AQ * SQ), SQ being the mean IoU with background.

    Source: Weber et al., "STEP: Segmenting and tracking every pixel", NeurIPS 2021.
    """
    return np.asarray(np.sqrt(association_quality(sums) * mean_iou(confusion)))


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    # Of a model without ids each class is a tube, and its digit.
    shared = tubes_of_ids(clip.tables.tubes) if clip.has_ids else clip.tables.overlap.sum(axis=0)
    return {"association": association_sums(shared)}


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    return {
        "stq": segmentation_tracking_quality(sums["association"], sums["confusion"]),
        "aq": association_quality(sums["association"]),
    }


METRIC = Metric(
    title="Segmentation and tracking quality",
    place=61,
    rows={"stq": Row("STQ"), "aq": Row("association quality")},
    counted=("association",),
    counts=_counts,
    scores=_scores,
)
