"""Forecasts of label maps by how many frames ahead they look: mIoU and NLL of each frame after those given."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from segmnist.evaluate.arithmetic import Counts, Scores, from_fixed, ratio, to_fixed
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.metrics.confusion import confusion, mean_iou
from segmnist.evaluate.scored_clip import ScoredClip

HORIZONS = (1, 2, 4, 10)
"""Frames ahead of the last one given that have a score of their own, NaN where clips end before."""


def at_horizons(name: str, of_frames: Scores) -> dict[str, Scores]:
    """Return the scores of single frames ahead by name, `(...)` each, out of those of all, `(..., T)`."""
    shape, num_frames = of_frames.shape[:-1], of_frames.shape[-1]
    return {
        f"{name}_{ahead}": of_frames[..., ahead - 1] if ahead <= num_frames else np.full(shape, np.nan)
        for ahead in HORIZONS
    }


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    if "given" not in clip.truth:
        return {}
    pairs = zip(clip.semantic, clip.predicted, strict=True)
    tables = np.stack([confusion(*pair, clip.num_classes) for pair in pairs])
    counts = {"frame_confusion": tables, "frame_pixels": tables.sum(axis=(1, 2))}
    if clip.pixels is not None:
        frame = clip.select(np.broadcast_to(np.arange(len(tables))[:, None, None], clip.semantic.shape))
        sums = np.bincount(frame, clip.pixels.nll.astype(np.float64), len(tables))
        counts["frame_nll"] = to_fixed(sums)
    return counts


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    scores: dict[str, Scores] = {}
    if "frame_confusion" in sums:
        scores |= at_horizons("miou", mean_iou(sums["frame_confusion"]))
    if "frame_nll" in sums:
        scores |= at_horizons("nll", ratio(from_fixed(sums["frame_nll"]), sums["frame_pixels"]))
    return scores


METRIC = Metric(
    title="Forecasts by frames ahead",
    place=25,
    rows={
        **{f"miou_{ahead}": Row(f"mIoU, frame {ahead} ahead") for ahead in HORIZONS},
        **{f"nll_{ahead}": Row(f"NLL, frame {ahead} ahead", "lower") for ahead in HORIZONS},
    },
    counted=("frame_confusion", "frame_pixels", "frame_nll"),
    plain=("frame_confusion",),
    counts=_counts,
    scores=_scores,
    of_posterior=True,
)
