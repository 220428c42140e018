"""Fixed-point numbers and the sine table: the only arithmetic that pixels depend on.

Lengths, scales, speeds and brightness are Q16 integers (65,536 is one); angles are integers in hundredths of a degree.
Integers give every machine the same pixels, which floating point does not promise.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

ONE = 1 << 16
"""One in Q16."""
FULL_TURN = 36_000
"""Hundredths of a degree in a full turn."""


def to_q16(value: float) -> int:
    """Return the nearest Q16 integer.

    >>> to_q16(1.5)
    98304
    """
    return round(value * ONE)


def to_angle(degrees: float) -> int:
    """Return degrees as hundredths of a degree, not reduced to one turn."""
    return round(degrees * 100)


@cache
def sine_table() -> NDArray[np.int64]:
    """Return sin(k/100 degrees) in Q30 for k = 0..36000+9000, so that cos(k) = table[k + 9000].

    Built from one quarter wave, so that sin(k + 18000) = -sin(k) exactly. No entry of the quarter lies within 1e-6 of
    a rounding tie (a test shows it), so every correct `math.sin` gives the same table.
    """
    quarter = FULL_TURN // 4
    rising = np.array(
        [round(math.sin(math.radians(k / 100)) * (1 << 30)) for k in range(quarter + 1)], dtype=np.int64
    )
    half = np.concatenate([rising, rising[-2:0:-1]])
    turn = np.concatenate([half, -half])
    table = np.concatenate([turn, turn[:quarter]])
    table.setflags(write=False)
    return table
