"""Scores of probabilities and of doubt: by hand, by law, and against a known posterior."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmnist.evaluate import ambiguity, calibration, selective
from segmnist.evaluate.counts import confusion
from segmnist.evaluate.segmentation import mean_iou


def soft(*rows):
    """A clip of one frame of 1 x len(rows) pixels: each row gives the probabilities of classes 0, 1 and
    10.
    """
    p = np.zeros((1, 11, 1, len(rows)), np.float32)
    for x, row in enumerate(rows):
        p[0, [0, 1, 10], 0, x] = row
    return p


TRUTH = np.array([[[0, 10]]], np.uint8)


def test_nll_and_brier_by_hand():
    p = soft((0.5, 0.25, 0.25), (0.0, 0.2, 0.8))
    sums = calibration.calibration_sums(TRUTH, calibration.pixel_scores(TRUTH, p))
    nll = calibration.mean_of(sums["nll"], sums["pixels"])
    brier = calibration.mean_of(sums["brier"], sums["pixels"])
    assert nll == pytest.approx([(math.log(2) - math.log(0.8)) / 2, math.log(2)], abs=1e-6)
    assert brier == pytest.approx([(0.25 + 0.0625 * 2 + 0.04 * 2) / 2, 0.375], abs=1e-6)


def test_a_certain_mistake_costs_the_floor_and_not_infinity():
    p = soft((0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    scores = calibration.pixel_scores(TRUTH, p)
    assert scores.nll[0, 0, 0] == pytest.approx(-math.log(1e-12), rel=1e-6)
    assert scores.brier[0, 0, 0] == 2


def test_calibration_error_by_hand():
    # Confidence 0.5 and right; 0.8 and wrong: bins (7/15, 8/15] and (11/15, 12/15].
    p = soft((0.5, 0.25, 0.25), (0.8, 0.1, 0.1))
    sums = calibration.calibration_sums(TRUTH, calibration.pixel_scores(TRUTH, p))
    error = calibration.expected_calibration_error(sums["bins"])
    assert error[0] == pytest.approx((0.5 + 0.8) / 2, abs=1e-6)
    assert error[1] == pytest.approx(0.5, abs=1e-6)


def test_calibration_error_agrees_with_torchmetrics():
    judges = pytest.importorskip(
        "torchmetrics.classification", reason="the judges are an optional test group"
    )
    torch = pytest.importorskip("torch", reason="the judges are an optional test group")
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(11, 0.4), size=(2, 9, 13)).transpose(0, 3, 1, 2).astype(np.float32)
    truth = rng.integers(0, 11, (2, 9, 13)).astype(np.uint8)
    sums = calibration.calibration_sums(truth, calibration.pixel_scores(truth, p))
    judge = judges.MulticlassCalibrationError(num_classes=11, n_bins=15, norm="l1")
    theirs = judge(torch.from_numpy(p), torch.from_numpy(truth.astype(np.int64)))
    assert calibration.expected_calibration_error(sums["bins"])[0] == pytest.approx(float(theirs), abs=1e-5)


def areas_by_enumeration(confidence, correct):
    """Mean AURC and AUGRC over every order that ties allow."""
    n, risks, joint = len(confidence), [], []
    for order in itertools.permutations(range(n)):
        if all(confidence[a] >= confidence[b] for a, b in itertools.pairwise(order)):
            errors = np.cumsum([not correct[i] for i in order])
            risks.append(np.mean(errors / np.arange(1, n + 1)))
            joint.append(np.mean(errors / n))
    return np.mean(risks), np.mean(joint)


@given(st.lists(st.tuples(st.sampled_from([0.2, 0.5, 0.9]), st.booleans()), min_size=1, max_size=6))
def test_areas_under_risk_coverage_agree_with_enumeration(pixels):
    confidence, correct = zip(*pixels, strict=True)
    counts = selective.confidence_counts(confidence, correct)
    aurc, augrc = areas_by_enumeration(confidence, correct)
    assert selective.aurc(counts) == pytest.approx(aurc)
    assert selective.augrc(counts) == pytest.approx(augrc)


def test_aurc_of_many_equal_confidences_is_the_error_rate():
    counts = selective.confidence_counts(np.full(100_000, 0.7), np.arange(100_000) % 4 > 0)
    assert selective.aurc(counts) == pytest.approx(0.25)
    coverage, risk = selective.risk_coverage(counts)
    assert coverage.tolist() == [1.0]
    assert risk.tolist() == [0.25]


def test_excess_nll_is_zero_for_the_posterior_alone_and_adds_up_by_hand():
    posterior = soft((0.5, 0.5, 0.0))
    model = soft((0.25, 0.75, 0.0))
    assert ambiguity.excess_nll(posterior, posterior).sum() == 0
    expected = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    assert ambiguity.excess_nll(posterior, model).item() == pytest.approx(expected)
    assert ambiguity.entropy(posterior).item() == pytest.approx(math.log(2))
    expected = abs(math.log(2) + 0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert ambiguity.entropy_error(posterior, model).item() == pytest.approx(expected)


def test_excess_nll_is_expected_nll_minus_entropy():
    rng = np.random.default_rng(1)
    p, q = (rng.dirichlet(np.ones(11), size=(1, 3, 4)).transpose(0, 3, 1, 2) for _ in range(2))
    expected_nll = -(p * np.log(q)).sum(axis=1)
    np.testing.assert_allclose(ambiguity.excess_nll(p, q), expected_nll - ambiguity.entropy(p), atol=1e-12)


def one_pixel(*classes):
    return np.array(classes, np.uint8).reshape(-1, 1, 1, 1)


def test_energy_distance_by_hand():
    coin = one_pixel(6, 9)
    assert ambiguity.generalised_energy_distance(coin, coin) == pytest.approx(0)
    # Always 6 against a coin: 2 * 1/2 - 0 - 1/2.
    assert ambiguity.generalised_energy_distance(one_pixel(6), coin) == pytest.approx(0.5)
    assert ambiguity.generalised_energy_distance(one_pixel(1), one_pixel(2)) == pytest.approx(2)


def test_matched_iou_by_hand():
    pytest.importorskip("scipy", reason="the judges are an optional test group")
    assert ambiguity.matched_iou(one_pixel(6, 9), one_pixel(9, 6)) == 1
    assert ambiguity.matched_iou(one_pixel(6), one_pixel(9, 6)) == 0.5
    assert ambiguity.matched_iou(one_pixel(6, 6, 9), one_pixel(6, 9)) == pytest.approx(5 / 6)


def test_two_empty_maps_agree():
    assert ambiguity.iou_table(one_pixel(10), one_pixel(10)).tolist() == [[1]]


def test_table_of_ious_is_the_mean_iou_of_each_pair():
    rng = np.random.default_rng(2)
    ones, others = (rng.choice(11, (n, 2, 5, 6), p=[0.04] * 10 + [0.6]).astype(np.uint8) for n in (3, 4))
    pairs = [[mean_iou(confusion(a, b), background=False) for b in others] for a in ones]
    np.testing.assert_allclose(ambiguity.iou_table(ones, others), pairs)


def test_samples_of_the_posterior_itself_score_what_their_number_explains():
    """A fair coin: d is 0 or 1, E d(y, y') = 1/2, so n samples against m score about (1/n + 1/m) / 2."""
    rng = np.random.default_rng(3)
    n, m, trials = 4, 8, 2000
    draws = rng.choice(np.array([6, 9], np.uint8), (trials, n + m, 1, 1, 1))
    scores = [ambiguity.generalised_energy_distance(d[:n], d[n:]) for d in draws]
    assert np.mean(scores) == pytest.approx((1 / n + 1 / m) / 2, abs=4 * np.std(scores) / trials**0.5)


def test_samples_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="samples"):
        ambiguity.generalised_energy_distance(one_pixel(6), np.zeros((1, 1, 1, 2), np.uint8))
