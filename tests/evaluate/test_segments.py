"""Segments: classes of ids, and the pixels that pairs of ids share."""

from __future__ import annotations

import numpy as np
import pytest
from tests.evaluate.clips import as_maps, two_digits

from segmnist.classes import BACKGROUND as B
from segmnist.evaluate.segments import class_counts, overlaps, segments_of_classes, segments_of_ids


def test_class_counts_by_hand() -> None:
    instance = as_maps([[1, 2, 0]], [[2, 2, 0]])
    prediction = as_maps([[3, B, 3]], [[5, 3, 3]])
    counts = class_counts(instance, prediction, 3)
    assert counts.shape == (3, 11)
    assert counts[0, 3] == counts[1, B] == counts[1, 5] == counts[1, 3] == 1
    assert counts.sum() == 4


def test_segments_of_a_classes_only_model() -> None:
    instance, classes = segments_of_classes(np.array([[[0, 9, 10]]], np.uint8))
    assert instance.tolist() == [[[1, 10, 0]]]
    assert list(classes) == list(range(10))


def test_class_of_a_segment_is_its_majority() -> None:
    instance = np.array([[[7, 7, 7, 0, 200]]], np.uint8)
    semantic = np.array([[[3, 3, 5, 5, 10]]], np.uint8)
    renamed, classes = segments_of_ids(instance, semantic)
    assert renamed.tolist() == [[[1, 1, 1, 0, 2]]]
    assert classes == [3, 10]


def test_masks_overlap_as_pycocotools_says() -> None:
    mask = pytest.importorskip("pycocotools.mask", reason="the `tracking` extra is optional")
    truth, prediction = two_digits()[0], np.roll(two_digits()[0], 1, axis=0)
    table = overlaps(truth[None], prediction[None], 2, 2)[0]
    union = table.sum(axis=1)[1:, None] + table.sum(axis=0)[None, 1:] - table[1:, 1:]
    encoded = [
        [mask.encode(np.asfortranarray(m == i, np.uint8)) for i in (1, 2)] for m in (prediction, truth)
    ]
    np.testing.assert_allclose(table[1:, 1:] / union, mask.iou(*encoded, [0, 0]).T)
