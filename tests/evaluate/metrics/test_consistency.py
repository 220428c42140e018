"""Video consistency: by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tests.evaluate.clips import as_maps

from segmnist.classes import BACKGROUND as B
from segmnist.evaluate.metrics.consistency import consistency_counts, video_consistency, video_steadiness


def test_constant_predictor_and_video_consistency() -> None:
    truth = as_maps([[1, B]], [[1, B]], [[1, 2]], [[1, 2]])  # windows of 2: 1 everywhere, the other in 2 of 3
    constant = np.full_like(truth, B)
    counts = consistency_counts(truth, constant, 2)
    assert video_consistency(counts) == pytest.approx(1 / 5)  # steady: 3 + 2, right: one window of B
    assert video_steadiness(counts) == 1  # what published code gives a constant predictor
    assert video_consistency(consistency_counts(truth, truth, 2)) == 1


def test_windows_longer_than_the_clip_score_nothing() -> None:
    truth = as_maps([[1, B]])
    assert np.isnan(video_consistency(consistency_counts(truth, truth, 8)))
