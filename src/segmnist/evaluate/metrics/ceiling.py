"""The best scores that can be expected, from exact posteriors alone; no truth is looked at.

Foreground accuracy is highest for naming the likeliest digit everywhere, and never the background:
sum max_{c < background} p / sum (1 - p_background).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from segmnist.evaluate.arithmetic import Counts, Probabilities, Scores, from_fixed, mean_of, ratio, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.pixels import entropy
from segmnist.evaluate.scored_clip import ScoredClip


def ceiling_counts(columns: Probabilities, doubt: Scores) -> Counts:
    """Return a clip's expected sums in fixed point, `(5,)` int64.

    columns: the posterior of each pixel, `(C, P)`; doubt: its entropy in nats, `(P,)`. The sums are pixels,
    pixels that the likeliest class gets right, digit pixels, digit pixels that the likeliest digit gets
    right, and entropy.
    """
    digits = columns[:-1]
    right = columns.max(axis=0).sum(), digits.max(axis=0).sum()
    return to_fixed([columns.shape[1], right[0], digits.sum(), right[1], doubt.sum()])


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    if clip.posterior is None:
        return {}
    columns, doubt = clip.posterior_columns, clip.select(entropy(clip.posterior))
    counts = {"ceiling": ceiling_counts(columns, doubt)}
    if clip.class_prior is not None:
        known_nothing = -(columns.sum(axis=1) * np.log(clip.class_prior)).sum()
        frames = len(clip.semantic)
        counts["ceiling_information"] = np.array([to_fixed(known_nothing - doubt.sum()), frames])
    return counts


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    pixels, right, digit, digit_right, doubt = np.moveaxis(from_fixed(sums["ceiling"]), -1, 0)
    scores = {
        "ceiling_pixel_accuracy": ratio(right, pixels),
        "ceiling_foreground_accuracy": ratio(digit_right, digit),
        "ceiling_nll": ratio(doubt, pixels),
    }
    if "ceiling_information" in sums:
        gained = sums["ceiling_information"]
        scores["ceiling_information_gained"] = mean_of(gained[..., 0], gained[..., 1]) / np.log(2)
    return scores


METRIC = Metric(
    title="Ceilings",
    place=100,
    rows={
        "ceiling_information_gained": Row("information gained, the best to be expected", shown=False),
        "ceiling_pixel_accuracy": Row("pixel accuracy, the best to be expected", shown=False),
        "ceiling_foreground_accuracy": Row("foreground accuracy, the best to be expected", shown=False),
        "ceiling_nll": Row("NLL, the best to be expected", "lower", shown=False),
    },
    counted=("ceiling", "ceiling_information"),
    counts=_counts,
    scores=_scores,
)
