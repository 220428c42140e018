"""Video panoptic quality, from the overlaps of true and predicted digits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from segmnist.classes import NUM_CLASSES
from segmnist.evaluate.arithmetic import Counts, Scores, from_fixed, nanmean, ratio, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.scored_clip import ScoredClip

WINDOWS = (1, 2, 4, 6)
"""Lengths k of the windows, as for VIPSeg."""


def panoptic_counts(
    overlap: Counts,
    true_classes: Sequence[int],
    classes: Sequence[int],
    num_frames: int,
    num_classes: int = NUM_CLASSES,
) -> Counts:
    """Return per class the sum of IoU in fixed point, then TP, FP and FN, `(4, num_classes)`.

    overlap: `(T, 1+N, 1+M)` pixels shared by each pair of ids, background first; true_classes `(N,)` and
    classes `(M,)` are the ids' classes. Within each window of `num_frames` a tube matches one of its class
    at IoU > 1/2, which is unique. A clip shorter than the window is one window.
    """
    shared = windows_of(overlap, min(num_frames, len(overlap)))
    truth, prediction = shared.sum(axis=2), shared.sum(axis=1)
    rows, columns = (np.array([num_classes - 1, *each]) for each in (true_classes, classes))
    iou = ratio(shared, truth[:, :, None] + prediction[:, None, :] - shared)
    matched = (iou > 0.5) & (rows[:, None] == columns[None, :])
    counts = np.zeros((4, num_classes), dtype=np.int64)
    _, row, _ = np.nonzero(matched)
    np.add.at(counts[0], rows[row], to_fixed(iou[matched]))
    np.add.at(counts[1], rows[row], 1)
    for line, present, found, names in (
        (2, prediction > 0, matched.any(axis=1), columns),
        (3, truth > 0, matched.any(axis=2), rows),
    ):
        np.add.at(counts[line], names[np.nonzero(present & ~found)[1]], 1)
    return counts


def windows_of(table: Counts, num_frames: int) -> Counts:
    """Return the sums of a `(T, ...)` table over every window of frames, `(T - num_frames + 1, ...)`."""
    total = np.concatenate([np.zeros((1, *table.shape[1:]), np.int64), table.cumsum(axis=0)])
    return np.asarray(total[num_frames:] - total[:-num_frames])


def video_panoptic_quality(counts: Counts) -> Scores:
    """Return VPQ_k of `(..., 4, C)` counts.

    The sum of IoU / (TP + FP/2 + FN/2), mean over the classes that occur.

    Source: Kim et al., "Video panoptic segmentation", CVPR 2020.
    """
    iou, hits, false, missed = np.moveaxis(counts, -2, 0)
    return nanmean(ratio(from_fixed(iou), hits + (false + missed) / 2))


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    known = clip.truth["labels"].tolist(), clip.segments.classes
    return {f"panoptic_{k}": panoptic_counts(clip.overlap, *known, k, clip.num_classes) for k in WINDOWS}


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
