"""VIS AP, streamed: TrackEval matches the tracks of each clip and integrates at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import NUM_CLASSES
from segmnist.evaluate.arithmetic import Counts, Maps, Scores
from segmnist.evaluate.metric import Metric, Row
from segmnist.evaluate.predictions import Prediction
from segmnist.evaluate.scored_clip import ScoredClip
from segmnist.evaluate.trackeval import encoded, metrics

NUM_LEVELS = 1024
"""Levels of confidence that are told apart; tracks of one level are taken together."""

NUM_THRESHOLDS = 10
"""IoU thresholds, 0.50 to 0.95."""


class Track(NamedTuple):
    """A digit through a clip: its class, the confidence in it, and its mask `(T, H, W)`."""

    digit: int
    confidence: float
    mask: NDArray[np.bool_]


def true_tracks(instance: Maps, labels: Sequence[int]) -> list[Track]:
    """Return the digits that are seen somewhere, of ids `(T, H, W)`, id i + 1 having class labels[i]."""
    masks = [(digit, instance == i + 1) for i, digit in enumerate(labels)]
    return [Track(digit, 1.0, mask) for digit, mask in masks if mask.any()]


def predicted_tracks(instance: Maps, classes: Sequence[int], prediction: Prediction) -> list[Track]:
    """Return the predicted digits.

    The confidence is the mean probability of the track's class over its pixels, 1 for hard maps.
    """
    tracks, background = [], prediction.num_classes - 1
    for track in true_tracks(instance, classes):
        if track.digit < background and prediction.probabilities is not None:
            of_class = prediction.probabilities[:, track.digit][track.mask]
            track = track._replace(confidence=float(of_class.mean(dtype=np.float64)))
        tracks.append(track)
    return [track for track in tracks if track.digit < background]


def track_counts(
    truth: Sequence[Track], prediction: Sequence[Track], num_classes: int = NUM_CLASSES
) -> dict[str, Counts]:
    """Return one clip's true tracks by class, and its predicted ones by class and level of confidence.

    `true_tracks` `(K,)` and `track_levels` `(K, 1024, 11)` int64 of the K classes of digits: how many predicted tracks there
    are, and how many of them TrackEval matches at each IoU threshold.
    """
    levels = np.zeros((num_classes - 1, NUM_LEVELS, 1 + NUM_THRESHOLDS), dtype=np.int64)
    for digit in {track.digit for track in prediction}:
        mine = [track for track in truth if track.digit == digit]
        theirs = sorted((t for t in prediction if t.digit == digit), key=lambda track: -track.confidence)
        level = [min(int(track.confidence * NUM_LEVELS), NUM_LEVELS - 1) for track in theirs]
        matches = _metric().eval_sequence(_sequence(mine, theirs))[0]["dt_matches"]
        np.add.at(levels[digit, :, 0], level, 1)
        np.add.at(levels[digit, :, 1:], level, (matches != -1).T)
    true = np.bincount([track.digit for track in truth], minlength=num_classes - 1)
    return {"true_tracks": true.astype(np.int64), "track_levels": levels}


def vis_average_precision(counts: Mapping[str, Counts]) -> float:
    """Return video instance segmentation AP over IoU 0.50:0.95, mean over the classes that occur.

    By TrackEval; NaN where no class occurs. counts: `true_tracks` and `track_levels`, summed over clips.
    Where confidences tie, what was wrong goes first, so that no order of the clips plays a part: precision
    within a level is that at its end. Source: Yang et al., "Video instance segmentation", ICCV 2019.
    """
    found = [
        _metric().combine_sequences({"all": {0: _result(levels, number)}})["AP_all"].mean()
        for levels, number in zip(counts["track_levels"], counts["true_tracks"].tolist(), strict=True)
        if number
    ]
    return float(np.mean(found)) if found else float("nan")


def _result(levels: Counts, num_true: int) -> dict[str, Any]:
    """Return what TrackEval would have kept of one class' tracks, from its `(1024, 11)` counts."""
    filled = np.flatnonzero(levels[:, 0])[::-1]
    number, hits = levels[filled, 0], levels[filled, 1:]
    row = np.repeat(np.arange(len(filled)), number)
    place = np.arange(len(row)) - (number.cumsum() - number)[row]
    matched = place[:, None] >= (number[:, None] - hits)[row]
    return {
        "dt_scores": filled[row].astype(float),
        "dt_matches": np.where(matched.T, 1, -1),
        "dt_ignore": np.zeros(matched.T.shape, dtype=bool),
        "gt_ignore": np.zeros(num_true, dtype=bool),
    }


def _metric() -> Any:
    settings = {"USE_AREA_RANGES": False, "USE_TIME_RANGES": False, "PRINT_CONFIG": False}
    return metrics().TrackMAP(settings)


def _sequence(truth: Sequence[Track], prediction: Sequence[Track]) -> dict[str, Any]:
    return {
        "iou_type": "mask",
        "gt_track_ids": list(range(1, len(truth) + 1)),
        "dt_track_ids": list(range(1, len(prediction) + 1)),
        "gt_tracks": [_by_frame(track.mask) for track in truth],
        "dt_tracks": [_by_frame(track.mask) for track in prediction],
        "dt_track_scores": [track.confidence for track in prediction],
    }


def _by_frame(mask: NDArray[np.bool_]) -> dict[int, Any]:
    return {t: encoded(frame) for t, frame in enumerate(mask) if frame.any()}


def _counts(clip: ScoredClip) -> dict[str, Counts]:
    return track_counts(
        true_tracks(clip.instance, clip.truth["labels"].tolist()),
        predicted_tracks(clip.predicted_instance, clip.predicted_labels, clip.prediction),
        clip.num_classes,
    )


def _scores(sums: Mapping[str, Counts]) -> dict[str, Scores]:
    return {"vis_ap": np.asarray(vis_average_precision(sums))}


METRIC = Metric(
    title="Video instance segmentation AP",
    place=64,
    rows={"vis_ap": Row("VIS AP")},
    counted=("true_tracks", "track_levels"),
    plain=("true_tracks", "track_levels"),
    counts=_counts,
    scores=_scores,
    needs_tracking=True,
)
