"""Proper scores of probabilities: negative log-likelihood and Brier score."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segmnist.evaluate.arithmetic import Counts, Scores, mean_of, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.pixels import PixelScores
from segmnist.evaluate.scored_clip import ScoredClip

SUFFIXES = ("", "_foreground")
"""What stands after the name of a score over all pixels, and over digit pixels."""


def proper_sums(pixels: PixelScores, digits: NDArray[np.bool_]) -> dict[str, Counts]:
    """Return sums over all pixels and over digit pixels, `(2,)` each: their number, NLL and Brier score.

    pixels: scores `(P,)` each; digits: `(P,)` bool. NLL and Brier score are in fixed point.
    """
    both = (slice(None), digits)
    return {
        "pixels": np.array([len(digits), digits.sum()], dtype=np.int64),
        "nll": to_fixed([pixels.nll[m].sum(dtype=np.float64) for m in both]),
        "brier": to_fixed([pixels.brier[m].sum(dtype=np.float64) for m in both]),
    }


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    return {} if clip.pixels is None else proper_sums(clip.pixels, clip.digits)


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    scores = {}
    for which, suffix in enumerate(SUFFIXES):
        for name in ("nll", "brier"):
            scores[name + suffix] = mean_of(sums[name][..., which], sums["pixels"][..., which])
    return scores


METRIC = Metric(
    title="Proper scores",
    place=70,
    rows={
        "nll": Row("NLL", "lower"),
        "nll_foreground": Row(
            "NLL, digits", "lower", note="not to rank by: a model that never says background has the least"
        ),
        "brier": Row("Brier", "lower"),
        "brier_foreground": Row("Brier, digits", "lower", shown=False),
    },
    counted=("pixels", "nll", "brier"),
    counts=_counts,
    scores=_scores,
    of_posterior=True,
)
