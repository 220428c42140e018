"""The oracle against the enumeration of every scene, drawn by the renderer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracle.enumeration import assert_readouts, enumerate_pairs, tiny_spec

from segmnist.digits.bank import DigitBank
from segmnist.oracle import OBSERVERS, Oracle
from segmnist.oracle.arrays import NumpyArrays
from segmnist.oracle.likelihood import log_likelihood_table
from segmnist.oracle.observers import Observer
from segmnist.oracle.pictures import single_digit_scene
from segmnist.render.engine import render
from segmnist.source import ClipSource

SPECS = {
    "plain": {},
    "twins": {"classes": (6, 9), "twins": ((6, 9),), "twin_odds": 0.3},
    "flat levels": {"grey_levels": (90, 200), "direction_step": 360.0},
    "ramp": {"brightness_range": (0.3, 0.9), "brightness_step": 0.6, "direction_step": 360.0},
    "beyond the walls": {"wall_margin": 8.0, "position_step": 10.0},
    "sizes": {"scale_range": (0.8, 1.4), "scale_step": 0.6, "direction_step": 360.0},
    "accelerated": {"acceleration_range": (0.5, 0.5), "frame_stride": 2},
}


def seen_by(observer: str, t: int, num_frames: int) -> list[int]:
    return {"offline": list(range(num_frames)), "causal": list(range(t + 1)), "frame": [t]}[observer]


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("observer", OBSERVERS)
def test_posterior_equals_enumeration(name: Any, observer: Any, small_bank: DigitBank) -> None:
    spec = tiny_spec(**SPECS[name])
    oracle = Oracle(spec, bank=small_bank, delta=0.0)
    everything = enumerate_pairs(oracle.family)
    video = ClipSource(spec, bank=small_bank, seed=3)[1].video
    posterior = oracle.posterior(video, observer)
    for t in range(spec.num_frames):
        log_joint = everything.log_joint(video, seen_by(observer, t, spec.num_frames), spec)
        joint = np.exp(log_joint - np.logaddexp.reduce(log_joint, axis=None))
        k = 0 if observer == "offline" else t
        expected = everything.class_posterior(joint, t)
        np.testing.assert_allclose(posterior.class_probabilities[t], expected, atol=3e-7)
        np.testing.assert_allclose(
            posterior.hypothesis_probabilities[k], [joint.sum(0), joint.sum(1)], atol=1e-12
        )
        np.testing.assert_allclose(
            posterior.log_evidence[k], np.logaddexp.reduce(log_joint, axis=None), rtol=1e-12
        )
        assert posterior.delta[k] < 1e-12
        assert_readouts(posterior, everything, joint, k, t)


@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_forecast_equals_enumeration(horizon: int, small_bank: DigitBank) -> None:
    spec = tiny_spec(**SPECS["twins"])
    oracle = Oracle(spec, bank=small_bank, delta=0.0)
    everything = enumerate_pairs(oracle.family)
    clip = ClipSource(spec, bank=small_bank, seed=3)[1]
    posterior = oracle.posterior(clip, "forecast", horizon=horizon)
    assert (posterior.observer, posterior.horizon) == ("forecast", horizon)
    for t in range(spec.num_frames):
        seen = list(range(t + 1 - horizon))
        joint = everything.posterior(clip.video, seen, spec)
        expected = everything.class_posterior(joint, t)
        np.testing.assert_allclose(posterior.class_probabilities[t], expected, atol=3e-7)
        evidence = np.logaddexp.reduce(everything.log_joint(clip.video, seen, spec), axis=None)
        np.testing.assert_allclose(posterior.log_evidence[t], evidence, rtol=1e-12, atol=1e-12)
        assert_readouts(posterior, everything, joint, t, t)
    now = oracle.posterior(clip, "causal")
    assert posterior.entropy.sum() > now.entropy.sum()


def test_background_bank_equals_a_sum_over_backgrounds(small_bank: DigitBank) -> None:
    spec = tiny_spec(
        num_backgrounds=3,
        num_shapes_range=(1, 2),
        shape_size_range=(5, 9),
        direction_step=360.0,
        noise_density=0.5,
    )
    oracle = Oracle(spec, bank=small_bank, delta=0.0, seed=9)
    family, table = oracle.family, log_likelihood_table(spec)
    clip = ClipSource(spec, bank=small_bank, seed=9)[4]
    flat = enumerate_pairs(Oracle(tiny_spec(direction_step=360.0), bank=small_bank).family)
    prior = np.log(family.prior)
    joint = []
    for levels, share in zip(family.backgrounds, family.background_prior):
        drawn = levels.reshape(clip.video.shape)
        clean = np.where(flat.instance > 0, flat.clean, drawn)
        loglik = table[clean, clip.video].sum((-1, -2, -3))
        joint.append(np.log(share) + prior[:, None] + prior[None, :] + loglik)
    total = np.logaddexp.reduce(joint, axis=None)
    posterior = oracle.posterior(clip.video)
    np.testing.assert_allclose(posterior.log_evidence, total, rtol=1e-12)
    pairs = np.exp(np.array(joint) - total).sum(0)
    for t in range(spec.num_frames):
        np.testing.assert_allclose(
            posterior.class_probabilities[t], flat.class_posterior(pairs, t), atol=3e-7
        )


@settings(max_examples=8, deadline=None)
@given(
    clip_id=st.integers(0, 10**6),
    delta=st.sampled_from([1e-6, 1e-3, 0.1]),
    sigma=st.sampled_from([25.0, 60.0, 120.0]),
    tile_shape=st.sampled_from([(2048, 64), (5, 3)]),
)
def test_certificate_bounds_what_was_dropped(
    clip_id: int, delta: Any, sigma: Any, tile_shape: Any, small_bank: DigitBank
) -> None:
    spec = tiny_spec(sensor_sigma=sigma, angle_step=90.0, position_step=3.0)
    video = ClipSource(spec, bank=small_bank)[clip_id].video
    for observer in OBSERVERS:
        oracle = Oracle(spec, bank=small_bank, delta=delta)
        oracle.arrays.tile_shape = tile_shape
        pruned = oracle.posterior(video, observer)
        whole = Oracle(spec, bank=small_bank, delta=0.0).posterior(video, observer)
        assert pruned.delta.max() <= delta
        moved = np.abs(pruned.class_probabilities - whole.class_probabilities).max((1, 2, 3))
        assert np.all(moved <= pruned.delta + 3e-7)
        variation = 0.5 * np.abs(pruned.hypothesis_probabilities - whole.hypothesis_probabilities).sum(
            -1
        ).max(-1)
        assert np.all(variation <= pruned.delta + 1e-12)


def test_tiles_change_nothing(small_bank: DigitBank, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = tiny_spec(position_step=3.0)
    video = ClipSource(spec, bank=small_bank)[0].video
    whole = Oracle(spec, bank=small_bank, delta=0.0).posterior(video, "causal")
    monkeypatch.setattr(NumpyArrays, "tile_shape", (7, 11))
    tiled = Oracle(spec, bank=small_bank, delta=0.0).posterior(video, "causal")
    np.testing.assert_allclose(tiled.class_probabilities, whole.class_probabilities, atol=3e-7)
    np.testing.assert_allclose(tiled.hypothesis_probabilities, whole.hypothesis_probabilities, atol=1e-13)


def test_memory_is_that_of_tiles_not_of_all_pairs() -> None:
    """1,280 pictures a frame squared would take 13 MB in double precision, four times over; tiles stay below."""
    import tracemalloc

    from segmnist.scene.presets import preset

    spec = preset("exact", num_frames=1, position_step=6.0)
    oracle = Oracle(spec, delta=0.0)
    video = ClipSource(spec)[0].video
    assert len(oracle.family.pictures[0]) == 1280
    oracle.posterior(video, "frame")
    tracemalloc.start()
    posterior = oracle.posterior(video, "frame")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert posterior.pairs_kept[0] == 1
    assert peak < 1280**2 * 8


@pytest.mark.parametrize("numbers", [(0, 2), (1, 2), (0, 1), (1, 1)])
@pytest.mark.parametrize("observer", [*OBSERVERS, "forecast"])
def test_an_unknown_number_of_digits_equals_enumeration(observer: Any, numbers: Any, small_bank: Any) -> None:
    spec = tiny_spec(**SPECS["twins"], num_digits_range=numbers, sensor_sigma=100.0)
    oracle = Oracle(spec, bank=small_bank, delta=0.0)
    family, table = oracle.family, log_likelihood_table(spec)
    everything, count = enumerate_pairs(family), family.num_hypotheses
    clip = ClipSource(spec, bank=small_bank, seed=3)[4]
    alone = render(single_digit_scene(spec, small_bank, family.glyph, family.pose, 40), ("instance",))
    bare = np.full(clip.video.shape, 40)
    drawn = np.log(1 / (numbers[1] - numbers[0] + 1))
    posterior = oracle.posterior(clip, observer, horizon=int(observer == "forecast"))
    looks = Observer(observer, int(observer == "forecast")).looks(spec.num_frames)
    for t in range(spec.num_frames):
        k = 0 if observer == "offline" else t
        seen = list(looks[k].seen)
        none = sum(table[bare[s], clip.video[s]].sum() for s in seen) * np.ones(1)
        one = np.log(family.prior) + sum(
            (table[alone.video[:, s], clip.video[s]].sum((-1, -2)) for s in seen), np.zeros(count)
        )
        two = everything.log_joint(clip.video, seen, spec)
        weights = [
            drawn + w if numbers[0] <= n <= numbers[1] else w - np.inf for n, w in enumerate((none, one, two))
        ]
        evidence = np.logaddexp.reduce([np.logaddexp.reduce(w, axis=None) for w in weights])
        none, one, two = (np.exp(w - evidence) for w in weights)
        np.testing.assert_allclose(posterior.log_evidence[k], evidence, rtol=1e-9, atol=1e-9)
        shares = [none.sum(), one.sum(), two.sum()][: numbers[1] + 1]
        np.testing.assert_allclose(posterior.num_digits_probabilities[k], shares, atol=1e-9)
        digits = np.stack([two.sum(0) + one, two.sum(1)])[: numbers[1]]
        np.testing.assert_allclose(posterior.hypothesis_probabilities[k], digits, atol=1e-9)
        expected = everything.class_posterior(two, t)
        ink = alone.instance[:, t] > 0
        for label in range(10):
            expected[label] += np.einsum("h,hyx->yx", one * family.class_odds[:, label], ink)
        expected[10] = 1 - expected[:10].sum(0)
        np.testing.assert_allclose(posterior.class_probabilities[t], expected, atol=3e-7)
        front = np.einsum("ij,ijyx->yx", two, everything.amodal[:, :, 1, t])
        behind = np.einsum("ij,ijyx->yx", two, everything.amodal[:, :, 0, t])
        behind += np.einsum("h,hyx->yx", one, ink)
        np.testing.assert_allclose(
            posterior.amodal_probabilities[:, t], [behind, front][: numbers[1]], atol=3e-7
        )
        np.testing.assert_allclose(
            posterior.instance_probabilities[t].sum(0), np.ones(bare.shape[1:]), atol=1e-6
        )
        odds = family.class_odds
        np.testing.assert_allclose(posterior.depth_order[k], odds.T @ two @ odds, atol=1e-9)
    samples = posterior.sample(1500)
    for label in range(11):
        error = np.abs((samples == label).mean(0) - posterior.class_probabilities[:, label]).max()
        assert error < 5 * np.sqrt(0.25 / 1500)
