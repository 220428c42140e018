"""Ceilings streamed from posteriors: by hand, and beside those that have all clips at hand."""

import numpy as np
import pytest

from segmnist.evaluate.ceiling import ceiling_counts, ceiling_scores
from segmnist.oracle import scores


def posteriors(num_clips, doubt):
    """Posteriors as of videos: mostly sure, the rest Dirichlet, the background likely."""
    rng = np.random.default_rng(num_clips)
    shape = (num_clips, 2, 12, 14)
    spread = rng.dirichlet([0.05] * 10 + [1.0], shape)
    sure = np.eye(11)[spread.argmax(axis=-1)]
    mixed = np.where(rng.random((*shape, 1)) < doubt, spread, sure)
    return np.moveaxis(mixed, -1, 2).astype(np.float32)


def scores_over(maps):
    counts = [ceiling_counts(posterior) for posterior in maps]
    return ceiling_scores({name: sum(c[name] for c in counts) for name in counts[0]})


def test_by_hand():
    """Three pixels: surely background; a 6 or a 9 by a coin; a 6 with .2."""
    posterior = np.zeros((1, 11, 1, 3), np.float32)
    posterior[0, [10, 6, 9, 6, 10], 0, [0, 1, 1, 2, 2]] = [1, 0.5, 0.5, 0.2, 0.8]
    found = scores_over([posterior])
    assert found["ceiling_pixel_accuracy"] == pytest.approx((1 + 0.5 + 0.8) / 3, abs=1e-6)
    assert found["ceiling_foreground_accuracy"] == pytest.approx(0.5 / 1.2, abs=1e-6)
    doubt = np.log(2) - 0.2 * np.log(0.2) - 0.8 * np.log(0.8)
    assert found["ceiling_nll"] == pytest.approx(doubt / 3, abs=1e-6)
    # Calling the middle pixel 6: J_6 = .5 / (1 + .7 - .5), J_9 = 0, J_10 = 1.8 / (2 + 1.8 - 1.8).
    assert found["ceiling_miou_low"] == pytest.approx((0.5 / 1.2 + 0 + 0.9) / 3, abs=1e-5)
    # Each class by itself: J_9 = .5 / 1 of the middle pixel.
    assert found["ceiling_miou_high"] == pytest.approx((0.5 / 1.2 + 0.5 + 0.9) / 3, abs=1e-3)


@pytest.mark.parametrize("doubt", [0.05, 0.5, 1.0])
def test_streamed_ceilings_are_those_of_all_clips_at_once(doubt):
    maps = posteriors(5, doubt)
    found = scores_over(maps)
    assert found["ceiling_pixel_accuracy"] == pytest.approx(scores.expected_accuracy(maps), abs=1e-5)
    expected = scores.expected_foreground_accuracy(maps)
    assert found["ceiling_foreground_accuracy"] == pytest.approx(expected, abs=1e-5)
    assert found["ceiling_nll"] == pytest.approx(float(scores.entropy(maps).mean()), abs=1e-5)
    low, high = scores.miou_bracket(maps)
    assert found["ceiling_miou_low"] == pytest.approx(low, abs=0.03)
    assert found["ceiling_miou_low"] <= high
    assert high <= found["ceiling_miou_high"] + 1e-6
    assert found["ceiling_miou_high"] == pytest.approx(high, abs=5e-3)


def test_certainty_has_a_ceiling_of_one():
    found = scores_over(posteriors(3, 0.0))
    for name in ("pixel_accuracy", "foreground_accuracy", "miou_low", "miou_high"):
        assert found[f"ceiling_{name}"] == pytest.approx(1), name
    assert found["ceiling_nll"] == 0
