"""Segments: classes of ids, and the pixels that pairs of ids share."""

from __future__ import annotations

import numpy as np
import pytest
from tests.evaluate.clips import two_digits

from segmnist.classes import BACKGROUND as B
from segmnist.evaluate.reference import overlaps, tubes
from segmnist.evaluate.segments import classes_of_ids, numbers_of_classes, numbers_of_ids


def test_of_a_classes_only_model_each_class_is_a_digit() -> None:
    numbers = numbers_of_classes()
    assert numbers[np.array([0, 9, B, 255])].tolist() == [1, 10, 0, 0]


def test_class_of_an_id_is_its_majority() -> None:
    instance = np.array([[[7, 7, 7, 0, 200]]], np.uint8)
    semantic = np.array([[[3, 3, 5, 5, 10]]], np.uint8)
    numbered = numbers_of_ids(instance)[instance]
    assert numbered.tolist() == [[[1, 1, 1, 0, 2]]]
    pixels = tubes(np.zeros_like(instance), numbered, semantic, 0, 2)
    assert pixels[0, 1, 3] == 2
    assert classes_of_ids(pixels) == [3, B]


def test_masks_overlap_as_pycocotools_says() -> None:
    mask = pytest.importorskip("pycocotools.mask", reason="the `tracking` extra is optional")
    truth, prediction = two_digits()[0], np.roll(two_digits()[0], 1, axis=0)
    table = overlaps(truth[None], prediction[None], 2, 2)[0]
    union = table.sum(axis=1)[1:, None] + table.sum(axis=0)[None, 1:] - table[1:, 1:]
    encoded = [
        [mask.encode(np.asfortranarray(m == i, np.uint8)) for i in (1, 2)] for m in (prediction, truth)
    ]
    np.testing.assert_allclose(table[1:, 1:] / union, mask.iou(*encoded, [0, 0]).T)
