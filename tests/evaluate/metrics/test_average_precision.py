"""VIS AP: by hand, and with TrackEval as the judge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluate.clips import ids, two_digits

from segmnist.evaluate import Prediction
from segmnist.evaluate.metrics.average_precision import (
    Track,
    predicted_tracks,
    track_counts,
    true_tracks,
    vis_average_precision,
)

pytest.importorskip("trackeval", reason="the `tracking` extra is optional")


def average_precision(clips: Any) -> Any:
    counts = [track_counts(truth, prediction) for truth, prediction in clips]
    return vis_average_precision({name: np.sum([c[name] for c in counts], axis=0) for name in counts[0]})


def test_vis_ap_by_hand() -> None:
    first, second = two_digits() == 1, two_digits() == 2
    tracks = [Track(3, 1.0, first), Track(8, 1.0, second)]
    assert average_precision([(tracks, tracks)]) == pytest.approx(1)
    assert average_precision([(tracks, tracks[:1])]) == pytest.approx(0.5)
    # A false alarm with the higher confidence halves the precision at every recall.
    false = [Track(3, 0.9, np.roll(first, 2, axis=1)), Track(3, 0.5, first)]
    assert average_precision([(tracks[:1], false)]) == pytest.approx(0.5)
    assert np.isnan(average_precision([([], false)]))


def test_tracks_of_one_confidence_are_taken_together() -> None:
    """Two of three found and two false alarms, all as sure: precision 1/2 at the 67 recalls up to 2/3."""
    mask = two_digits() == 1
    found, false = Track(3, 1.0, mask), Track(3, 1.0, np.roll(mask, 2, axis=1))
    clips = [([found], [found]), ([found], [found, false]), ([found], [false])]
    for order in ((0, 1, 2), (2, 1, 0)):
        assert average_precision([clips[i] for i in order]) == pytest.approx(67 / 101 / 2)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(ids, ids), min_size=1, max_size=4), st.permutations(range(12)))
def test_streamed_vis_ap_is_what_trackeval_combines(maps: Any, ranks: Any) -> None:
    """With confidences that all differ: TrackEval's own result on all clips at once."""
    from trackeval.metrics import TrackMAP

    metric = TrackMAP({"USE_AREA_RANGES": False, "USE_TIME_RANGES": False, "PRINT_CONFIG": False})
    clips = []
    for i, (truth, prediction) in enumerate(maps):
        found = [
            t._replace(confidence=ranks[3 * i + n] / 16)
            for n, t in enumerate(true_tracks(prediction, [4, 4, 7]))
        ]
        clips.append((true_tracks(truth, [4, 7, 4]), found))
    expected = []
    for digit in sorted({track.digit for truth, _ in clips for track in truth}):
        results = {i: metric.eval_sequence(sequence(*clip, digit)) for i, clip in enumerate(clips)}
        expected.append(metric.combine_sequences(results)["AP_all"].mean())
    ours = average_precision(clips)
    assert ours == pytest.approx(np.mean(expected)) if expected else np.isnan(ours)


def sequence(truth: Any, prediction: Any, digit: Any) -> Any:
    """TrackEval's description of one clip, written here a second time."""
    from pycocotools.mask import encode

    def frames(track: Any) -> Any:
        seen = [(t, m) for t, m in enumerate(track.mask) if m.any()]
        return {t: encode(np.asfortranarray(m, np.uint8)) for t, m in seen}

    mine = [track for track in truth if track.digit == digit]
    theirs = sorted((track for track in prediction if track.digit == digit), key=lambda t: -t.confidence)
    return {
        "iou_type": "mask",
        "gt_track_ids": list(range(1, len(mine) + 1)),
        "dt_track_ids": list(range(1, len(theirs) + 1)),
        "gt_tracks": [frames(track) for track in mine],
        "dt_tracks": [frames(track) for track in theirs],
        "dt_track_scores": [track.confidence for track in theirs],
    }


def test_confidence_of_a_track_is_its_class_s_mean_probability_there() -> None:
    probabilities = np.zeros((1, 11, 1, 3), np.float32)
    probabilities[0, 3, 0], probabilities[0, 10, 0] = [0.9, 0.6, 0.2], [0.1, 0.4, 0.8]
    semantic = probabilities.argmax(axis=1).astype(np.uint8)
    instance = np.array([[[1, 1, 2]]], np.uint8)
    [track] = predicted_tracks(instance, [3, 10], Prediction(semantic, probabilities, instance))
    assert (track.digit, track.mask.tolist()) == (3, [[[True, True, False]]])
    assert track.confidence == pytest.approx(0.75)
    [track] = predicted_tracks(instance, [3, 10], Prediction(semantic, None, instance))
    assert track.confidence == 1
