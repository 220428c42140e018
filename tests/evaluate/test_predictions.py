"""Predictions: what is refused, and by which name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.evaluate.clips import H, T, W

from segmnist.evaluate import BadPrediction, check_prediction


def hard(change: Any = lambda a: a) -> Any:
    return change(np.full((T, H, W), 10, np.uint8))


def soft(frame: int = 0, class_: int = 0, y: int = 0, x: int = 0, value: Any = None) -> Any:
    p = np.full((T, 11, H, W), 1 / 11, np.float32)
    if value is not None:
        p[frame, class_, y, x] = value
    return p


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (hard(lambda a: a[1:]), r"shape \(8, 10, 13\)"),
        (hard(lambda a: a.transpose(0, 2, 1)), r"expected \(9, 10, 13\)"),
        (hard(lambda a: a.astype(np.int64)), "dtype int64"),
        (hard(lambda a: a + np.uint8(1)), "class 11"),
        (soft(value=np.nan), r"NaN or infinity at \(0, 0, 0, 0\)"),
        (soft(2, 3, 4, 5, np.inf), r"NaN or infinity at \(2, 3, 4, 5\)"),
        (soft(2, 3, 4, 5, -0.1), r"-0.1 at \(2, 3, 4, 5\)"),
        (soft(2, 3, 4, 5, 0.5), "not 1, at frame 2, y 4, x 5"),
        (soft().astype(np.uint8), "dtype uint8"),
        (np.zeros((T, 10, H, W), np.float32), "expected"),
    ],
)
def test_bad_predictions_name_the_clip_and_the_fault(bad: Any, said: str) -> None:
    with pytest.raises(BadPrediction, match=f"clip 17: .*{said}"):
        check_prediction("clip 17", bad, (T, H, W))


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (np.zeros((T, H, W), np.uint8), r"samples have shape \(9, 10, 13\), expected \(S, 9, 10, 13\)"),
        (np.zeros((0, T, H, W), np.uint8), r"samples have shape \(0, 9, 10, 13\)"),
        (np.zeros((2, T, H, W), np.float32), "samples: dtype float32"),
        (np.full((2, T, H, W), 11, np.uint8), "samples: class 11"),
    ],
)
def test_bad_samples_name_the_clip_and_the_fault(bad: Any, said: str) -> None:
    with pytest.raises(BadPrediction, match=f"clip 5.*{said}"):
        check_prediction("clip 5", hard(), (T, H, W), samples=bad)


def test_classes_alone_are_one_joint_sample() -> None:
    prediction = check_prediction("clip", soft(), (T, H, W))
    np.testing.assert_array_equal(prediction.joint_samples, prediction.semantic[None])
    samples = np.stack([hard(), hard()])
    assert check_prediction("clip", soft(), (T, H, W), samples=samples).joint_samples is samples


def test_half_precision_probabilities_are_good_enough() -> None:
    p = soft().astype(np.float16)
    assert check_prediction("clip", p, (T, H, W)).probabilities is not None


def test_ids_of_another_shape_are_refused() -> None:
    with pytest.raises(BadPrediction, match="clip 2: instance"):
        check_prediction("clip 2", hard(), (T, H, W), np.zeros((T, H, W - 1), np.uint8))
