"""Camouflage against its definition, pixel by pixel, and against the sensor itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from segmnist import BadArgument, ClipSource, preset, render, sample
from segmnist.render.camouflage import (
    background_confusion,
    background_dprime,
    confusion_table,
    sensor_likelihood,
)
from segmnist.render.noise import noise_odds

TRUTHS = ("camouflage", "noiseless", "beneath", "instance", "layers")


def normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


@pytest.mark.parametrize("sigma", [0.4, 7.0, 60.0])
def test_likelihood_is_the_quantised_normal_with_tails_absorbed(sigma: float) -> None:
    table = sensor_likelihood(sigma)
    np.testing.assert_allclose(table.sum(1), 1, atol=1e-12)
    for v in (0, 3, 128, 255):
        for k in (0, 1, 127, 130, 254, 255):
            below = 0.0 if k == 0 else normal((k - 0.5 - v) / sigma)
            up_to = 1.0 if k == 255 else normal((k + 0.5 - v) / sigma)
            assert abs(table[v, k] - (up_to - below)) < 2**-31 + 1e-10


def test_likelihood_is_what_the_sensor_draws() -> None:
    spec = preset(
        "clean", num_digits_range=(0, 0), background_level=9, sensor_sigma=12.0, num_frames=50, width=48
    )
    seen = np.bincount(ClipSource(spec)[2].video.reshape(-1), minlength=256)
    expected = sensor_likelihood(12.0)[9] * seen.sum()
    common = expected > 20
    chi2 = ((seen[common] - expected[common]) ** 2 / expected[common]).sum()
    assert chi2 < common.sum() + 5 * math.sqrt(2 * common.sum())


def test_confusion_is_a_bayes_error() -> None:
    table, likelihood = confusion_table(20.0), sensor_likelihood(20.0)
    np.testing.assert_allclose(np.diag(table), 0.5, atol=1e-7)
    np.testing.assert_array_equal(table, table.T)
    # The best decision takes the likelier level; count its errors outright.
    for f, b in ((0, 20), (100, 130), (240, 255)):
        takes_f = likelihood[f] >= likelihood[b]
        wrong = 0.5 * likelihood[f][~takes_f].sum() + 0.5 * likelihood[b][takes_f].sum()
        assert abs(table[f, b] - wrong) < 1e-6
    assert abs(table[100, 140] - normal(-1.0)) < 1e-3  # far from both ends: Phi(-d'/2)


@pytest.mark.parametrize(
    "changes", [{}, {"noise_density": 0.3, "background_level": 90}, {"noise_level_range": (0, 30)}]
)
def test_eps_over_pepper_noise_is_the_error_of_an_observer_who_does_not_know_the_draw(changes: Any) -> None:
    """Draw digit and background many times, decide by the two likelihoods, count the errors."""
    spec = preset("noise", sensor_sigma=20.0, **changes)
    random = np.random.default_rng(3)
    likelihood = sensor_likelihood(20.0)
    background = noise_odds(spec) @ likelihood
    for f in (0, 60, 128, 250):
        levels = random.choice(256, 40_000, p=noise_odds(spec))
        seen_background = (levels + np.rint(random.normal(0, 20, levels.size))).clip(0, 255).astype(int)
        seen_digit = (f + np.rint(random.normal(0, 20, levels.size))).clip(0, 255).astype(int)
        says_digit = likelihood[f] >= background
        wrong = 0.5 * says_digit[seen_background].mean() + 0.5 * (~says_digit)[seen_digit].mean()
        assert abs(background_confusion(spec)[f] - wrong) < 0.01


@pytest.mark.parametrize("sigma", [3.0, 20.0, 60.0])
def test_dprime_is_the_mean_evidence_and_of_one_level_the_distance_in_sigmas(sigma: float) -> None:
    flat = preset("clean", background_level=100, sensor_sigma=sigma)
    np.testing.assert_allclose(background_dprime(flat), np.abs(np.arange(256) - 100) / sigma, atol=1e-5)
    spec = preset("clean", noise_density=0.5, noise_level_range=(40, 200), sensor_sigma=sigma)
    levels, odds = np.arange(256), noise_odds(spec)
    for f in (0, 40, 120, 255):
        seen = np.random.default_rng(f).normal(f, sigma, 20_000)
        odds_of = np.exp(-((seen[:, None] - levels) ** 2 - (seen[:, None] - f) ** 2) / (2 * sigma**2)) @ odds
        evidence = -np.log(odds_of)
        error = evidence.std() / math.sqrt(evidence.size)
        assert abs(background_dprime(spec)[f] ** 2 / 2 - evidence.mean()) < 5 * error + 1e-3


def test_digits_over_pepper_noise_are_better_hidden_than_a_known_draw_would_say() -> None:
    """Mean eps was .117 when the draw hidden counted as known; an independent check gave .172 where it does not."""
    spec = preset("camouflage", num_frames=5, sensor_sigma=20.0)
    clips = ClipSource(spec, split="val", seed=2, truth=TRUTHS).batch(range(4))
    over = clips.hides_background
    as_known = confusion_table(20.0)[clips.noiseless[over], clips.beneath[over]]
    assert as_known.mean() == pytest.approx(0.117, abs=5e-4)
    assert clips.camouflage_eps[over].mean() == pytest.approx(0.172, abs=5e-4)


def test_truths_against_loops() -> None:
    spec = preset("crowded", height=40, width=52, num_frames=3, sensor_sigma=15.0, num_digits_range=(5, 5))
    source = ClipSource(spec, truth=(*TRUTHS, "shapes"), seed=4)
    clip = source[6]
    bare = render(sample(spec.replace(num_digits_range=(0, 0)), [6], seed=4), "shapes").shape_instance[0] == 0
    T, H, W = clip.instance.shape
    N = len(clip.labels)
    squares, order = np.zeros((N, T)), np.zeros((N, N, T))
    for t, y, x in np.ndindex(T, H, W):
        seen = int(clip.instance[t, y, x])
        f, b = int(clip.noiseless[t, y, x]), int(clip.beneath[t, y, x])
        is_over_noise = bool(seen and clip.amodal[:, t, y, x].sum() == 1 and bare[t, y, x])
        dprime = background_dprime(spec)[f] if is_over_noise else abs(f - b) / 15
        eps = background_confusion(spec)[f] if is_over_noise else confusion_table(15.0)[f, b]
        assert clip.hides_background[t, y, x] == is_over_noise
        assert clip.camouflage_dprime[t, y, x] == pytest.approx(dprime)
        assert clip.camouflage_eps[t, y, x] == eps
        if seen:
            squares[seen - 1, t] += dprime**2
            for k in np.flatnonzero(clip.amodal[:, t, y, x]):
                for j in np.flatnonzero(clip.amodal[:, t, y, x]):
                    if j != k and seen - 1 in (j, k):
                        levels = clip.digit_layers[:, t, y, x].astype(int)
                        order[j, k, t] += ((levels[j] - levels[k]) / 15) ** 2
        else:
            assert f == b
            assert clip.camouflage_eps[t, y, x] == np.float32(confusion_table(15.0)[f, f])
    assert order.any()
    assert clip.hides_background.any()
    np.testing.assert_allclose(clip.instance_dprime, np.sqrt(squares), rtol=1e-5)
    np.testing.assert_allclose(clip.order_dprime[:, :N], np.sqrt(order), rtol=1e-5)
    np.testing.assert_allclose(clip.track_dprime[:, -1] ** 2, squares.sum(1), rtol=1e-4)


def test_it_is_a_truth_like_any_other() -> None:
    spec = preset("crowded", height=40, num_frames=3, sensor_sigma=15.0)
    clips = ClipSource(spec, truth=TRUTHS).batch([3, 8])
    alone = ClipSource(spec, truth="camouflage").batch([3, 8])
    for name in set(alone.arrays):
        np.testing.assert_array_equal(alone[name], clips[name])


def test_it_is_impossible_without_sensor_noise() -> None:
    with pytest.raises(BadArgument, match=r"truth='camouflage'.*sensor_sigma >= 0.01"):
        ClipSource("standard", truth="camouflage")
    with pytest.raises(BadArgument, match=r"truth='camouflage'.*sensor_sigma >= 0.01"):
        render(sample(preset("standard"), [0]), "camouflage")
    with pytest.raises(BadArgument, match=r"sensor_sigma=0.*more than 0"):
        sensor_likelihood(0.0)
