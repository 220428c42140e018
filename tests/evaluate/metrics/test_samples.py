"""HM-IoU and GED^2: by hand, and by law."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from segmnist.errors import BadArgument
from segmnist.evaluate import Prediction
from segmnist.evaluate.metrics import samples
from segmnist.evaluate.metrics.confusion import confusion, mean_iou
from segmnist.evaluate.scored_clip import ScoredClip


def one_pixel(*classes: Any) -> Any:
    return np.array(classes, np.uint8).reshape(-1, 1, 1, 1)


def test_energy_distance_by_hand() -> None:
    coin = one_pixel(6, 9, 6, 9)
    # Two of three other samples differ: 2 * 1/2 - 2/3 - 2/3.
    assert samples.generalised_energy_distance(coin, coin) == pytest.approx(-1 / 3)
    # Always 6 against a coin: 2 * 1/2 - 0 - 2/3.
    assert samples.generalised_energy_distance(one_pixel(6, 6), coin) == pytest.approx(1 / 3)
    assert samples.generalised_energy_distance(one_pixel(1, 1), one_pixel(2, 2)) == pytest.approx(2)


def test_matched_iou_by_hand() -> None:
    pytest.importorskip("scipy", reason="the judges are an optional test group")
    assert samples.matched_iou(one_pixel(6, 9), one_pixel(9, 6)) == 1
    assert samples.matched_iou(one_pixel(6, 6), one_pixel(9, 6)) == 0.5
    assert samples.matched_iou(one_pixel(6, 6, 9), one_pixel(6, 9, 9)) == pytest.approx(2 / 3)
    with pytest.raises(BadArgument, match="as many maps as truths, 2"):
        samples.matched_iou(one_pixel(6), one_pixel(9, 6))


def test_two_empty_maps_agree() -> None:
    assert samples.iou_table(one_pixel(10), one_pixel(10)).tolist() == [[1]]


def test_table_of_ious_is_the_mean_iou_of_each_pair() -> None:
    rng = np.random.default_rng(2)
    ones, others = (rng.choice(11, (n, 2, 5, 6), p=[0.04] * 10 + [0.6]).astype(np.uint8) for n in (3, 4))
    pairs = [[mean_iou(confusion(a, b), background=False) for b in others] for a in ones]
    np.testing.assert_allclose(samples.iou_table(ones, others), pairs)


@pytest.mark.parametrize("n", [2, 4, 16])
def test_energy_distance_of_the_posterior_itself_is_zero_with_any_number_of_samples(n: Any) -> None:
    """A fair coin; means over all pairs, a sample with itself included, would score (1/n + 1/8) / 2."""
    rng = np.random.default_rng(3)
    trials = 1000
    draws = rng.choice(np.array([6, 9], np.uint8), (trials, n + 8, 1, 1, 1))
    scores = [samples.generalised_energy_distance(d[:n], d[n:]) for d in draws]
    assert np.mean(scores) == pytest.approx(0, abs=4 * np.std(scores) / trials**0.5)


def sample_counts(labels: Any, classes: Any, twins: Any = None) -> Any:
    truth = {"semantic": one_pixel(6)[0], "instance": one_pixel(1)[0], "labels": np.array(labels, np.uint8)}
    truth["posterior_samples"] = one_pixel(*[6, 9] * 8)
    if twins is not None:
        truth["twin_labels"] = np.array(twins, np.uint8)
    return samples.METRIC.counts(ScoredClip(truth, Prediction(one_pixel(classes)[0])))


def test_clips_with_twins_stand_apart() -> None:
    pytest.importorskip("scipy", reason="the judges are an optional test group")
    sums = sample_counts([6], 6)["samples"] + sample_counts([4, 1], 10)["samples"]
    scores = samples.METRIC.scores({"samples": sums})
    assert scores["matched_iou_twins"] == 0.5
    assert scores["matched_iou_others"] == 0
    assert scores["matched_iou"] == 0.25
    assert scores["ged"] == pytest.approx((scores["ged_twins"] + scores["ged_others"]) / 2, abs=1e-6)
    declared = sample_counts([4, 1], 10, [255, 7])["samples"]
    assert declared[:, 2].tolist() == [1, 0]


def test_a_model_with_many_samples_costs_no_more_than_with_sixteen() -> None:
    """Repeating to a common count, 255 samples took half a minute a clip; scores take the first sixteen."""
    pytest.importorskip("scipy", reason="the judges are an optional test group")
    many = np.random.default_rng(0).choice(np.array([6, 10], np.uint8), (255, 2, 8, 8))
    prediction = Prediction(many[0], samples=many)
    np.testing.assert_array_equal(prediction.joint_samples, many[:16])


def test_samples_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="samples"):
        samples.generalised_energy_distance(one_pixel(6), np.zeros((1, 1, 1, 2), np.uint8))
