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


def consistency_counts(truth: Maps, prediction: Maps, num_frames: int) -> Counts:
    """Return pixels with constant truth, and those also predicted right, `(2,)` int64.

    Over all windows of `num_frames` frames; zeros if the clip is shorter.
    """
    windows = max(len(truth) - num_frames + 1, 0)
    steady = _steady(truth, windows, num_frames)
    right = steady & _constant(prediction, windows, num_frames) & (prediction[:windows] == truth[:windows])
    return np.array([steady.sum(), right.sum()], dtype=np.int64)


def truth_blind_counts(truth: Maps, prediction: Maps, num_frames: int) -> Counts:
    """Return the sum over windows of their share of constant predictions, and the windows, `(2,)` int64.

    As the published code of VSPW has it (Miao et al., CVPR 2021, `VC_perclip.py`): the share is of the
    window's pixels whose truth is constant; the last window of a clip is left out, and so is a window
    without such pixels. The shares are in fixed point.
    """
    windows = max(len(truth) - num_frames, 0)
    steady = _steady(truth, windows, num_frames)
    held = steady & _constant(prediction, windows, num_frames)
    shares = ratio(held.sum(axis=(1, 2)), steady.sum(axis=(1, 2)))
    known = ~np.isnan(shares)
    return np.array([to_fixed(shares[known]).sum(), known.sum()], dtype=np.int64)


def _steady(truth: Maps, windows: int, num_frames: int) -> NDArray[np.bool_]:
    return _constant(truth, windows, num_frames) & (truth[:windows] < NUM_CLASSES)


def _constant(maps: Maps, windows: int, num_frames: int) -> NDArray[np.bool_]:
    """Return where each window's first label lasts through the window, `(windows, H, W)` bool."""
    same = np.ones((windows, *maps.shape[1:]), dtype=bool)
    for step in range(1, num_frames):
        same &= maps[step : step + windows] == maps[:windows]
    return same


def video_consistency(counts: Counts) -> Scores:
    """Return the share of truth-constant pixels whose prediction is constant and correct.

    From `(..., 2)` counts. A constant predictor earns only what it gets right.
    """
    return ratio(counts[..., 1], counts[..., 0])


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    truth, prediction = clip.semantic, clip.predicted
    return {
        "consistency": consistency_counts(truth, prediction, NUM_FRAMES),
        "steadiness": truth_blind_counts(truth, prediction, NUM_FRAMES),
    }


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    steadiness = sums["steadiness"]
    return {
        "vc8": video_consistency(sums["consistency"]),
        "vc8_truth_blind": mean_of(steadiness[..., 0], steadiness[..., 1]),
    }


METRIC = Metric(
    title="Video consistency",
    place=50,
    rows={
        "vc8": Row("VC8, constant and correct"),
        "vc8_truth_blind": Row("VC8 as published, constant only"),
    },
    counted=("consistency", "steadiness"),
    counts=_counts,
    scores=_scores,
)
