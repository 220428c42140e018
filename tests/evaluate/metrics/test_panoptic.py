"""VPQ: by hand, and by law."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluate.clips import ids, two_digits

from segmnist.evaluate.metrics.panoptic import video_panoptic_quality
from segmnist.evaluate.reference import matches, overlaps


def test_perfect_tubes_score_one() -> None:
    truth = two_digits()
    table = overlaps(truth, truth, 2, 2)
    for k in (1, 2, 4, 6):
        assert video_panoptic_quality(matches(table, [3, 8], [3, 8], k)) == 1


def test_vpq_of_swapped_ids_by_hand() -> None:
    truth, swapped = two_digits(), two_digits(swap_at=2)
    table = overlaps(truth, swapped, 2, 2)
    # Both have class 3, so each frame alone is perfect; tubes of 4 frames share 8 of 24 pixels: no match at
    # all.
    counts = matches(table, [3, 3], [3, 3], 1)
    assert video_panoptic_quality(counts) == 1
    counts = matches(table, [3, 3], [3, 3], 4)
    assert counts[1:, 3].tolist() == [0, 2, 2]
    assert video_panoptic_quality(counts) == pytest.approx((0 + 1) / 2)  # the digits' class, the background
    # Of three windows of 2 frames, the middle one holds the swap: 2 hits in each of the others.
    counts = matches(table, [3, 3], [3, 3], 2)
    assert counts[1:, 3].tolist() == [4, 2, 2]
    assert video_panoptic_quality(counts) == pytest.approx((4 / 6 + 1) / 2)


def test_wrong_class_matches_nothing() -> None:
    table = overlaps(two_digits(), two_digits(), 2, 2)
    counts = matches(table, [3, 8], [3, 9], 1)
    assert counts[1:, 8].tolist() == [0, 0, 4]
    assert counts[1:, 9].tolist() == [0, 4, 0]


@settings(deadline=None)
@given(ids, ids, st.permutations(range(3)))
def test_renaming_predicted_ids_changes_no_score(truth: Any, prediction: Any, order: Any) -> None:
    names = np.array([0, *(1 + i for i in order)], np.uint8)
    classes = [4, 4, 7]
    renamed = [classes[order.index(i)] for i in range(3)]
    before, after = overlaps(truth, prediction, 3, 3), overlaps(truth, names[prediction], 3, 3)
    for k in (1, 3):
        ours = matches(before, [4, 7, 4], classes, k)
        np.testing.assert_array_equal(ours, matches(after, [4, 7, 4], renamed, k))
