"""mIoU and accuracies, from one confusion of classes over the whole data set."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from segmnist.classes import NUM_CLASSES
from segmnist.evaluate.arithmetic import Counts, Maps, Scores, mean_of, nanmean, ratio, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.scored_clip import ScoredClip


def confusion(truth: Maps, prediction: Maps, num_classes: int = NUM_CLASSES) -> Counts:
    """Return how many pixels of class i (row) were called class j (column), `(num_classes, num_classes)` int64.

    Both maps are uint8 of one shape, with classes below `num_classes`. Pixels of any other class count nowhere.

    >>> table = confusion(np.array([3, 3, 10], np.uint8), np.array([3, 5, 10], np.uint8))
    >>> int(table[3, 3]), int(table[3, 5]), int(table[10, 10])
    (1, 1, 1)
    """
    pairs = truth.ravel().astype(np.intp) << 8 | prediction.ravel()
    table = np.bincount(pairs, minlength=1 << 16).reshape(256, 256)
    return table[:num_classes, :num_classes].astype(np.int64)


def iou_per_class(table: Counts) -> Scores:
    """Return J_c = TP / (TP + FP + FN) of a `(..., C, C)` confusion, `(..., C)`.

    NaN for a class that neither map shows.
    """
    hits = np.diagonal(table, axis1=-2, axis2=-1)
    return ratio(hits, table.sum(axis=-1) + table.sum(axis=-2) - hits)


def mean_iou(table: Counts, *, background: bool = True) -> Scores:
    """Return the mean of J_c over the classes that occur in truth or prediction, `(...)`.

    One confusion over the whole data set (torchmetrics' `JaccardIndex(average="macro")` agrees where every
    class occurs), not a mean of per-clip scores. Without background the mean runs over the digits, all classes but the last.

    >>> float(mean_iou(np.diag([1] * 10 + [90])))
    1.0
    """
    iou = iou_per_class(table)
    return nanmean(iou if background else iou[..., :-1])


def pixel_accuracy(table: Counts) -> Scores:
    """Return the share of pixels called right.

    Predicting only background already gives about .91 on `standard`.
    """
    return ratio(np.trace(table, axis1=-2, axis2=-1), table.sum(axis=(-2, -1)))


def foreground_accuracy(table: Counts) -> Scores:
    """Return the share of digit pixels that got their digit's class, `(...)`.

    Predicting only background gives 0. Calling every pixel a digit costs nothing here, so models are not
    ranked by it.
    """
    digits = table[..., :-1, :]
    return ratio(np.trace(digits, axis1=-2, axis2=-1), digits.sum(axis=(-2, -1)))


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    table = clip.tables.confusion
    score = mean_iou(table, background=False)
    of_clip = [0, 0] if np.isnan(score) else [to_fixed(score), 1]
    return {"confusion": table, "clip_miou": np.array(of_clip, dtype=np.int64)}


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    table, of_clips = sums["confusion"], sums["clip_miou"]
    return {
        "miou": mean_iou(table),
        "miou_foreground": mean_iou(table, background=False),
        "clip_miou_foreground": mean_of(of_clips[..., 0], of_clips[..., 1]),
        "foreground_accuracy": foreground_accuracy(table),
        "pixel_accuracy": pixel_accuracy(table),
    }


METRIC = Metric(
    title="mIoU and accuracy",
    place=20,
    rows={
        "miou": Row("mIoU, with background"),
        "miou_foreground": Row("mIoU, digits"),
        "clip_miou_foreground": Row("mIoU, digits, mean of clips"),
        "foreground_accuracy": Row(
            "foreground accuracy",
            note="not to rank by: a model that never says background has the most",
        ),
        "pixel_accuracy": Row("pixel accuracy"),
    },
    counted=("confusion", "clip_miou"),
    counts=_counts,
    scores=_scores,
    of_posterior=True,
)
