"""ECE: by hand, and with torchmetrics as the judge."""

from __future__ import annotations

import numpy as np
import pytest
from tests.evaluate.clips import soft

from segmnist.evaluate.arithmetic import Counts
from segmnist.evaluate.metrics.calibration import expected_calibration_error, reliability_bins
from segmnist.evaluate.pixels import PixelScores, pixel_scores


def bins_of_all(pixels: PixelScores) -> Counts:
    confidence, correct = pixels.confidence.ravel(), pixels.correct.ravel()
    of_all, of_digits = reliability_bins(confidence, correct, np.zeros(len(correct), bool))
    assert not of_digits.any()
    return of_all


def test_calibration_error_by_hand() -> None:
    # Confidence 0.5 and right; 0.8 and wrong: bins (7/15, 8/15] and (11/15, 12/15].
    p = soft((0.5, 0.25, 0.25), (0.8, 0.1, 0.1))
    pixels = pixel_scores(np.array([[[0, 10]]], np.uint8), p)
    bins = bins_of_all(pixels)
    assert expected_calibration_error(bins) == pytest.approx((0.5 + 0.8) / 2, abs=1e-6)


def test_calibration_error_agrees_with_torchmetrics() -> None:
    judges = pytest.importorskip(
        "torchmetrics.classification", reason="the judges are an optional test group"
    )
    torch = pytest.importorskip("torch", reason="the judges are an optional test group")
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(11, 0.4), size=(2, 9, 13)).transpose(0, 3, 1, 2).astype(np.float32)
    truth = rng.integers(0, 11, (2, 9, 13)).astype(np.uint8)
    pixels = pixel_scores(truth, p)
    bins = bins_of_all(pixels)
    judge = judges.MulticlassCalibrationError(num_classes=11, n_bins=15, norm="l1")
    theirs = judge(torch.from_numpy(p), torch.from_numpy(truth.astype(np.int64)))
    assert expected_calibration_error(bins) == pytest.approx(float(theirs), abs=1e-5)
