"""Predicted frames against the true ones: squared and absolute error, PSNR and SSIM."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import MissingDependency
from segmnist.evaluate.arithmetic import Counts, Scores, from_fixed, ratio, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.metrics.horizon import HORIZONS, at_horizons
from segmnist.evaluate.scored_clip import ScoredClip

LEAST_MSE = 1e-10
"""Mean squared error of a pixel below which a frame has the highest PSNR that is counted, 100 dB."""

Frames = NDArray[np.float64]


def frame_errors(truth: Frames, prediction: Frames) -> dict[str, Scores]:
    """Return the errors of each of `(T, H, W)` frames with levels in 0..1, `(T,)` each.

    `frame_mse` and `frame_mae` are sums of squared and absolute differences over the pixels of a frame, as papers on Moving
    MNIST report them (divide by H W for means). `psnr` is -10 log10 of the mean squared difference, in dB, 100 at most.
    `ssim` is the structural similarity of Wang et al., "Image quality assessment", IEEE TIP 2004, by scikit-image with its
    defaults: windows of 7x7 pixels of equal weight. Raises `MissingDependency` without scikit-image.
    """
    similarity = _structural_similarity()
    difference = prediction - truth
    squared = (difference**2).sum(axis=(1, 2))
    mean = squared / (truth.shape[1] * truth.shape[2])
    return {
        "frame_mse": squared,
        "frame_mae": np.abs(difference).sum(axis=(1, 2)),
        "psnr": -10 * np.log10(np.maximum(mean, LEAST_MSE)),
        "ssim": np.array([similarity(*pair, data_range=1.0) for pair in zip(truth, prediction, strict=True)]),
    }


def _structural_similarity() -> Callable[..., Any]:
    try:
        from skimage.metrics import structural_similarity
    except ImportError:
        raise MissingDependency("scores of predicted frames", "prediction") from None
    found: Callable[..., Any] = structural_similarity
    return found


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    predicted, truth = clip.prediction.video, clip.truth.get("video")
    if predicted is None or truth is None:
        return {}
    # Rounded as predictions are, so that the true frame itself has no error.
    levels = np.asarray(truth / 255, np.float32)
    errors = frame_errors(levels.astype(np.float64), predicted.astype(np.float64))
    of_frames = {f"{name}_sums": to_fixed(values) for name, values in errors.items()}
    return {"predicted_frames": np.ones(len(truth), np.int64), **of_frames}


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    scores, number = {}, sums["predicted_frames"]
    for name in _TITLES:
        of_frames = sums[f"{name}_sums"]
        scores[name] = ratio(from_fixed(of_frames.sum(axis=-1)), number.sum(axis=-1))
        scores |= at_horizons(name, ratio(from_fixed(of_frames), number))
    return scores


_TITLES: dict[str, Row] = {
    "frame_mse": Row("MSE a frame", "lower"),
    "frame_mae": Row("MAE a frame", "lower"),
    "psnr": Row("PSNR, dB"),
    "ssim": Row("SSIM"),
}

METRIC = Metric(
    title="Predicted frames",
    place=15,
    rows={
        **_TITLES,
        **{
            f"{name}_{ahead}": Row(f"{row.title}, frame {ahead}", row.better, shown=False)
            for name, row in _TITLES.items()
            for ahead in HORIZONS
        },
    },
    counted=("predicted_frames", *(f"{name}_sums" for name in _TITLES)),
    counts=_counts,
    scores=_scores,
    of_frames=True,
)
