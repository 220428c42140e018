"""Video consistency: whether predictions stay the same, and right, where the truth does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from segmnist.evaluate.arithmetic import Counts, Scores, mean_of, ratio, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.scored_clip import ScoredClip


def consistency_counts(lasting: Counts) -> Counts:
    """Return what VC_n is made of, `(4,)` int64.

    lasting: `(W, 3)`, for each window of n frames its pixels with constant truth, those of them that are predicted constant,
    and those predicted right, too. The counts are pixels with constant truth; those that are also predicted right; the sum
    over windows of the share of the former that is predicted constant, in fixed point; and the number of these windows,
    which as in the published code leave out the last of a clip. Zeros if the clip is shorter than a window.
    """
    steady, held, right = lasting.T
    shares = ratio(held[:-1], steady[:-1])
    known = ~np.isnan(shares)
    return np.array([steady.sum(), right.sum(), to_fixed(shares[known]).sum(), known.sum()], dtype=np.int64)


def video_consistency(counts: Counts) -> Scores:
    """Return the share of truth-constant pixels whose prediction is constant and correct.

    From `(..., 4)` counts. A constant predictor earns only what it gets right.
    """
    return ratio(counts[..., 1], counts[..., 0])


def truth_blind_consistency(counts: Counts) -> Scores:
    """Return the mean over windows of the share of truth-constant pixels that are predicted constant.

    From `(..., 4)` counts. This is what the published code computes, right or wrong: a constant predictor
    scores 1. Source: Miao et al., "VSPW", CVPR 2021, `VC_perclip.py`.
    """
    return mean_of(counts[..., 2], counts[..., 3])


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    return {"consistency": consistency_counts(clip.tables.lasting)}


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    counts = sums["consistency"]
    return {"vc8": video_consistency(counts), "vc8_truth_blind": truth_blind_consistency(counts)}


METRIC = Metric(
    title="Video consistency",
    place=50,
    rows={
        "vc8": Row("VC8, constant and correct"),
        "vc8_truth_blind": Row("VC8 as published, constant only"),
    },
    counted=("consistency",),
    counts=_counts,
    scores=_scores,
)
