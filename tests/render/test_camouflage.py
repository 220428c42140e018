"""Camouflage against its definition, pixel by pixel, and against the sensor itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from segmnist.errors import BadArgument
from segmnist.render.camouflage import camouflage, confusion_table, sensor_likelihood, track_dprime
from segmnist.render.engine import render
from segmnist.scene.presets import preset
from segmnist.scene.sample import sample
from segmnist.source import ClipSource

TRUTHS = ("noiseless", "beneath", "instance", "layers")


def normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


@pytest.mark.parametrize("sigma", [0.4, 7.0, 60.0])
def test_likelihood_is_the_quantised_normal_with_tails_absorbed(sigma):
    table = sensor_likelihood(sigma)
    np.testing.assert_allclose(table.sum(1), 1, atol=1e-12)
    for v in (0, 3, 128, 255):
        for k in (0, 1, 127, 130, 254, 255):
            below = 0.0 if k == 0 else normal((k - 0.5 - v) / sigma)
            up_to = 1.0 if k == 255 else normal((k + 0.5 - v) / sigma)
            assert abs(table[v, k] - (up_to - below)) < 2**-31 + 1e-10


def test_likelihood_is_what_the_sensor_draws():
    spec = preset(
        "clean", num_digits_range=(0, 0), background_level=9, sensor_sigma=12.0, num_frames=50, width=48
    )
    seen = np.bincount(ClipSource(spec)[2].video.reshape(-1), minlength=256)
    expected = sensor_likelihood(12.0)[9] * seen.sum()
    common = expected > 20
    chi2 = ((seen[common] - expected[common]) ** 2 / expected[common]).sum()
    assert chi2 < common.sum() + 5 * math.sqrt(2 * common.sum())


def test_confusion_is_a_bayes_error():
    table, likelihood = confusion_table(20.0), sensor_likelihood(20.0)
    np.testing.assert_allclose(np.diag(table), 0.5, atol=1e-7)
    np.testing.assert_array_equal(table, table.T)
    # The best decision takes the likelier level; count its errors outright.
    for f, b in ((0, 20), (100, 130), (240, 255)):
        takes_f = likelihood[f] >= likelihood[b]
        wrong = 0.5 * likelihood[f][~takes_f].sum() + 0.5 * likelihood[b][takes_f].sum()
        assert abs(table[f, b] - wrong) < 1e-6
    assert abs(table[100, 140] - normal(-1.0)) < 1e-3  # far from both ends: Phi(-d'/2)


def test_truths_against_loops():
    spec = preset("crowded", height=40, width=52, num_frames=3, sensor_sigma=15.0, num_digits_range=(5, 5))
    clip = ClipSource(spec, truth=TRUTHS, seed=4)[6]
    found = camouflage(clip.noiseless, clip.beneath, clip.instance, clip.digit_layers, clip.amodal, 15.0)
    T, H, W = clip.instance.shape
    N = len(clip.labels)
    squares, order = np.zeros((N, T)), np.zeros((N, N, T))
    for t, y, x in np.ndindex(T, H, W):
        seen = int(clip.instance[t, y, x])
        f, b = int(clip.noiseless[t, y, x]), int(clip.beneath[t, y, x])
        assert found["camouflage_dprime"][t, y, x] == pytest.approx(abs(f - b) / 15)
        assert found["camouflage_eps"][t, y, x] == confusion_table(15.0)[f, b]
        if seen:
            squares[seen - 1, t] += ((f - b) / 15) ** 2
            for k in np.flatnonzero(clip.amodal[:, t, y, x]):
                for j in np.flatnonzero(clip.amodal[:, t, y, x]):
                    if j != k and seen - 1 in (j, k):
                        levels = clip.digit_layers[:, t, y, x].astype(int)
                        order[j, k, t] += ((levels[j] - levels[k]) / 15) ** 2
        else:
            assert (f, found["camouflage_eps"][t, y, x]) == (b, np.float32(confusion_table(15.0)[f, f]))
    assert order.any()
    np.testing.assert_allclose(found["instance_dprime"], np.sqrt(squares), rtol=1e-5)
    np.testing.assert_allclose(found["order_dprime"], np.sqrt(order), rtol=1e-5)
    np.testing.assert_allclose(track_dprime(found["instance_dprime"])[:, -1] ** 2, squares.sum(1), rtol=1e-4)


def test_sigma_zero_is_refused():
    clip = ClipSource(preset("clean", num_frames=1), truth=TRUTHS)[0]
    with pytest.raises(BadArgument, match="sensor_sigma"):
        camouflage(clip.noiseless, clip.beneath, clip.instance, clip.digit_layers, clip.amodal, 0.0)


def test_it_is_a_truth_like_any_other() -> None:
    spec = preset("crowded", height=40, num_frames=3, sensor_sigma=15.0)
    clips = ClipSource(spec, truth=("camouflage", "noiseless", "beneath", "instance", "layers")).batch([3, 8])
    for clip in clips:
        names = ("noiseless", "beneath", "instance", "digit_layers", "amodal")
        for name, expected in camouflage(*(clip[array] for array in names), 15.0).items():
            rows = (slice(None), slice(len(clip.labels))) if name == "order_dprime" else ...
            np.testing.assert_array_equal(clip[name][rows], expected)
    alone = ClipSource(spec, truth="camouflage").batch([3, 8])
    np.testing.assert_array_equal(alone.camouflage_eps, clips.camouflage_eps)
    np.testing.assert_array_equal(alone.video, clips.video)


def test_it_is_impossible_without_sensor_noise() -> None:
    with pytest.raises(BadArgument, match=r"truth='camouflage'.*sensor_sigma > 0"):
        ClipSource("standard", truth="camouflage")
    with pytest.raises(BadArgument, match=r"truth='camouflage'.*sensor_sigma > 0"):
        render(sample(preset("standard"), [0]), "camouflage")
