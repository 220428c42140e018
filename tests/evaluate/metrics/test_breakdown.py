"""Breakdowns: by hand, and by law."""

from __future__ import annotations

import numpy as np
from tests.evaluate.clips import clip

from segmnist import ClipSource
from segmnist.evaluate import Prediction
from segmnist.evaluate.metrics.breakdown import BREAKDOWNS, breakdown_counts
from segmnist.evaluate.scored_clip import ScoredClip


def test_breakdown_by_hand() -> None:
    truth = {
        "semantic": np.array([[[6, 6, 5, 10]], [[6, 10, 5, 5]]], np.uint8),
        "instance": np.array([[[1, 1, 2, 0]], [[1, 0, 2, 2]]], np.uint8),
        "labels": np.array([6, 5], np.uint8),
        "visibility": np.array([[1.0, 0.4], [0.8, 1.0]], np.float32),
    }
    prediction = np.array([[[6, 9, 10, 1]], [[9, 6, 5, 3]]], np.uint8)
    tables = breakdown_counts(ScoredClip(truth, Prediction(prediction)))
    # Columns: right, background, twin, another digit.
    assert tables["visibility"].tolist() == [[0] * 4, [0, 0, 1, 0], [0] * 4, [0, 1, 0, 0], [2, 0, 1, 1]]
    assert tables["twin"].tolist() == [[1, 0, 2, 0], [1, 1, 0, 1], [0] * 4, [0] * 4]
    assert tables["digits"].tolist()[1] == [2, 1, 2, 1]
    assert tables["frame"].tolist()[:2] == [[1, 1, 1, 0], [1, 0, 1, 1]]
    assert "speed" not in tables  # no poses were given


def test_twins_are_those_of_the_truth_where_it_says() -> None:
    truth = {
        "semantic": np.array([[[6, 6, 1, 1]]], np.uint8),
        "instance": np.array([[[1, 1, 2, 2]]], np.uint8),
        "labels": np.array([6, 1], np.uint8),
        "twin_labels": np.array([255, 7], np.uint8),
    }
    tables = breakdown_counts(ScoredClip(truth, Prediction(np.array([[[6, 9, 7, 1]]], np.uint8))))
    assert tables["twin"].tolist() == [[0] * 4, [0] * 4, [1, 0, 0, 1], [1, 0, 1, 0]]


def test_every_breakdown_counts_every_digit_pixel() -> None:
    truth, probabilities = clip(0)
    tables = breakdown_counts(ScoredClip(truth, Prediction(probabilities.argmax(axis=1).astype(np.uint8))))
    assert set(tables) == set(BREAKDOWNS)
    assert {int(table.sum()) for table in tables.values()} == {int((truth["instance"] > 0).sum())}


def test_camouflage_compares_what_is_drawn_not_what_sensor_noise_made_of_it() -> None:
    """exact, sigma 80: from the noisy video the buckets were 174, 43, 121 and 262."""
    source = ClipSource("exact", split="test", truth=("semantic", "instance", "noiseless", "beneath"))
    noisy = source.spec.replace(sensor_sigma=80.0)
    tables = []
    for spec in (source.spec.replace(sensor_sigma=1.0), noisy):
        drawn = ClipSource(spec, split="test", truth=source.truth)[0]
        tables.append(breakdown_counts(ScoredClip(drawn.arrays, Prediction(drawn.semantic)))["camouflage"])
    np.testing.assert_array_equal(*tables)
