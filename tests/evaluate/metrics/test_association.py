"""AQ and STQ: by hand, and by law."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evaluate.clips import ids, two_digits

from segmnist.evaluate.metrics.association import (
    association_quality,
    association_sums,
    segmentation_tracking_quality,
)
from segmnist.evaluate.metrics.confusion import confusion
from segmnist.evaluate.segments import overlaps


def test_association_of_swapped_ids_by_hand() -> None:
    table = overlaps(two_digits(), two_digits(swap_at=2), 2, 2)
    # Each digit has 16 pixels, 8 under each id, IoU 8/24: (8 * 1/3 + 8 * 1/3) / 16.
    sums = association_sums(table)
    assert association_quality(sums) == pytest.approx(1 / 3, abs=1e-6)
    perfect = confusion(np.full(5, 10, np.uint8), np.full(5, 10, np.uint8))
    assert segmentation_tracking_quality(sums, perfect) == pytest.approx((1 / 3) ** 0.5, abs=1e-6)


def test_perfect_tubes_score_one() -> None:
    assert association_quality(association_sums(overlaps(two_digits(), two_digits(), 2, 2))) == 1


@given(ids, ids, st.permutations(range(3)))
def test_renaming_predicted_ids_changes_no_score(truth: Any, prediction: Any, order: Any) -> None:
    names = np.array([0, *(1 + i for i in order)], np.uint8)
    before, after = overlaps(truth, prediction, 3, 3), overlaps(truth, names[prediction], 3, 3)
    np.testing.assert_allclose(association_sums(before), association_sums(after), atol=3)
