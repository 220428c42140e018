from __future__ import annotations

import numpy as np
import pytest

from segmnist.digits.bank import DigitBank


@pytest.fixture(scope="session")
def small_bank() -> DigitBank:
    """Four classes of 6x5 glyphs with a few grey levels, two in each split and class."""
    noise = np.random.default_rng(5)
    images = (noise.integers(0, 4, (24, 6, 5)) * 85).astype(np.uint8)
    labels = np.tile([2, 6, 9, 6], 6)
    return DigitBank.from_arrays(images, labels, splits={"train": (0, 8), "val": (8, 16), "test": (16, 24)})


@pytest.fixture(scope="session")
def square_bank() -> DigitBank:
    """The same with 6x6 glyphs, whose room between the walls a lattice can divide."""
    noise = np.random.default_rng(6)
    images = (noise.integers(0, 4, (24, 6, 6)) * 85).astype(np.uint8)
    return DigitBank.from_arrays(
        images, np.tile([2, 6, 9, 6], 6), splits={"train": (0, 8), "val": (8, 16), "test": (16, 24)}
    )
