"""A bracket around the highest mIoU that can be expected, streamed from exact posteriors.

The most probable class does not maximise mIoU. Both ends are ratios of expected counts, as the mIoU of a
large data set is. On a few clips they hold for nothing: classes that may or may not occur there count in the
bracket and not in the mIoU. `segmnist.oracle.ceiling` has all clips at hand and can close the bracket further;
it has one where `enough_clips` says so, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from segmnist.evaluate.arithmetic import (
    Counts,
    Probabilities,
    Scores,
    from_fixed,
    nanmean,
    ratio,
    to_fixed,
)
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.scored_clip import ScoredClip

THRESHOLDS = np.linspace(0.25, 0.5, 11)
"""A rule for each: the most probable digit where it has at least this probability, else the background."""

NUM_LEVELS = 4096
"""Levels of probability that the upper bound tells apart."""

LEAST_CLIPS = 5
"""There is a bracket where every class is expected in this many clips, or in none at all.

On `exact-v1`, sigma 40, that is about 45 clips; the best rule's mIoU on random sets of clips with this many
exceeded the high end in none of 130 sets, with fewer clips in up to half of them.
"""


def enough_clips(occurs: Scores) -> Any:
    """Return whether there is a bracket, `(...)` bool.

    occurs: `(..., C)` in how many clips each class is expected, or fewer: the sum over clips of the largest
    probability of any pixel.
    """
    return ((occurs >= LEAST_CLIPS) | (occurs == 0)).all(axis=-1)


def rule_counts(columns: Probabilities) -> Counts:
    """Return what each rule can expect of each class, in fixed point, `(11, 3, C)` int64.

    columns: the posterior of each pixel, `(C, P)`. For each threshold and class: expected intersection,
    chosen pixels, expected pixels.
    """
    return np.stack([_of_threshold(columns, threshold) for threshold in THRESHOLDS])


def _of_threshold(columns: Probabilities, threshold: float) -> Counts:
    num_classes, digits = len(columns), columns[:-1]
    decided = np.where(digits.max(axis=0) >= threshold, digits.argmax(axis=0), num_classes - 1)
    gained = columns[decided, np.arange(columns.shape[1])]
    intersection = np.bincount(decided, weights=gained, minlength=num_classes)
    return to_fixed([intersection, np.bincount(decided, minlength=num_classes), columns.sum(axis=1)])


def level_counts(columns: Probabilities) -> Counts:
    """Return each class' pixels, and summed probability in fixed point, by level of probability.

    `(2, C, 4096)` int64 of the posterior of each pixel, `(C, P)`.
    """
    return np.stack([_levels(column) for column in columns], axis=1)


def _levels(column: Probabilities) -> Counts:
    level = np.minimum((column * NUM_LEVELS).astype(np.intp), NUM_LEVELS - 1)
    summed = to_fixed(np.bincount(level, weights=column, minlength=NUM_LEVELS))
    return np.stack([np.bincount(level, minlength=NUM_LEVELS).astype(np.int64), summed])


def highest_of_rules(rules: Counts) -> Scores:
    """Return the expected mIoU, with background, of the best threshold rule, from `(..., 11, 3, C)`."""
    intersection, chosen, expected = np.moveaxis(from_fixed(rules), -2, 0)
    return np.asarray(nanmean(ratio(intersection, chosen + expected - intersection)).max(axis=-1))


def highest_iou(levels: Counts) -> Scores:
    """Return for each class an upper bound of the expected IoU of any set of pixels, `(C,)`.

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


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    if clip.posterior is None:
        return {}
    columns = clip.posterior_columns
    # The largest probability of any pixel bounds the probability that the class occurs from below.
    occurs = to_fixed(columns.max(axis=1, initial=0))
    return {
        "ceiling_rules": rule_counts(columns),
        "ceiling_levels": level_counts(columns),
        "ceiling_occurs": occurs,
    }


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    enough = enough_clips(from_fixed(sums["ceiling_occurs"]))
    scores = {"ceiling_miou_low": np.where(enough, highest_of_rules(sums["ceiling_rules"]), np.nan)}
    if "ceiling_levels" in sums:
        high = nanmean(highest_iou(sums["ceiling_levels"]))
        scores["ceiling_miou_high"] = np.where(enough, high, np.nan)
    return scores


METRIC = Metric(
    title="Bracket of the best mIoU",
    place=101,
    rows={
        "ceiling_miou_low": Row("mIoU, with background, the best to be expected, at least", shown=False),
        "ceiling_miou_high": Row("mIoU, with background, the best to be expected, at most", shown=False),
    },
    counted=("ceiling_rules", "ceiling_levels", "ceiling_occurs"),
    plain=("ceiling_levels",),
    counts=_counts,
    scores=_scores,
)
