"""Video consistency: whether predictions stay the same, and right, where the truth does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import NUM_CLASSES
from segmnist.evaluate.arithmetic import Counts, Maps, Scores, mean_of, ratio, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.scored_clip import ScoredClip

NUM_FRAMES = 8
"""n of VC_n."""


def consistency_counts(
    truth: Maps, prediction: Maps, num_frames: int, num_classes: int = NUM_CLASSES
) -> Counts:
    """Return what VC_n is made of, over all windows of `num_frames` frames, `(4,)` int64.

    Pixels with constant truth; those that are also predicted right; the sum over windows of the share of the
    former that is predicted constant, in fixed point; and the number of these windows, which as in the
    published code leave out the last of a clip. Zeros if the clip is shorter than a window.
    """
    windows = len(truth) - num_frames + 1
    if windows < 1:
        return np.zeros(4, dtype=np.int64)
    steady = _constant(truth, windows, num_frames) & (truth[:windows] < num_classes)
    held = steady & _constant(prediction, windows, num_frames)
    right = held & (prediction[:windows] == truth[:windows])
    shares = ratio(held[:-1].sum(axis=(1, 2)), steady[:-1].sum(axis=(1, 2)))
    known = ~np.isnan(shares)
    return np.array([steady.sum(), right.sum(), to_fixed(shares[known]).sum(), known.sum()], dtype=np.int64)


def _constant(maps: Maps, windows: int, num_frames: int) -> NDArray[np.bool_]:
    """Return where each window's first label lasts through the window, `(windows, H, W)` bool."""
    same = np.ones((windows, *maps.shape[1:]), dtype=bool)
    for step in range(1, num_frames):
        same &= maps[step : step + windows] == maps[:windows]
    return same


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
    counts = consistency_counts(clip.semantic, clip.predicted, NUM_FRAMES, clip.num_classes)
    return {"consistency": counts}


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
