"""NLL and Brier score: by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tests.evaluate.clips import soft

from segmnist.evaluate.arithmetic import mean_of
from segmnist.evaluate.metrics.proper import proper_sums
from segmnist.evaluate.pixels import PixelScores, pixel_scores

TRUTH = np.array([[[0, 10]]], np.uint8)


def sums_of(probabilities: Any) -> Any:
    pixels = PixelScores(*map(np.ravel, pixel_scores(TRUTH, probabilities)))
    return proper_sums(pixels, TRUTH.ravel() != 10)


def test_nll_and_brier_by_hand() -> None:
    p = soft((0.5, 0.25, 0.25), (0.0, 0.2, 0.8))
    sums = sums_of(p)
    nll = mean_of(sums["nll"], sums["pixels"])
    brier = mean_of(sums["brier"], sums["pixels"])
    assert nll == pytest.approx([(math.log(2) - math.log(0.8)) / 2, math.log(2)], abs=1e-6)
    assert brier == pytest.approx([(0.25 + 0.0625 * 2 + 0.04 * 2) / 2, 0.375], abs=1e-6)


def test_a_certain_mistake_costs_the_floor_and_not_infinity() -> None:
    p = soft((0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    scores = pixel_scores(TRUTH, p)
    assert scores.nll[0, 0, 0] == pytest.approx(-math.log(1e-12), rel=1e-6)
    assert scores.brier[0, 0, 0] == 2
