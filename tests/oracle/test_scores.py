"""The scores that a posterior promises, against every possible answer."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmnist.errors import BadArgument
from segmnist.evaluate.pixels import entropy
from segmnist.oracle import scores


def random_probabilities(seed: int, num_classes: int = 3, shape: tuple[int, int] = (2, 3)) -> np.ndarray:
    draw = np.random.default_rng(seed)
    result = np.zeros((1, 11, *shape), np.float32)
    used = np.append(draw.choice(10, num_classes - 1, replace=False), 10)
    result[0, used] = draw.dirichlet(np.full(num_classes, 0.7), shape).transpose(2, 0, 1)
    return result


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_no_answer_beats_what_is_promised(seed: int) -> None:
    probabilities = random_probabilities(seed)
    low, high = scores.miou_bracket(probabilities)
    labels = np.flatnonzero(probabilities[0].any((1, 2)))
    best_miou = best_accuracy = best_fg = 0.0
    for answer in itertools.product(labels, repeat=6):
        decided = np.array(answer).reshape(1, 2, 3)
        best_miou = max(best_miou, float(np.nanmean(scores.iou_of_rule(probabilities, decided))))
        chosen = np.take_along_axis(probabilities, decided[:, None], 1)[:, 0]
        best_accuracy = max(best_accuracy, chosen.mean())
        best_fg = max(best_fg, chosen[decided != 10].sum() / (1 - probabilities[:, 10]).sum())
    assert low <= best_miou + 1e-6
    assert best_miou <= high + 1e-6
    assert scores.expected_accuracy(probabilities) == pytest.approx(best_accuracy, abs=1e-6)
    # The most probable class aims at all pixels; an answer that never says background may find more digit pixels.
    assert scores.expected_foreground_accuracy(probabilities) <= best_fg + 1e-6
    assert scores.highest_foreground_accuracy(probabilities) == pytest.approx(best_fg, abs=1e-6)


def test_the_rule_beats_the_most_probable_class_where_the_two_differ() -> None:
    probabilities = np.zeros((1, 11, 1, 40), np.float32)
    probabilities[0, 3, 0] = np.linspace(0, 0.6, 40)
    probabilities[0, 10] = 1 - probabilities[0, 3]
    plain = np.nanmean(scores.iou_of_rule(probabilities, probabilities.argmax(1)))
    decided, miou = scores.decide_for_miou(probabilities)
    assert miou > plain + 0.02
    # One digit class and the background: the digit's threshold is J / (1 + J) where that alone counts.
    best = scores.best_single_iou(probabilities)
    threshold = best[3] / (1 + best[3])
    own = probabilities[0, 3, 0] >= threshold
    column = probabilities[0, 3, 0]
    assert column[own].sum() / (column.sum() + (1 - column[own]).sum()) == pytest.approx(best[3], abs=1e-6)
    assert (decided == 3).any()


def test_certainty_scores_one() -> None:
    certain = np.eye(11, dtype=np.float32)[np.array([[[3, 10], [10, 4]]])].transpose(0, 3, 1, 2)
    assert scores.expected_accuracy(certain) == 1
    assert scores.expected_foreground_accuracy(certain) == 1
    assert scores.miou_bracket(certain) == (1.0, 1.0)
    assert not entropy(certain).any()


def test_two_even_classes_have_the_entropy_of_a_coin() -> None:
    even = np.zeros((11, 1, 1), np.float32)
    even[[6, 9]] = 0.5
    assert entropy(even)[0, 0] == pytest.approx(np.log(2))


def test_the_coin_share_is_what_merging_twins_saves() -> None:
    probabilities = np.zeros((11, 1, 2), np.float32)
    probabilities[[6, 9], 0, 0] = 0.5  # a pure coin
    probabilities[[3, 6, 9], 0, 1] = 0.5, 0.25, 0.25  # one bit of which digit, and half a coin
    twins = ((6, 9),)
    np.testing.assert_allclose(scores.coin_entropy(probabilities, twins)[0], np.log(2) * np.array([1, 0.5]))
    assert scores.coin_share(probabilities, twins) == pytest.approx(1.5 / 2.5)
    assert scores.coin_share(probabilities, ()) == 0
    assert scores.coin_share(np.eye(11, dtype=np.float32)[:, None], twins) == 0


def test_wrong_shape_is_refused() -> None:
    with pytest.raises(BadArgument, match="11"):
        scores.miou_bracket(np.zeros((1, 10, 4, 4), np.float32))
