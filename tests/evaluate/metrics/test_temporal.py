"""Temporal consistency: by hand."""

from __future__ import annotations

import numpy as np

from segmnist.classes import BACKGROUND as B
from segmnist.evaluate.metrics.temporal import temporal_consistency
from segmnist.evaluate.reference import warped


def test_temporal_consistency_follows_the_flow() -> None:
    prediction = np.full((2, 3, 6), B, np.uint8)
    prediction[0, 1, 1:3] = 4
    prediction[1, 1, 3:5] = 4  # moved two to the right
    flow = np.zeros((2, 3, 6, 2), np.float32)
    flow[0, 1, 1:3, 0] = 2
    valid = np.ones((2, 3, 6), bool)
    valid[0, 1, 3:5] = False  # hidden in the next frame
    assert temporal_consistency(warped(prediction, flow, valid)) == 1
    still = warped(prediction, np.zeros_like(flow), np.ones_like(valid))
    assert temporal_consistency(still) == 0


def test_flow_out_of_the_frame_counts_nowhere() -> None:
    prediction = np.full((2, 2, 3), B, np.uint8)
    flow = np.full((2, 2, 3, 2), 3, np.float32)
    assert warped(prediction, flow, np.ones((2, 2, 3), bool)).sum() == 0
