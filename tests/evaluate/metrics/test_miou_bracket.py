"""The bracket of the best mIoU: by hand, and beside the one that has all clips at hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.evaluate.clips import posteriors, scores_over, three_pixels

from segmnist.oracle import scores


def test_by_hand() -> None:
    found = scores_over([three_pixels()] * 25)
    # Calling the middle pixel 6: J_6 = .5 / (1 + .7 - .5), J_9 = 0, J_10 = 1.8 / (2 + 1.8 - 1.8).
    assert found["ceiling_miou_low"] == pytest.approx((0.5 / 1.2 + 0 + 0.9) / 3, abs=1e-5)
    # Each class by itself: J_9 = .5 / 1 of the middle pixel.
    assert found["ceiling_miou_high"] == pytest.approx((0.5 / 1.2 + 0.5 + 0.9) / 3, abs=1e-3)


@pytest.mark.parametrize("doubt", [0.05, 0.5, 1.0])
def test_the_streamed_bracket_holds_that_of_all_clips_at_once(doubt: Any) -> None:
    maps = posteriors(8, doubt)
    found = scores_over(maps)
    low, high = scores.miou_bracket(maps)
    assert found["ceiling_miou_low"] == pytest.approx(low, abs=0.03)
    assert found["ceiling_miou_low"] <= high
    assert high <= found["ceiling_miou_high"] + 1e-6
    assert found["ceiling_miou_high"] == pytest.approx(high, abs=5e-3)


def test_certainty_has_a_ceiling_of_one() -> None:
    found = scores_over(posteriors(8, 0.0))
    assert found["ceiling_miou_low"] == found["ceiling_miou_high"] == pytest.approx(1)


def test_few_clips_have_no_bracket() -> None:
    """One clip of an 8 surely and a 3 almost surely not: mIoU leaves out the 3, a bracket would not."""
    posterior = np.zeros((1, 11, 2, 3), np.float32)
    posterior[0, 10], posterior[0, 8, 0], posterior[0, 10, 0] = 1, 1, 0
    posterior[0, 3, 1], posterior[0, 10, 1] = 1e-3, 1 - 1e-3
    for clips in (1, 4):
        found = scores_over([posterior] * clips)
        assert np.isnan([found["ceiling_miou_low"], found["ceiling_miou_high"]]).all()
    often = posterior.copy()
    often[0, 3, 1], often[0, 10, 1] = 0.5, 0.5
    found = scores_over([often] * 10)
    assert found["ceiling_miou_low"] <= found["ceiling_miou_high"] <= 1
