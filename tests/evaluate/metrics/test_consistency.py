"""Video consistency: by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.evaluate.clips import as_maps

from segmnist.classes import BACKGROUND as B
from segmnist.evaluate.metrics.consistency import (
    consistency_counts,
    truth_blind_consistency,
    video_consistency,
)
from segmnist.evaluate.reference import lasting


def test_constant_predictor_and_video_consistency() -> None:
    truth = as_maps([[1, B]], [[1, B]], [[1, 2]], [[1, 2]])  # windows of 2: 1 everywhere, the other in 2 of 3
    constant = np.full_like(truth, B)
    counts = consistency_counts(lasting(truth, constant, 2))
    assert video_consistency(counts) == pytest.approx(1 / 5)  # steady: 3 + 2, right: one window of B
    assert truth_blind_consistency(counts) == 1  # what published code gives it
    assert video_consistency(consistency_counts(lasting(truth, truth, 2))) == 1


def test_windows_longer_than_the_clip_score_nothing() -> None:
    truth = as_maps([[1, B]])
    assert np.isnan(video_consistency(consistency_counts(lasting(truth, truth, 8))))


def published(truth: Any, prediction: Any, n: Any) -> Any:
    """The rule of VSPW's VC_perclip.py, written here a second time: the share of each window."""
    shares = []
    for i in range(len(truth) - n):
        steady = np.all(truth[i : i + n] == truth[i], axis=0)
        held = steady & np.all(prediction[i : i + n] == prediction[i], axis=0)
        if steady.any():
            shares.append(held.sum() / steady.sum())
    return shares


@given(arrays(np.uint8, (5, 2, 3), elements=st.integers(0, 2)), st.randoms(use_true_random=False))
def test_truth_blind_consistency_is_what_the_published_code_computes(truth: Any, random: Any) -> None:
    prediction = truth.copy()
    prediction[random.randrange(5), random.randrange(2)] = 9
    shares = published(truth, prediction, 2)
    total, number = consistency_counts(lasting(truth, prediction, 2))[2:]
    assert number == len(shares)
    assert total / 2**20 == pytest.approx(sum(shares), abs=1e-5)


def test_ignored_pixels_are_in_no_window() -> None:
    truth = np.full((4, 1, 2), B, np.uint8)
    truth[:, :, 1] = 255
    assert consistency_counts(lasting(truth, truth, 2)).tolist() == [3, 3, 2 << 20, 2]
