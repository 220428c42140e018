"""Bootstrap weights, and how often intervals cover."""

from __future__ import annotations

import math

import numpy as np
import pytest

from segmnist.evaluate.sums import poisson_weights


def test_poisson_weights_have_mean_and_variance_one_and_differ_between_clips() -> None:
    weights = np.array([poisson_weights(i, 1000) for i in range(200)])
    assert weights.mean() == pytest.approx(1, abs=4 / math.sqrt(weights.size))
    assert weights.var() == pytest.approx(1, abs=0.02)
    assert abs(np.corrcoef(weights[0], weights[1])[0, 1]) < 0.15


def test_interval_covers_the_mean_as_often_as_it_says() -> None:
    """Half of the clips are all right and half all wrong: about 95% of the 95% intervals should cover 1/2."""
    covered, sets = 0, 100
    for trial in range(sets):
        wins = np.random.default_rng(trial).random(60) < 0.5
        weights = np.array([poisson_weights(1000 * trial + i, 300) for i in range(60)])
        low, high = np.quantile(weights[wins].sum(axis=0) / weights.sum(axis=0), [0.025, 0.975])
        covered += low <= 0.5 <= high
    assert 86 <= covered <= 100
