"""Forward-backward over pairs against the enumeration of every path, and the chain against the sampler."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from tests.oracle.enumeration import assert_readouts, enumerate_pairs, tiny_spec

from segmnist.digits.bank import DigitBank
from segmnist.oracle import OBSERVERS, Oracle
from segmnist.oracle.walk import transition_matrix
from segmnist.scene.sample import sample
from segmnist.source import ClipSource


def walking_spec(**changes: Any) -> Any:
    fields = {
        "width": 26,
        "digit_motion": "markov",
        "turn_odds": 0.3,
        "position_step": 5.0,
        "speed_range": (5.0, 5.0),
        "angle_step": 360.0,
        "twins": (),
    }
    return tiny_spec(**{**fields, **changes})


def paths_of(spec: Any, family: Any, step: Any) -> Any:
    """Return every path of hypotheses that has a chance, and its log probability."""
    states, kinds = len(step), family.num_hypotheses // len(step)
    chains = [
        (path, np.log(np.prod([step[a, b] for a, b in itertools.pairwise(path)])))
        for path in itertools.product(range(states), repeat=spec.num_frames)
        if all(step[a, b] > 0 for a, b in itertools.pairwise(path))
    ]
    return [
        ([kind * states + s for s in path], np.log(family.prior[kind * states + path[0]]) + weight)
        for kind in range(kinds)
        for path, weight in chains
    ]


@pytest.mark.parametrize("observer", [*OBSERVERS, "forecast"])
def test_posterior_equals_the_sum_over_all_paths(observer: Any, square_bank: DigitBank) -> None:
    spec = walking_spec(position_step=10.0, speed_range=(10.0, 10.0), direction_step=180.0)
    oracle = Oracle(spec, bank=square_bank)
    family, everything = oracle.family, enumerate_pairs(oracle.family)
    video = ClipSource(spec, bank=square_bank, seed=2)[5].video
    size = family.num_hypotheses
    flat = np.zeros((size, size))
    loglik = [everything.log_joint(video, [t], spec) - prior_of(family) for t in range(spec.num_frames)]
    paths = paths_of(spec, family, transition_matrix(spec, square_bank))
    behind_paths = np.array([path for path, _ in paths])
    weights = np.array([weight for _, weight in paths])
    posterior = oracle.posterior(video, observer, horizon=int(observer == "forecast"))
    for t in range(spec.num_frames):
        seen = {
            "offline": range(spec.num_frames),
            "causal": range(t + 1),
            "frame": [t],
            "forecast": range(t),
        }[observer]
        joint = flat.copy()
        peak = max((loglik[s].max() for s in seen), default=0.0) * len(list(seen))
        for path, weight in paths:
            total = weight + weights + sum(loglik[s][path[s], behind_paths[:, s]] for s in seen)
            np.add.at(joint[path[t]], behind_paths[:, t], np.exp(total - peak))
        evidence = np.log(joint.sum()) + peak
        joint /= joint.sum()
        np.testing.assert_allclose(posterior.log_evidence[t], evidence, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(
            posterior.hypothesis_probabilities[t], [joint.sum(0), joint.sum(1)], atol=1e-12
        )
        expected = everything.class_posterior(joint, t)
        np.testing.assert_allclose(posterior.class_probabilities[t], expected, atol=3e-7)
        assert_readouts(posterior, everything, joint, t, t)


def prior_of(family: Any) -> Any:
    prior = np.log(family.prior)
    return prior[:, None] + prior[None, :]


@pytest.mark.parametrize("direction_step", [90.0, 180.0])
def test_sampler_walks_as_the_chain_says(direction_step: float, square_bank: DigitBank) -> None:
    """Two steps of the chain, from each first cell: where the digit is in the third frame."""
    spec = walking_spec(direction_step=direction_step, speed_range=(0.0, 10.0), speed_step=5.0, turn_odds=0.4)
    step = transition_matrix(spec, square_bank)
    np.testing.assert_allclose(step.sum(1), 1, atol=1e-12)
    velocities = round(3 * 360 / direction_step)
    start = np.full(len(step), 1 / velocities)
    to_cell = (
        (np.linalg.matrix_power(step, 2) * start[:, None]).reshape(15, velocities, 15, velocities).sum((1, 3))
    )
    scene = sample(spec, np.arange(30_000), bank=square_bank)
    cells = ((scene.y - (3 << 16)) // (5 << 16)) * 5 + (scene.x - (3 << 16)) // (5 << 16)
    first, third = cells[:, :, 0].reshape(-1), cells[:, :, 2].reshape(-1)
    observed = np.zeros((15, 15))
    np.add.at(observed, (first, third), 1)
    expected = to_cell * len(first) / 15
    assert not observed[expected < 1e-9].any()
    likely = expected > 5
    chi2 = ((observed - expected)[likely] ** 2 / expected[likely]).sum()
    assert chi2 < likely.sum() + 5 * np.sqrt(2 * likely.sum())


def test_never_turning_walk_is_deterministic_motion(square_bank: DigitBank) -> None:
    walk = walking_spec(turn_odds=0.0, direction_step=90.0)
    straight = walk.replace(digit_motion="reflect")
    video = ClipSource(straight, bank=square_bank)[3].video
    np.testing.assert_array_equal(ClipSource(walk, bank=square_bank)[3].video, video)
    for observer in OBSERVERS:
        one = Oracle(walk, bank=square_bank).posterior(video, observer)
        other = Oracle(straight, bank=square_bank, delta=0.0).posterior(video, observer)
        np.testing.assert_allclose(one.class_probabilities, other.class_probabilities, atol=3e-7)
        np.testing.assert_allclose(one.log_evidence[-1], other.log_evidence[-1], rtol=1e-12)


def test_joint_samples_follow_the_marginals(square_bank: DigitBank) -> None:
    spec = walking_spec(position_step=10.0, speed_range=(10.0, 10.0), direction_step=180.0)
    posterior = Oracle(spec, bank=square_bank).posterior(ClipSource(spec, bank=square_bank)[8].video)
    samples = posterior.sample(1500)
    for label in range(11):
        share = (samples == label).mean(0)
        error = np.sqrt(0.25 / 1500)
        assert np.abs(share - posterior.class_probabilities[:, label]).max() < 5 * error
