from __future__ import annotations

import hashlib
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmnist.scene.fixed_point import FULL_TURN, ONE, sine_table, to_angle, to_q16

QUARTER, HALF = FULL_TURN // 4, FULL_TURN // 2
SINE_SHA256 = "8637a6fe135fab737506c701991f9b0a124ef8ad1ad413da1197c7b892818dab"


def test_the_sine_table_has_the_pinned_bytes() -> None:
    assert hashlib.sha256(sine_table().astype("<i8").tobytes()).hexdigest() == SINE_SHA256


def test_the_sine_table_is_exactly_antisymmetric_and_periodic() -> None:
    table = sine_table()
    assert len(table) == FULL_TURN + QUARTER
    assert np.array_equal(table[HALF:FULL_TURN], -table[:HALF])
    assert np.array_equal(table[FULL_TURN:], table[:QUARTER])
    assert np.array_equal(table[1:HALF], table[HALF - 1 : 0 : -1])
    assert (table[0], table[QUARTER], table[HALF]) == (0, 1 << 30, 0)


def test_the_sine_table_holds_sines() -> None:
    exact = np.sin(np.radians(np.arange(FULL_TURN + QUARTER) / 100)) * 2**30
    assert np.abs(sine_table() - exact).max() < 0.51


def test_no_entry_lies_near_a_rounding_tie() -> None:
    """`math.sin` errs by 2^-53 or so, 2e-7 once scaled by 2^30; farther ties cannot be decided wrongly."""
    scaled = [math.sin(math.radians(k / 100)) * 2**30 for k in range(QUARTER + 1)]
    assert min(abs(value - math.floor(value) - 0.5) for value in scaled) > 1e-6


def test_the_sine_table_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        sine_table()[0] = 1


@given(st.floats(-2048, 2048))
def test_q16_is_the_nearest(value: float) -> None:
    assert abs(Fraction(to_q16(value), ONE) - Fraction(value)) <= Fraction(1, 2 * ONE)


@given(st.floats(-360, 360))
def test_angles_are_the_nearest_hundredth(degrees: float) -> None:
    assert abs(to_angle(degrees) - degrees * 100) <= 0.5
