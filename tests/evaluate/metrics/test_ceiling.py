"""Ceilings of accuracy and NLL: by hand, and beside those that have all clips at hand."""

from __future__ import annotations

import numpy as np
import pytest
from tests.evaluate.clips import posteriors, scores_over, three_pixels

from segmnist.oracle import scores


def test_by_hand() -> None:
    found = scores_over([three_pixels()])
    assert found["ceiling_pixel_accuracy"] == pytest.approx((1 + 0.5 + 0.8) / 3, abs=1e-6)
    assert found["ceiling_foreground_accuracy"] == pytest.approx(0.5 / 1.2, abs=1e-6)
    doubt = np.log(2) - 0.2 * np.log(0.2) - 0.8 * np.log(0.8)
    assert found["ceiling_nll"] == pytest.approx(doubt / 3, abs=1e-6)


@pytest.mark.parametrize("doubt", [0.05, 0.5, 1.0])
def test_streamed_ceilings_are_those_of_all_clips_at_once(doubt: float) -> None:
    maps = posteriors(5, doubt)
    found = scores_over(maps)
    assert found["ceiling_pixel_accuracy"] == pytest.approx(scores.expected_accuracy(maps), abs=1e-5)
    expected = scores.expected_foreground_accuracy(maps)
    assert found["ceiling_foreground_accuracy"] == pytest.approx(expected, abs=1e-5)
    assert found["ceiling_nll"] == pytest.approx(float(scores.entropy(maps).mean()), abs=1e-5)


def test_certainty_has_a_ceiling_of_one() -> None:
    found = scores_over(posteriors(3, 0.0))
    assert found["ceiling_pixel_accuracy"] == found["ceiling_foreground_accuracy"] == pytest.approx(1)
    assert found["ceiling_nll"] == 0
