"""torch and NumPy give the same posteriors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.oracle.enumeration import tiny_spec

from segmnist.digits.bank import DigitBank
from segmnist.oracle import OBSERVERS, Oracle
from segmnist.source import ClipSource

pytest.importorskip("torch", reason="torch is an optional extra")


@pytest.mark.parametrize("observer", OBSERVERS)
@pytest.mark.parametrize("motion", ["reflect", "markov"])
def test_torch_equals_numpy(observer: Any, motion: str, square_bank: DigitBank) -> None:
    spec = tiny_spec(width=26, position_step=5.0, speed_range=(5.0, 5.0), digit_motion=motion, turn_odds=0.2)
    video = ClipSource(spec, bank=square_bank)[2].video
    one = Oracle(spec, bank=square_bank, delta=0.0).posterior(video, observer)
    other = Oracle(spec, bank=square_bank, delta=0.0, device="cpu").posterior(video, observer)
    np.testing.assert_allclose(one.class_probabilities, other.class_probabilities, atol=1e-6)
    np.testing.assert_allclose(one.hypothesis_probabilities, other.hypothesis_probabilities, atol=1e-10)
    np.testing.assert_allclose(one.delta, other.delta, atol=1e-9)
    np.testing.assert_array_equal(one.sample(3), other.sample(3))
