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
        (
            soft(2, 3, 4, 5, 0.5),
            "sums to 1.40909 at frame 2, y 4, x 5, expected 1 within 0.0001; apply a softmax",
        ),
        (soft().astype(np.uint8), "uint8 sums to 0 at frame 0, y 0, x 0, expected 1 within"),
        (soft().astype(np.int32), "dtype int32, expected floats, or uint8 0..255"),
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
        (np.zeros((15, T, H, W), np.uint8), "15 samples, expected 16 or more"),
        (np.zeros((16, T, H, W), np.float32), "samples: dtype float32"),
        (np.full((16, T, H, W), 11, np.uint8), "samples: class 11"),
    ],
)
def test_bad_samples_name_the_clip_and_the_fault(bad: Any, said: str) -> None:
    with pytest.raises(BadPrediction, match=f"clip 5.*{said}"):
        check_prediction("clip 5", hard(), (T, H, W), samples=bad)


def test_classes_alone_are_one_joint_sample() -> None:
    prediction = check_prediction("clip", soft(), (T, H, W))
    assert prediction.joint_samples.shape == (16, T, H, W)
    assert (prediction.joint_samples == prediction.semantic).all()


def test_the_first_sixteen_samples_count() -> None:
    samples = np.random.default_rng(0).integers(0, 11, (20, T, H, W)).astype(np.uint8)
    checked = check_prediction("clip", soft(), (T, H, W), samples=samples)
    np.testing.assert_array_equal(checked.joint_samples, samples[:16])


def test_probabilities_of_eight_bits_are_divided_by_their_sum() -> None:
    p = np.random.default_rng(1).dirichlet(np.ones(11), (T, H, W)).transpose(0, 3, 1, 2)
    bits = np.rint(p * 255).astype(np.uint8)
    checked = check_prediction("clip", bits, (T, H, W)).probabilities
    np.testing.assert_allclose(checked.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(checked, p, atol=0.03)
    with pytest.raises(
        BadPrediction, match=r"within 0.0001; if they were rounded to 8 bits, .* uint8 0..255"
    ):
        check_prediction("clip", (bits / 255).astype(np.float32), (T, H, W))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_sum_above_one_lowers_no_nll(dtype: Any) -> None:
    p = soft().astype(dtype)
    more = (p * (1.004 if dtype == np.float16 else 1.00009)).astype(dtype)
    once, twice = (check_prediction("clip", a, (T, H, W)).probabilities for a in (p, more))
    np.testing.assert_allclose(once, twice, rtol=2e-3 if dtype == np.float16 else 1e-6)


def test_classes_beside_probabilities_are_what_the_model_decides() -> None:
    p, decided = soft(), hard()
    prediction = check_prediction("clip", p, (T, H, W), semantic=decided)
    np.testing.assert_array_equal(prediction.semantic, decided)
    assert prediction.probabilities is not None
    for bad, said in ((decided[1:], "semantic has shape"), (decided + np.uint8(1), "semantic: class 11")):
        with pytest.raises(BadPrediction, match=f"clip: ?.*{said}|clip, {said}"):
            check_prediction("clip", p, (T, H, W), semantic=bad)
    with pytest.raises(BadPrediction, match=r"expected \(9, 11, 10, 13\) for probabilities"):
        check_prediction("clip", decided, (T, H, W), semantic=decided)


def test_half_precision_probabilities_are_good_enough() -> None:
    p = soft().astype(np.float16)
    assert check_prediction("clip", p, (T, H, W)).probabilities is not None


def test_ids_of_another_shape_are_refused() -> None:
    with pytest.raises(BadPrediction, match="clip 2: instance"):
        check_prediction("clip 2", hard(), (T, H, W), np.zeros((T, H, W - 1), np.uint8))
