"""Joint samples of whole clips: their law against enumeration, for every observer."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from tests.oracle.enumeration import enumerate_pairs, tiny_spec

from segmnist.digits.bank import DigitBank
from segmnist.oracle import Oracle
from segmnist.oracle.observers import Observer
from segmnist.oracle.walk import transition_matrix
from segmnist.source import ClipSource

COUNT = 3000
TWINS = {"classes": (6, 9), "twins": ((6, 9),), "twin_odds": 0.3}


def coupling(before: np.ndarray, after: np.ndarray, same: np.ndarray | float = 1.0) -> np.ndarray:
    """Return P(next world | world) of the maximal coupling of two laws over the same worlds, `(W,W)`.

    same: `(W,W)` which worlds may follow each other, if not all.
    """
    kept = np.minimum(1, after / before)
    missing = np.maximum(after - before, 0)
    replaced = np.ones((len(missing), 1)) * missing * same
    return np.diag(kept) + (1 - kept)[:, None] * replaced / np.maximum(replaced.sum(1, keepdims=True), 1e-300)


def law_of_maps(first: np.ndarray, kernels: list[np.ndarray], maps: list[np.ndarray]) -> np.ndarray:
    """Return P(map of frame 0, 1, 2) where worlds follow these kernels; `maps[t]` numbers the worlds' maps."""
    count = [numbers.max() + 1 for numbers in maps]
    shown = [np.eye(n)[numbers] for n, numbers in zip(count, maps)]
    held = (first[:, None] * shown[0]).T @ kernels[0]
    return (held[:, None, :] * shown[1].T[None]) @ (kernels[1] @ shown[2])


