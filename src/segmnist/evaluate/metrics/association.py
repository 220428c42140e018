"""Association quality and STQ: whether ids follow the digits, and classes are right."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from segmnist.evaluate.arithmetic import Counts, Scores, from_fixed, ratio, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.metrics.confusion import mean_iou
from segmnist.evaluate.scored_clip import ScoredClip


def association_sums(overlap: Counts) -> Counts:
    """Return the sum of the true digits' association qualities in fixed point, and their number, `(2,)`.

    overlap: `(T, 1+N, 1+M)` pixels shared by each pair of ids, background first. A true digit g of |g|
    pixels has quality 1/|g| * sum over predicted digits p of |p and g| * IoU(p, g), tubes over the whole
    clip.
    """
    shared = overlap.sum(axis=0)
    truth, prediction = shared.sum(axis=1), shared.sum(axis=0)
    pairs = shared[1:, 1:]
    union = truth[1:, None] + prediction[None, 1:] - pairs
    quality = ratio((pairs * np.where(union > 0, pairs / np.maximum(union, 1), 0)).sum(axis=1), truth[1:])
    seen = ~np.isnan(quality)
    return np.array([to_fixed(quality[seen]).sum(), seen.sum()], dtype=np.int64)


def association_quality(sums: Counts) -> Scores:
    """Return AQ, the mean association quality of the true digits, from `(..., 2)` sums."""
    return ratio(from_fixed(sums[..., 0]), sums[..., 1])


def segmentation_tracking_quality(sums: Counts, confusion: Counts) -> Scores:
    """Return STQ = sqrt(AQ * SQ), SQ being the mean IoU with background.

    Source: Weber et al., "STEP: Segmenting and tracking every pixel", NeurIPS 2021.
    """
    return np.asarray(np.sqrt(association_quality(sums) * mean_iou(confusion)))


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    return {"association": association_sums(clip.overlap)}


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
