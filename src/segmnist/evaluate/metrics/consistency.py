"""Video consistency: whether predictions stay the same, and right, where the truth does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import NUM_CLASSES
from segmnist.evaluate.arithmetic import Counts, Maps, Scores, ratio
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.scored_clip import ScoredClip

NUM_FRAMES = 8
"""n of VC_n."""


def consistency_counts(truth: Maps, prediction: Maps, num_frames: int) -> Counts:
    """Return pixels with constant truth, those also predicted right, and those predicted constant.

    `(3,)` int64, over all windows of `num_frames` frames; zeros if the clip is shorter.
    """
    windows = len(truth) - num_frames + 1
    if windows < 1:
        return np.zeros(3, dtype=np.int64)
    steady = _constant(truth, windows, num_frames) & (truth[:windows] < NUM_CLASSES)
    held = steady & _constant(prediction, windows, num_frames)
    correct = held & (prediction[:windows] == truth[:windows])
    return np.array([m.sum() for m in (steady, correct, held)], dtype=np.int64)


def _constant(maps: Maps, windows: int, num_frames: int) -> NDArray[np.bool_]:
    """Return where each window's first label lasts through the window, `(windows, H, W)` bool."""
    same = np.ones((windows, *maps.shape[1:]), dtype=bool)
    for step in range(1, num_frames):
        same &= maps[step : step + windows] == maps[:windows]
    return same


def video_consistency(counts: Counts) -> Scores:
    """Return the share of truth-constant pixels whose prediction is constant and correct.

    From `(..., 3)` counts. A constant predictor earns only what it gets right.
    """
    return ratio(counts[..., 1], counts[..., 0])


def video_steadiness(counts: Counts) -> Scores:
    """Return the share of truth-constant pixels whose prediction is constant, right or wrong.

    From `(..., 3)` counts. What published VC code measures (Miao et al., "VSPW", CVPR 2021): a constant
    predictor scores 1.
    """
    return ratio(counts[..., 2], counts[..., 0])


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    return {"consistency": consistency_counts(clip.semantic, clip.predicted, NUM_FRAMES)}


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    counts = sums["consistency"]
    return {"vc8": video_consistency(counts), "vc8_truth_blind": video_steadiness(counts)}


METRIC = Metric(
    title="Video consistency",
    place=50,
    rows={"vc8": Row("VC8, constant and correct"), "vc8_truth_blind": Row("VC8, constant only")},
    counted=("consistency",),
    counts=_counts,
    scores=_scores,
)
