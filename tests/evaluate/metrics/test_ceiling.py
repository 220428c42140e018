"""Ceilings of accuracy and NLL: by hand, and beside those that have all clips at hand."""

from __future__ import annotations

import numpy as np
import pytest
from tests.evaluate.clips import posteriors, scores_over, three_pixels

from segmnist.evaluate.pixels import entropy
from segmnist.oracle import scores


def test_by_hand() -> None:
    found = scores_over([three_pixels()])
    assert found["ceiling_pixel_accuracy"] == pytest.approx((1 + 0.5 + 0.8) / 3, abs=1e-6)
    # Naming the likeliest digit everywhere: a 6 at the last pixel, too.
    assert found["ceiling_foreground_accuracy"] == pytest.approx((0.5 + 0.2) / 1.2, abs=1e-6)
    doubt = np.log(2) - 0.2 * np.log(0.2) - 0.8 * np.log(0.8)
    assert found["ceiling_nll"] == pytest.approx(doubt / 3, abs=1e-6)


@pytest.mark.parametrize("doubt", [0.05, 0.5, 1.0])
def test_streamed_ceilings_are_those_of_all_clips_at_once(doubt: float) -> None:
    maps = posteriors(5, doubt)
    found = scores_over(maps)
    assert found["ceiling_pixel_accuracy"] == pytest.approx(scores.expected_accuracy(maps), abs=1e-5)
    assert found["ceiling_nll"] == pytest.approx(float(entropy(maps).mean()), abs=1e-5)


def test_certainty_has_a_ceiling_of_one() -> None:
    found = scores_over(posteriors(3, 0.0))
    assert found["ceiling_pixel_accuracy"] == found["ceiling_foreground_accuracy"] == pytest.approx(1)
    assert found["ceiling_nll"] == 0


def test_no_rule_exceeds_the_ceiling_of_foreground_accuracy() -> None:
    """.4 a three and .6 background everywhere: always saying three is right on every digit pixel."""
    posterior = np.zeros((1, 11, 4, 5), np.float32)
    posterior[:, 3], posterior[:, 10] = 0.4, 0.6
    assert scores_over([posterior])["ceiling_foreground_accuracy"] == pytest.approx(1)


def test_expected_information_is_prior_nll_minus_entropy() -> None:
    prior = np.array([0.02] * 10 + [0.8])
    found = scores_over([three_pixels()], class_prior=prior)
    doubt = np.log(2) - 0.2 * np.log(0.2) - 0.8 * np.log(0.8)
    nothing_known = -(1.2 * np.log(0.02) + 1.8 * np.log(0.8))
    expected = (nothing_known - doubt) / np.log(2)
    assert found["ceiling_information_gained"] == pytest.approx(expected, abs=1e-4)
