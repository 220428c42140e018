"""AQ and STQ: by hand, and by law."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.evaluate.clips import ids, two_digits

from segmnist.evaluate.metrics.association import (
    association_quality,
    association_sums,
    segmentation_tracking_quality,
    tubes_of_ids,
)
from segmnist.evaluate.metrics.confusion import confusion
from segmnist.evaluate.reference import tubes


def sums_of(truth: Any, prediction: Any, classes: Any = None) -> Any:
    """Association sums where all that is predicted has class 3, or these classes."""
    classes = np.where(prediction > 0, 3, 10).astype(np.uint8) if classes is None else classes
    num_digits, num_ids = int(truth.max()), int(prediction.max())
    return association_sums(tubes_of_ids(tubes(truth, prediction, classes, num_digits, num_ids)))


def test_association_of_swapped_ids_by_hand() -> None:
    # Each digit has 16 pixels, 8 under each id, IoU 8/24: (8 * 1/3 + 8 * 1/3) / 16.
    sums = sums_of(two_digits(), two_digits(swap_at=2))
    assert association_quality(sums) == pytest.approx(1 / 3, abs=1e-6)
    perfect = confusion(np.full(5, 10, np.uint8), np.full(5, 10, np.uint8))
    assert segmentation_tracking_quality(sums, perfect) == pytest.approx((1 / 3) ** 0.5, abs=1e-6)


def test_perfect_tubes_score_one() -> None:
    assert association_quality(sums_of(two_digits(), two_digits())) == 1


@given(ids, ids, st.permutations(range(3)))
def test_renaming_predicted_ids_changes_no_score(truth: Any, prediction: Any, order: Any) -> None:
    names = np.array([0, *(1 + i for i in order)], np.uint8)
    before, after = sums_of(truth, prediction), sums_of(truth, names[prediction])
    np.testing.assert_allclose(before, after, atol=3)


@pytest.mark.parametrize(("share", "quality"), [(0, 1.0), (0.25, 0.625), (0.5, 0.5)])
def test_an_id_of_two_classes_is_two_tubes(share: Any, quality: Any) -> None:
    """As deeplab2's STQuality has it: x of the pixels under one class, 1 - x under another, x^2 + (1 - x)^2."""
    truth = np.zeros((4, 10, 10), np.uint8)
    truth[:, 1:9, 1:9] = 1
    classes = np.where(truth > 0, 3, 10).astype(np.uint8)
    classes[:, 1:9, 1 : 1 + round(8 * share)] = 5
    assert association_quality(sums_of(truth, truth, classes)) == pytest.approx(quality, abs=1e-6)


def test_pixels_called_background_are_in_no_tube() -> None:
    truth = two_digits()
    classes = np.full_like(truth, 10)
    assert association_quality(sums_of(truth, truth, classes)) == 0


def reference(truth: Any, prediction: Any, classes: Any) -> Any:
    """The sums of deeplab2's STQuality, written here a second time with dictionaries of ids."""
    labels = np.where(truth > 0, 4, 10)
    true: Counter[int] = Counter()
    tubes: Counter[Any] = Counter()
    both: Counter[Any] = Counter()
    for label, g, c, p in zip(labels.flat, truth.flat, classes.flat, prediction.flat, strict=True):
        tube = (int(c), int(p))
        true.update([int(g)] * int(label != 10))
        tubes.update([tube] * int(c != 10))
        both.update([(int(g), tube)] * int(label != 10 and c != 10))
    quality = sum(n * n / (true[g] + tubes[tube] - n) / true[g] for (g, tube), n in both.items())
    return quality, len(true)


@given(ids, ids, arrays(np.uint8, (4, 5, 6), elements=st.sampled_from([2, 7, 10])))
def test_sums_are_the_reference_s(truth: Any, prediction: Any, classes: Any) -> None:
    quality, number = reference(truth, prediction, classes)
    total, counted = sums_of(truth, prediction, classes)
    assert counted == number
    assert total / 2**20 == pytest.approx(quality, abs=1e-5)


def test_without_digits_stq_is_zero_as_in_the_reference() -> None:
    nothing = np.zeros((2, 4, 5), np.uint8)
    table = confusion(nothing + np.uint8(10), nothing + np.uint8(10))
    assert segmentation_tracking_quality(sums_of(nothing, nothing), table) == 0
