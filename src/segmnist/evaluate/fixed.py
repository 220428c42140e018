"""Real numbers as whole multiples of 2^-20: sums over clips then come out the same in any order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

ONE = 1 << 20
"""One, in fixed point. Sums have room for 2^43, more than 10^5 clips of 30 x 256 x 256 pixels at the highest
NLL.
"""


def to_fixed(values: ArrayLike) -> NDArray[np.int64]:
    """Return the nearest whole multiples of 2^-20, as int64."""
    return np.rint(np.asarray(values, np.float64) * ONE).astype(np.int64)


def from_fixed(values: ArrayLike) -> NDArray[Any]:
    """Return fixed-point sums as float64."""
    return np.asarray(values, np.float64) / ONE