def numbered(label_maps: np.ndarray, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of each world's map, `(W,)`, and of each sample's, `(S,)`; fails for a map of no world."""
    different, numbers = np.unique(label_maps.reshape(len(label_maps), -1), axis=0, return_inverse=True)
    of_bytes = {row.tobytes(): number for number, row in enumerate(different)}
    return numbers.reshape(-1), np.array([of_bytes[sample.tobytes()] for sample in samples])


def check(law: np.ndarray, drawn: list[np.ndarray]) -> bool:
    """Return whether the frequencies of map triples fit the law by chi-square."""
    cells = np.ravel_multi_index(drawn, law.shape)
    expected, observed = law.reshape(-1) * len(cells), np.bincount(cells, minlength=law.size)
    if observed[expected < 1e-9].any():
        return False
    likely = expected > 5
    expected = np.append(expected[likely], expected[~likely].sum())
    observed = np.append(observed[likely], observed[~likely].sum())
    chi2 = ((observed - expected) ** 2 / np.maximum(expected, 1e-9)).sum()
    return bool(chi2 < len(expected) + 5 * np.sqrt(2 * len(expected)))


def worlds_of(everything: Any) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return each world `(W,4)`: front, behind, their labels; P(labels | pair) `(W,)`; maps of each frame."""
    odds = everything.family.class_odds
    chance = odds[:, None, :, None] * odds[None, :, None, :]
    worlds = np.argwhere(chance)
    front, behind, of_front, of_behind = worlds.T
    shown = everything.instance[front, behind]
    named = np.stack([np.full_like(of_front, 10), of_behind, of_front], axis=1).astype(np.uint8)
    maps = np.take_along_axis(named, shown.reshape(len(worlds), -1).astype(int), 1).reshape(shown.shape)
    return worlds, chance[tuple(worlds.T)], list(maps.swapaxes(0, 1))


@pytest.mark.parametrize(
    ("observer", "horizon"), [("offline", 0), ("causal", 0), ("frame", 0), ("forecast", 1)]
)
def test_samples_follow_their_law(observer: str, horizon: int, small_bank: DigitBank) -> None:
    spec = tiny_spec(**TWINS, position_step=12.0, direction_step=360.0, sensor_sigma=90.0)
    oracle = Oracle(spec, bank=small_bank, delta=0.0)
    everything = enumerate_pairs(oracle.family)
    clip = ClipSource(spec, bank=small_bank)[4]
    worlds, share, maps = worlds_of(everything)
    seen = [list(look.seen) for look in Observer(observer, horizon).looks(3) for _ in look.answered]
    laws = [everything.posterior(clip.video, s, spec)[worlds[:, 0], worlds[:, 1]] for s in seen]
    # Every glyph here has the same two labels, each decided once: the coupling is of pairs, within labels.
    same = (worlds[:, None, 2:] == worlds[None, :, 2:]).all(-1)
    kernels = [coupling(*pairs, same) for pairs in itertools.pairwise(laws)]
    if observer == "frame":
        kernels = [np.tile(law * share, (len(law), 1)) for law in laws[1:]]
    samples = oracle.posterior(clip, observer, horizon=horizon).sample(COUNT, seed=2)
    numbers = [numbered(maps[t], samples[:, t]) for t in range(3)]
    law = law_of_maps(laws[0] * share, kernels, [n for n, _ in numbers])
    drawn = [d for _, d in numbers]
    assert check(law, drawn)
    # Frames of different samples, as if each were drawn apart, fit the observer without a memory alone.
    assert check(law, [np.roll(d, t) for t, d in enumerate(drawn)]) == (observer == "frame")


@pytest.mark.parametrize("observer", ["offline", "causal"])
def test_samples_of_a_walk_follow_their_law(observer: str, square_bank: DigitBank) -> None:
    spec = tiny_spec(
        width=26,
        digit_motion="markov",
        turn_odds=0.3,
        position_step=10.0,
        speed_range=(10.0, 10.0),
        angle_step=360.0,
        brightness_range=(0.4, 0.4),
        sensor_sigma=120.0,
    )
    oracle = Oracle(spec, bank=square_bank)
    everything = enumerate_pairs(oracle.family)
    clip = ClipSource(spec, bank=square_bank)[4]
    worlds, _, maps = worlds_of(everything)
    front, behind, *_ = worlds.T
    step = transition_matrix(spec, square_bank)
    walk = np.kron(np.eye(oracle.family.num_hypotheses // len(step)), step)
    moved = walk[front][:, front] * walk[behind][:, behind]
    prior = oracle.family.prior[front] * oracle.family.prior[behind]
    likelihood = []
    for t in range(3):
        log_joint = everything.log_joint(clip.video, [t], spec)[front, behind]
        likelihood.append(np.exp(log_joint - log_joint.max()) / prior)
    law = prior * likelihood[0] / (prior @ likelihood[0])
    first, kernels = law, []
    for t in (1, 2):
        if observer == "offline":
            kernels.append(moved * likelihood[t])
            continue
        predicted = law @ moved
        law = predicted * likelihood[t] / (predicted @ likelihood[t])
        kernels.append(moved @ coupling(np.maximum(predicted, 1e-300), law))
    samples = oracle.posterior(clip, observer).sample(COUNT, seed=2)
    numbers = [numbered(maps[t], samples[:, t]) for t in range(3)]
    drawn = [d for _, d in numbers]
    joint = law_of_maps(first, kernels, [n for n, _ in numbers])
    joint /= joint.sum()
    assert check(joint, drawn)
    assert not check(joint, [np.roll(d, t) for t, d in enumerate(drawn)])


def test_a_sample_is_the_same_however_many_are_drawn(small_bank: DigitBank) -> None:
    spec = tiny_spec(**TWINS)
    posterior = Oracle(spec, bank=small_bank).posterior(ClipSource(spec, bank=small_bank)[0], "causal")
    samples = posterior.sample(20, seed=7)
    np.testing.assert_array_equal(samples[:3], posterior.sample(3, seed=7))
    assert not np.array_equal(samples[:3], posterior.sample(3, seed=8))


def test_a_sample_keeps_its_label_while_nothing_speaks_against_its_world(small_bank: DigitBank) -> None:
    """With little noise the digits are soon known; which twin each is stays open, and is decided once."""
    spec = tiny_spec(**TWINS, sensor_sigma=4.0)
    oracle = Oracle(spec, bank=small_bank, delta=0.0)
    samples = oracle.posterior(ClipSource(spec, bank=small_bank)[0], "causal").sample(200)
    labels = [{int(label) for label in np.unique(one) if label != 10} for one in samples.reshape(600, -1)]
    kept = [labels[i] == labels[i + 1] for i in range(599) if i % 3 < 2]
    assert np.mean(kept) > 0.95
    assert np.mean([str(one) == "{6}" for one in labels]) > 0.02
