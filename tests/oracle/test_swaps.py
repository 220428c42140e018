"""Digits that swap depths: the oracle against every scene and every pattern of swaps, drawn by the renderer."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracle.enumeration import Enumeration, enumerate_pairs, tiny_spec
from tests.oracle.test_samples import check, coupling, law_of_maps, numbered, worlds_of

from segmnist.digits.bank import DigitBank
from segmnist.oracle import OBSERVERS, Oracle
from segmnist.oracle.observers import Observer
from segmnist.oracle.swaps import swap_patterns
from segmnist.scene.sample import sample
from segmnist.scene.spec import SceneSpec
from segmnist.source import ClipSource

TWINS = {"classes": (6, 9), "twins": ((6, 9),), "twin_odds": 0.3}
SPECS: dict[str, dict[str, Any]] = {
    "one swap": {"num_depth_swaps_range": (1, 1), "direction_step": 360.0, **TWINS},
    "up to two": {"num_depth_swaps_range": (0, 2), "direction_step": 360.0},
    "skipped frames": {"num_depth_swaps_range": (1, 2), "frame_stride": 2, "direction_step": 360.0},
    "grey levels": {"num_depth_swaps_range": (0, 1), "grey_levels": (90, 200), "direction_step": 360.0},
}
HORIZON = {"offline": 0, "causal": 0, "frame": 0, "forecast": 1}

Everything = dict[tuple[bool, ...], tuple[float, Enumeration]]


def patterns_by_hand(spec: SceneSpec) -> dict[tuple[bool, ...], float]:
    """Return P(pattern) by going through all numbers of swaps and all steps at which they may fall."""
    low, high = spec.num_depth_swaps_range
    law: Counter[tuple[bool, ...]] = Counter()
    for number in range(low, high + 1):
        for steps in itertools.product(range(spec.duration), repeat=number):
            shown = (k * spec.frame_stride for k in range(spec.num_frames))
            pattern = tuple(sum(step <= t for step in steps) % 2 == 1 for t in shown)
            law[pattern] += 1 / (high - low + 1) / spec.duration**number
    return dict(law)


def enumerate_patterns(family: Any) -> Everything:
    """Return the probability of each pattern and all pairs drawn with it."""
    return {
        pattern: (share, enumerate_pairs(family, pattern))
        for pattern, share in patterns_by_hand(family.spec).items()
    }


def posterior_of(everything: Everything, video: np.ndarray, seen: Any, spec: SceneSpec) -> Any:
    """Return P(pattern, digit 1, digit 0 | frames seen) `(Q,N,N)`, and the log evidence."""
    log_joint = np.stack(
        [np.log(share) + drawn.log_joint(video, list(seen), spec) for share, drawn in everything.values()]
    )
    evidence = np.logaddexp.reduce(log_joint, axis=None)
    return np.exp(log_joint - evidence), evidence


@pytest.mark.parametrize("name", SPECS)
def test_patterns_are_those_that_the_sampler_draws(name: str, small_bank: DigitBank) -> None:
    spec, count = tiny_spec(**SPECS[name]), 20_000
    found, expected = swap_patterns(spec), patterns_by_hand(spec)
    law = dict(zip(map(tuple, found.swapped.tolist()), found.prior))
    assert law == pytest.approx(expected, abs=1e-9)
    assert found.prior.sum() == pytest.approx(1, abs=1e-12)
    drawn = sample(spec, np.arange(count), bank=small_bank).depth
    observed = Counter(map(tuple, (drawn[:, 0] > drawn[:, 1]).tolist()))
    assert set(observed) <= set(expected)
    for pattern, share in expected.items():
        assert abs(observed[pattern] - count * share) < 5 * np.sqrt(count * share * (1 - share))


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("observer", HORIZON)
def test_posterior_equals_enumeration(name: str, observer: str, small_bank: DigitBank) -> None:
    spec = tiny_spec(**SPECS[name])
    oracle = Oracle(spec, bank=small_bank, delta=0.0)
    everything = enumerate_patterns(oracle.family)
    odds = oracle.family.class_odds
    clip = ClipSource(spec, bank=small_bank, seed=3)[1]
    posterior = oracle.posterior(clip, observer, horizon=HORIZON[observer])
    looks = Observer(observer, HORIZON[observer]).looks(spec.num_frames)
    for t in range(spec.num_frames):
        k = 0 if observer == "offline" else t
        joint, evidence = posterior_of(everything, clip.video, looks[k].seen, spec)
        pairs = joint.sum(0)
        np.testing.assert_allclose(posterior.log_evidence[k], evidence, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(
            posterior.hypothesis_probabilities[k], [pairs.sum(0), pairs.sum(1)], atol=1e-9
        )
        expected = sum(drawn.class_posterior(one, t) for one, (_, drawn) in zip(joint, everything.values()))
        np.testing.assert_allclose(posterior.class_probabilities[t], expected, atol=3e-7)
        shown = np.zeros((3, *clip.video.shape[1:]))
        order = np.zeros((10, 10))
        for one, (pattern, (_, drawn)) in zip(joint, everything.items()):
            for number in range(3):
                shown[number] += np.einsum("ij,ijyx->yx", one, drawn.instance[:, :, t] == number)
            order += odds.T @ (one.T if pattern[t] else one) @ odds
        np.testing.assert_allclose(posterior.instance_probabilities[t], shown, atol=6e-7)
        np.testing.assert_allclose(posterior.depth_order[t], order, atol=1e-9)
        for n in range(2):
            amodal = np.einsum("ij,ijyx->yx", pairs, drawn.amodal[:, :, n, t])
            np.testing.assert_allclose(posterior.amodal_probabilities[n, t], amodal, atol=3e-7)
        assert posterior.delta[k] < 1e-12
    assert posterior.depth_order.shape == (spec.num_frames, 10, 10)


@pytest.mark.parametrize("observer", HORIZON)
def test_an_unknown_number_of_digits_is_a_mixture(observer: str, small_bank: DigitBank) -> None:
    """Each number of digits alone is proved elsewhere; together they weigh as their evidence says."""
    spec = tiny_spec(**SPECS["one swap"], sensor_sigma=100.0)
    clip = ClipSource(spec.replace(num_digits_range=(1, 2)), bank=small_bank)[2]
    both, one, two = (
        Oracle(spec.replace(num_digits_range=numbers), bank=small_bank, delta=0.0).posterior(
            clip.video, observer, horizon=HORIZON[observer]
        )
        for numbers in ((1, 2), (1, 1), (2, 2))
    )
    log_evidence = np.logaddexp(one.log_evidence, two.log_evidence)
    np.testing.assert_allclose(both.log_evidence, log_evidence - np.log(2), rtol=1e-9, atol=1e-9)
    share = np.exp(two.log_evidence - log_evidence)
    np.testing.assert_allclose(both.num_digits_probabilities[:, 2], share, atol=1e-9)
    share = np.broadcast_to(share, spec.num_frames)[:, None, None]
    np.testing.assert_allclose(both.depth_order, share * two.depth_order, atol=1e-9)
    expected = one.class_probabilities + share[..., None] * (
        two.class_probabilities - one.class_probabilities
    )
    np.testing.assert_allclose(both.class_probabilities, expected, atol=6e-7)
    np.testing.assert_allclose(
        both.instance_probabilities[:, 2], share * two.instance_probabilities[:, 2], atol=6e-7
    )
    samples = both.sample(1500)
    for label in range(11):
        error = np.abs((samples == label).mean(0) - both.class_probabilities[:, label]).max()
        assert error < 5 * np.sqrt(0.25 / 1500)


@pytest.mark.parametrize("observer", HORIZON)
def test_samples_follow_their_law(observer: str, small_bank: DigitBank) -> None:
    spec = tiny_spec(**SPECS["one swap"], position_step=12.0, sensor_sigma=90.0)
    oracle = Oracle(spec, bank=small_bank, delta=0.0)
    everything = enumerate_patterns(oracle.family)
    clip = ClipSource(spec, bank=small_bank)[4]
    parts = [worlds_of(drawn) for _, drawn in everything.values()]
    worlds, share = (np.concatenate([part[n] for part in parts]) for n in (0, 1))
    pattern = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
    maps = [np.concatenate([part[2][t] for part in parts]) for t in range(3)]
    laws = []
    for look in Observer(observer, HORIZON[observer]).looks(3):
        joint, _ = posterior_of(everything, clip.video, look.seen, spec)
        laws += [joint[pattern, worlds[:, 0], worlds[:, 1]] for _ in look.answered]
    same = (worlds[:, None, 2:] == worlds[None, :, 2:]).all(-1)
    kernels = [coupling(*pair, same) for pair in itertools.pairwise(laws)]
    if observer == "frame":
        kernels = [np.tile(law * share, (len(law), 1)) for law in laws[1:]]
    samples = oracle.posterior(clip, observer, horizon=HORIZON[observer]).sample(3000, seed=2)
    numbers = [numbered(maps[t], samples[:, t]) for t in range(3)]
    law = law_of_maps(laws[0] * share, kernels, [n for n, _ in numbers])
    drawn = [d for _, d in numbers]
    assert check(law, drawn)
    assert check(law, [np.roll(d, t) for t, d in enumerate(drawn)]) == (observer == "frame")


@settings(max_examples=4, deadline=None)
@given(
    clip_id=st.integers(0, 10**6),
    delta=st.sampled_from([1e-6, 1e-3, 0.1]),
    sigma=st.sampled_from([25.0, 60.0, 120.0]),
    tile_shape=st.sampled_from([(2048, 64), (5, 3)]),
    swaps=st.sampled_from([(0, 1), (2, 2)]),
)
def test_certificate_bounds_what_was_dropped(
    clip_id: int, delta: float, sigma: float, tile_shape: Any, swaps: Any, small_bank: DigitBank
) -> None:
    spec = tiny_spec(sensor_sigma=sigma, position_step=3.0, direction_step=360.0, num_depth_swaps_range=swaps)
    video = ClipSource(spec, bank=small_bank)[clip_id].video
    for observer in OBSERVERS:
        oracle = Oracle(spec, bank=small_bank, delta=delta)
        oracle.arrays.tile_shape = tile_shape
        pruned = oracle.posterior(video, observer)
        whole = Oracle(spec, bank=small_bank, delta=0.0).posterior(video, observer)
        assert pruned.delta.max() <= delta
        for name in ("class_probabilities", "instance_probabilities"):
            moved = np.abs(getattr(pruned, name) - getattr(whole, name)).max((1, 2, 3))
            assert np.all(moved <= pruned.delta + 6e-7)
        apart = np.abs(pruned.hypothesis_probabilities - whole.hypothesis_probabilities).sum(-1).max(-1)
        assert np.all(apart / 2 <= pruned.delta + 1e-12)
