"""Video panoptic quality, from the overlaps of true and predicted digits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from segmnist.classes import NUM_CLASSES
from segmnist.evaluate.arithmetic import Counts, Scores, from_fixed, nanmean, ratio
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.scored_clip import ScoredClip

WINDOWS = (1, 2, 4, 6)
"""Lengths k of the windows, as for VIPSeg."""


def panoptic_counts(
    overlap: Counts, true_classes: Sequence[int], classes: Sequence[int], num_classes: int = NUM_CLASSES
) -> Counts:
    """Return per window length and class the sum of IoU in fixed point, then TP, FP and FN, `(4, 4, C)` int64.

    overlap: `(T, 1+N, 1+M)` pixels shared by each pair of ids, background first; true_classes `(N,)` and
    classes `(M,)` are the ids' classes. Within each window a tube matches one of its class at IoU > 1/2, which is unique. A
    clip shorter than the window is one window.
    """
    from segmnist.evaluate.kernels.matches import count_matches

    counts = np.zeros((len(WINDOWS), 4, num_classes), np.int64)
    rows, columns = (np.array([num_classes - 1, *each], np.int64) for each in (true_classes, classes))
    count_matches(overlap, rows, columns, np.array(WINDOWS, np.int64), counts)
    return counts


def video_panoptic_quality(counts: Counts) -> Scores:
    """Return VPQ_k of `(..., 4, C)` counts.

    The sum of IoU / (TP + FP/2 + FN/2), mean over the classes that occur.

    Source: Kim et al., "Video panoptic segmentation", CVPR 2020.
    """
    iou, hits, false, missed = np.moveaxis(counts, -2, 0)
    return nanmean(ratio(from_fixed(iou), hits + (false + missed) / 2))


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    labels = clip.truth["labels"].tolist()
    counts = panoptic_counts(clip.tables.overlap, labels, clip.predicted_labels, clip.num_classes)
    return {f"panoptic_{k}": of_length for k, of_length in zip(WINDOWS, counts, strict=True)}


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    qualities = {f"vpq_{k}": video_panoptic_quality(sums[f"panoptic_{k}"]) for k in WINDOWS}
    return {"vpq": np.mean(list(qualities.values()), axis=0), **qualities}


METRIC = Metric(
    title="Video panoptic quality",
    place=60,
    rows={"vpq": Row("VPQ")}
    | {f"vpq_{k}": Row(f"VPQ, windows of {k} frame{'s'[: k > 1]}", shown=False) for k in WINDOWS},
    counted=tuple(f"panoptic_{k}" for k in WINDOWS),
    counts=_counts,
    scores=_scores,
)
