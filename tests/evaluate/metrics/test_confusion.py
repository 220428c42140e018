"""mIoU and accuracies: by hand, by law, and with torchmetrics as the judge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluate.clips import as_maps, maps

from segmnist.classes import BACKGROUND as B
from segmnist.evaluate.metrics.confusion import (
    confusion,
    foreground_accuracy,
    iou_per_class,
    mean_iou,
    pixel_accuracy,
)


def test_mean_iou_by_hand() -> None:
    truth = as_maps([[3, 3, B, B]])
    prediction = as_maps([[3, 5, B, 3]])
    table = confusion(truth, prediction)
    iou = iou_per_class(table)
    assert iou[3] == pytest.approx(1 / 3)  # one hit; one missed, one false
    assert iou[5] == 0  # predicted, never true
    assert iou[B] == pytest.approx(1 / 2)
    assert np.isnan(iou[[0, 1, 2, 4, 6, 7, 8, 9]]).all()
    assert mean_iou(table) == pytest.approx((1 / 3 + 0 + 1 / 2) / 3)
    assert mean_iou(table, background=False) == pytest.approx((1 / 3 + 0) / 2)
    assert pixel_accuracy(table) == 0.5
    assert foreground_accuracy(table) == 0.5


def test_ignored_truth_counts_nowhere() -> None:
    table = confusion(as_maps([255, 3, 11]), as_maps([3, 3, 4]))
    assert table.sum() == 1
    assert table[3, 3] == 1


@given(maps)
def test_perfect_scores_one(truth: Any) -> None:
    table = confusion(truth, truth)
    assert mean_iou(table) == 1
    assert pixel_accuracy(table) == 1


@given(maps, maps)
def test_scores_of_a_sum_are_the_scores_of_the_whole(truth: Any, prediction: Any) -> None:
    parts = sum(confusion(t, p) for t, p in zip(truth, prediction, strict=True))
    np.testing.assert_array_equal(parts, confusion(truth, prediction))


@given(maps, maps, st.permutations(range(10)))
def test_renaming_digits_in_both_changes_no_mean(truth: Any, prediction: Any, order: Any) -> None:
    names = np.array([*order, B], dtype=np.uint8)
    before = confusion(truth, prediction)
    after = confusion(names[truth], names[prediction])
    assert mean_iou(before) == pytest.approx(mean_iou(after))
    assert pixel_accuracy(before) == pixel_accuracy(after)


@settings(deadline=None, max_examples=20)
@given(maps, maps)
def test_jaccard_index_of_torchmetrics_agrees(truth: Any, prediction: Any) -> None:
    torchmetrics = pytest.importorskip("torchmetrics", reason="the judges are an optional test group")
    torch = pytest.importorskip("torch", reason="the judges are an optional test group")
    # Every class occurs, so that both leave out none.
    everything = np.arange(11, dtype=np.uint8)
    truth, prediction = np.append(truth, everything), np.append(prediction, everything)
    judge = torchmetrics.JaccardIndex(task="multiclass", num_classes=11, average="macro")
    theirs = judge(torch.from_numpy(prediction.astype(np.int64)), torch.from_numpy(truth.astype(np.int64)))
    assert mean_iou(confusion(truth, prediction)) == pytest.approx(float(theirs), abs=1e-6)


def test_all_background_scores_what_the_design_says() -> None:
    truth = np.full((2, 10, 20), B, np.uint8)
    truth[:, :4, :9] = 7  # 72 of 400 pixels
    table = confusion(truth, np.full_like(truth, B))
    assert foreground_accuracy(table) == 0
    assert pixel_accuracy(table) == pytest.approx(1 - 72 / 400)
    assert mean_iou(table, background=False) == 0
