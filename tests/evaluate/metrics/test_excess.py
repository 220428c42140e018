"""Excess NLL and the error of the entropy map: by hand, and by law."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.evaluate.clips import soft

from segmnist.evaluate.metrics.excess import entropy_error, excess_nll
from segmnist.evaluate.pixels import entropy


def test_excess_nll_is_zero_for_the_posterior_alone_and_adds_up_by_hand() -> None:
    posterior = soft((0.5, 0.5, 0.0))
    model = soft((0.25, 0.75, 0.0))
    assert excess_nll(posterior, posterior).sum() == 0
    expected = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    assert excess_nll(posterior, model).item() == pytest.approx(expected)
    assert entropy(posterior).item() == pytest.approx(math.log(2))
    expected = abs(math.log(2) + 0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert entropy_error(posterior, model).item() == pytest.approx(expected)


def test_excess_nll_is_expected_nll_minus_entropy() -> None:
    rng = np.random.default_rng(1)
    p, q = (rng.dirichlet(np.ones(11), size=(1, 3, 4)).transpose(0, 3, 1, 2) for _ in range(2))
    expected_nll = -(p * np.log(q)).sum(axis=1)
    np.testing.assert_allclose(excess_nll(p, q), expected_nll - entropy(p), atol=1e-12)
