"""The best scores that can be expected, from exact posteriors alone and streamed: no truth is looked at.

`segmnist.oracle.ceiling` has all clips at hand and can close the bracket of mIoU further.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import BACKGROUND, NUM_CLASSES
from segmnist.evaluate.ambiguity import entropy
from segmnist.evaluate.calibration import Probabilities
from segmnist.evaluate.counts import Counts
from segmnist.evaluate.fixed import from_fixed, to_fixed
from segmnist.evaluate.segmentation import Scores, nanmean, ratio

THRESHOLDS = np.linspace(0.25, 0.5, 11)
"""A rule for each: the most probable digit where it has at least this probability, else the background."""

NUM_LEVELS = 4096
"""Levels of probability that the upper bound of mIoU tells apart."""

Floats = NDArray[np.float64]


def ceiling_counts(posterior: Probabilities) -> dict[str, Counts]:
    """Return one clip's expected counts in fixed point: `ceiling_sums` `(5,)`, `ceiling_rules` `(11, 3, 11)`,
    `ceiling_levels` `(2, 11, 4096)` int64.

    posterior: `(T, 11, H, W)`. Sums hold pixels, right ones, digit pixels, right ones of these, entropy.
    Rules hold, for each threshold, each class' expected intersection, chosen pixels and expected pixels.
    Levels hold each class' pixels (whole numbers) and summed probability by level of probability.
    """
    columns = np.moveaxis(posterior, 1, 0).reshape(NUM_CLASSES, -1).astype(np.float64)
    decided, likely = columns.argmax(axis=0), columns.max(axis=0)
    digit = columns[:BACKGROUND].sum(axis=0)
    right = likely[decided != BACKGROUND].sum()
    sums = [decided.size, likely.sum(), digit.sum(), right, entropy(posterior).sum()]
    rules = np.stack([_rule_counts(columns, threshold) for threshold in THRESHOLDS])
    levels = np.stack([_levels(column) for column in columns], axis=1)
    return {"ceiling_sums": to_fixed(sums), "ceiling_rules": rules, "ceiling_levels": levels}


def _rule_counts(columns: Floats, threshold: float) -> Counts:
    digits = columns[:BACKGROUND]
    decided = np.where(digits.max(axis=0) >= threshold, digits.argmax(axis=0), BACKGROUND)
    gained = columns[decided, np.arange(columns.shape[1])]
    intersection = np.bincount(decided, weights=gained, minlength=NUM_CLASSES)
    return to_fixed([intersection, np.bincount(decided, minlength=NUM_CLASSES), columns.sum(axis=1)])


def _levels(column: Floats) -> Counts:
    level = np.minimum((column * NUM_LEVELS).astype(np.intp), NUM_LEVELS - 1)
    summed = to_fixed(np.bincount(level, weights=column, minlength=NUM_LEVELS))
    return np.stack([np.bincount(level, minlength=NUM_LEVELS).astype(np.int64), summed])


def ceiling_scores(counts: Mapping[str, Counts]) -> dict[str, Scores]:
    """Return the highest accuracies and the lowest NLL that can be expected, and the ends of a bracket around
    the highest expected mIoU (with background); nothing if no posterior was counted.

    Ratios of expected counts, as a score over a large data set is. The low end is what the best of the
    threshold rules reaches, the high end what none can exceed.
    """
    if "ceiling_sums" not in counts:
        return {}
    pixels, right, digit, digit_right, doubt = np.moveaxis(from_fixed(counts["ceiling_sums"]), -1, 0)
    intersection, chosen, expected = np.moveaxis(from_fixed(counts["ceiling_rules"]), -2, 0)
    scores = {
        "ceiling_pixel_accuracy": ratio(right, pixels),
        "ceiling_foreground_accuracy": ratio(digit_right, digit),
        "ceiling_nll": ratio(doubt, pixels),
        "ceiling_miou_low": nanmean(ratio(intersection, chosen + expected - intersection)).max(axis=-1),
    }
    if "ceiling_levels" in counts:
        scores["ceiling_miou_high"] = nanmean(_highest_iou(counts["ceiling_levels"]))
    return scores


def _highest_iou(levels: Counts) -> Scores:
    """Return for each class an upper bound of the expected IoU of any set of pixels, `(11,)`.

    The best set holds the pixels above some probability. If it ends within a level, it takes no more than
    that level's sum from no fewer pixels than would hold it at the level's upper edge; the IoU is monotone
    between taking none and taking these.
    """
    pixels, summed = (values[..., ::-1] for values in (levels[0].astype(np.float64), from_fixed(levels[1])))
    edge = np.arange(NUM_LEVELS, 0, -1) / NUM_LEVELS
    gained, total = summed.cumsum(axis=-1), summed.sum(axis=-1, keepdims=True)
    taken = pixels.cumsum(axis=-1) - pixels + np.minimum(summed / edge, pixels)
    best = ratio(gained, taken + total - gained).max(axis=-1)
    return np.where(total[..., 0] > 0, best, np.nan)
