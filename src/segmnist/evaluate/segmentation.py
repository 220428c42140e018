"""Scores of hard maps from counts. Leading axes pass through, so that bootstrap replicates are scored in one
call.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segmnist.classes import BACKGROUND, NUM_CLASSES
from segmnist.evaluate.counts import Counts

Scores = NDArray[np.float64]


def ratio(part: ArrayLike, whole: ArrayLike) -> Scores:
    """Return part / whole, NaN where whole is 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    empty = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    return np.asarray(np.divide(part, whole, out=empty, where=whole != 0))


def nanmean(values: Scores) -> Scores:
    """Return the mean over the last axis without its NaNs; NaN where there is nothing else."""
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))


def iou_per_class(confusion: Counts) -> Scores:
    """Return J_c = TP / (TP + FP + FN) of a `(..., C, C)` confusion, `(..., C)`; NaN for a class seen
    nowhere.
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return ratio(hits, confusion.sum(axis=-1) + confusion.sum(axis=-2) - hits)


def mean_iou(confusion: Counts, *, background: bool = True) -> Scores:
    """Return the mean of J_c over the classes that occur in truth or prediction, `(...)`.

    One confusion over the whole data set (torchmetrics' `JaccardIndex(average="macro")` agrees where every
    class occurs), not a mean of per-clip scores. Without background the mean runs over the ten digits.

    >>> float(mean_iou(np.diag([1] * 10 + [90])))
    1.0
    """
    iou = iou_per_class(confusion)
    return nanmean(iou if background else iou[..., :BACKGROUND])


def pixel_accuracy(confusion: Counts) -> Scores:
    """Return the share of pixels called right. Predicting only background already gives about .91 on
    `standard`.
    """
    return ratio(np.trace(confusion, axis1=-2, axis2=-1), confusion.sum(axis=(-2, -1)))


def foreground_accuracy(confusion: Counts) -> Scores:
    """Return the share of digit pixels that got their digit's class, `(...)`; predicting only background
    gives 0.
    """
    digits = confusion[..., :BACKGROUND, :]
    return ratio(np.trace(digits, axis1=-2, axis2=-1), digits.sum(axis=(-2, -1)))


def boundary_iou(counts: Counts) -> Scores:
    """Return Boundary IoU, mean over the digits that occur, from `(..., 3, 11)` boundary counts.

    Source: Cheng et al., "Boundary IoU", CVPR 2021.
    """
    truth, prediction, both = counts[..., 0, :], counts[..., 1, :], counts[..., 2, :]
    return nanmean(ratio(both, truth + prediction - both)[..., :BACKGROUND])


def video_consistency(counts: Counts) -> Scores:
    """Return the share of truth-constant pixels whose prediction is constant and correct, from `(..., 3)`
    counts.

    The headline form: a constant predictor earns only what it gets right.
    """
    return ratio(counts[..., 1], counts[..., 0])


def video_steadiness(counts: Counts) -> Scores:
    """Return the share of truth-constant pixels whose prediction is constant, right or wrong, from `(..., 3)`
    counts.

    What published VC code measures (Miao et al., "VSPW", CVPR 2021): a constant predictor scores 1.
    """
    return ratio(counts[..., 2], counts[..., 0])


def temporal_consistency(warped: Counts) -> Scores:
    """Return TC: mean IoU between each frame's prediction and the next one's along the flow, digits only.

    From a `(..., 11, 11)` warped confusion. Source: Liu et al., "Efficient semantic video segmentation with
    per-frame inference", ECCV 2020; there the flow was estimated, here it is exact. NaN where no digit was
    predicted.
    """
    return mean_iou(warped, background=False)


def all_background_accuracy(confusion: Counts) -> Scores:
    """Return the pixel accuracy that predicting only background would have had: the floor to compare with."""
    truth = confusion.sum(axis=-1)
    return ratio(truth[..., NUM_CLASSES - 1], truth.sum(axis=-1))
