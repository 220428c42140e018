"""VPQ and STQ from the overlaps of true and predicted digits. No reference package installs for them; these
are ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segmnist.classes import BACKGROUND, NUM_CLASSES
from segmnist.evaluate.counts import Counts, windows_of
from segmnist.evaluate.fixed import from_fixed, to_fixed
from segmnist.evaluate.segmentation import Scores, mean_iou, nanmean, ratio

VPQ_WINDOWS = (1, 2, 4, 6)
"""Lengths k of the windows, as for VIPSeg."""


def panoptic_counts(
    overlap: Counts, true_classes: Sequence[int], classes: Sequence[int], num_frames: int
) -> Counts:
    """Return per class the sum of IoU in fixed point, and true positives, false positives, false negatives,
    `(4, 11)`.

    overlap: `(T, 1+N, 1+M)` pixels shared by each pair of ids, background first; true_classes `(N,)` and
    classes `(M,)` are the ids' classes. Within each window of `num_frames` a tube matches one of its class at
    IoU > 1/2, which is unique. A clip shorter than the window is one window.
    """
    shared = windows_of(overlap, min(num_frames, len(overlap)))
    truth, prediction = shared.sum(axis=2), shared.sum(axis=1)
    rows, columns = np.array([BACKGROUND, *true_classes]), np.array([BACKGROUND, *classes])
    iou = ratio(shared, truth[:, :, None] + prediction[:, None, :] - shared)
    matched = (iou > 0.5) & (rows[:, None] == columns[None, :])
    counts = np.zeros((4, NUM_CLASSES), dtype=np.int64)
    _, row, _ = np.nonzero(matched)
    np.add.at(counts[0], rows[row], to_fixed(iou[matched]))
    np.add.at(counts[1], rows[row], 1)
    for line, present, found, names in (
        (2, prediction > 0, matched.any(axis=1), columns),
        (3, truth > 0, matched.any(axis=2), rows),
    ):
        np.add.at(counts[line], names[np.nonzero(present & ~found)[1]], 1)
    return counts


def video_panoptic_quality(counts: Counts) -> Scores:
    """Return VPQ_k of `(..., 4, 11)` counts: sum of IoU / (TP + FP/2 + FN/2), mean over the classes that
    occur.

    Source: Kim et al., "Video panoptic segmentation", CVPR 2020.
    """
    iou, hits, false, missed = (
        from_fixed(counts[..., 0, :]),
        counts[..., 1, :],
        counts[..., 2, :],
        counts[..., 3, :],
    )
    return nanmean(ratio(iou, hits + (false + missed) / 2))


def association_sums(overlap: Counts) -> Counts:
    """Return the sum over true digits of their association quality in fixed point, and their number, `(2,)`
    int64.

    A true digit g of |g| pixels has quality 1/|g| * sum over predicted digits p of |p and g| * IoU(p, g),
    tubes over the whole clip.
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
