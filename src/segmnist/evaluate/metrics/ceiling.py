"""The best accuracies and NLL that can be expected, from exact posteriors alone; no truth is looked at."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from segmnist.classes import BACKGROUND
from segmnist.evaluate.arithmetic import Counts, Probabilities, Scores, from_fixed, ratio, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.pixels import entropy
from segmnist.evaluate.scored_clip import ScoredClip


def ceiling_counts(columns: Probabilities, doubt: Scores) -> Counts:
    """Return a clip's expected sums in fixed point, `(5,)` int64.

    columns: the posterior of each pixel, `(11, P)`; doubt: its entropy in nats, `(P,)`. The sums are
    pixels, right ones, digit pixels, right ones of these, and entropy.
    """
    decided, likely = columns.argmax(axis=0), columns.max(axis=0)
    digit = columns[:BACKGROUND].sum(axis=0)
    right = likely[decided != BACKGROUND].sum()
    return to_fixed([decided.size, likely.sum(), digit.sum(), right, doubt.sum()])


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    if clip.posterior is None:
        return {}
    doubt = clip.select(entropy(clip.posterior))
    return {"ceiling": ceiling_counts(clip.posterior_columns, doubt)}


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    pixels, right, digit, digit_right, doubt = np.moveaxis(from_fixed(sums["ceiling"]), -1, 0)
    return {
        "ceiling_pixel_accuracy": ratio(right, pixels),
        "ceiling_foreground_accuracy": ratio(digit_right, digit),
        "ceiling_nll": ratio(doubt, pixels),
    }


METRIC = Metric(
    title="Ceilings",
    place=100,
    rows={
        "ceiling_pixel_accuracy": Row("pixel accuracy, the best to be expected", shown=False),
        "ceiling_foreground_accuracy": Row("foreground accuracy, the best to be expected", shown=False),
        "ceiling_nll": Row("NLL, the best to be expected", "lower", shown=False),
    },
    counted=("ceiling",),
    counts=_counts,
    scores=_scores,
)
