"""Hard-map scores: cases worked out by hand, laws, and torchmetrics as the judge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segmnist.classes import BACKGROUND
from segmnist.evaluate import segmentation
from segmnist.evaluate.counts import (
    boundary,
    boundary_counts,
    confusion,
    consistency_counts,
    digit_counts,
    warped_confusion,
)

B = BACKGROUND
maps = arrays(np.uint8, (3, 5, 7), elements=st.integers(0, 10))


def as_maps(*rows):
    return np.array(rows, dtype=np.uint8)


def test_mean_iou_by_hand():
    truth = as_maps([[3, 3, B, B]])
    prediction = as_maps([[3, 5, B, 3]])
    table = confusion(truth, prediction)
    iou = segmentation.iou_per_class(table)
    assert iou[3] == pytest.approx(1 / 3)  # one hit; one missed, one false
    assert iou[5] == 0  # predicted, never true
    assert iou[B] == pytest.approx(1 / 2)
    assert np.isnan(iou[[0, 1, 2, 4, 6, 7, 8, 9]]).all()
    assert segmentation.mean_iou(table) == pytest.approx((1 / 3 + 0 + 1 / 2) / 3)
    assert segmentation.mean_iou(table, background=False) == pytest.approx((1 / 3 + 0) / 2)
    assert segmentation.pixel_accuracy(table) == 0.5
    assert segmentation.foreground_accuracy(table) == 0.5
    assert segmentation.all_background_accuracy(table) == 0.5


def test_ignored_truth_counts_nowhere():
    table = confusion(as_maps([255, 3, 11]), as_maps([3, 3, 4]))
    assert table.sum() == 1
    assert table[3, 3] == 1


@given(maps)
def test_perfect_scores_one(truth):
    table = confusion(truth, truth)
    assert segmentation.mean_iou(table) == 1
    assert segmentation.pixel_accuracy(table) == 1
    score = segmentation.boundary_iou(boundary_counts(truth, truth))
    assert score == 1 or (np.isnan(score) and (truth == B).all())


@given(maps, maps)
def test_scores_of_a_sum_are_the_scores_of_the_whole(truth, prediction):
    parts = sum(confusion(t, p) for t, p in zip(truth, prediction, strict=True))
    np.testing.assert_array_equal(parts, confusion(truth, prediction))


@given(maps, maps, st.permutations(range(10)))
def test_renaming_digits_in_both_changes_no_mean(truth, prediction, order):
    names = np.array([*order, B], dtype=np.uint8)
    before = confusion(truth, prediction)
    after = confusion(names[truth], names[prediction])
    assert segmentation.mean_iou(before) == pytest.approx(segmentation.mean_iou(after))
    assert segmentation.pixel_accuracy(before) == segmentation.pixel_accuracy(after)


@settings(deadline=None, max_examples=20)
@given(maps, maps)
def test_jaccard_index_of_torchmetrics_agrees(truth, prediction):
    torchmetrics = pytest.importorskip("torchmetrics", reason="the judges are an optional test group")
    torch = pytest.importorskip("torch", reason="the judges are an optional test group")
    # Every class occurs, so that both leave out none.
    everything = np.arange(11, dtype=np.uint8)
    truth, prediction = np.append(truth, everything), np.append(prediction, everything)
    judge = torchmetrics.JaccardIndex(task="multiclass", num_classes=11, average="macro")
    theirs = judge(torch.from_numpy(prediction.astype(np.int64)), torch.from_numpy(truth.astype(np.int64)))
    assert segmentation.mean_iou(confusion(truth, prediction)) == pytest.approx(float(theirs), abs=1e-6)


def test_all_background_scores_what_the_design_says():
    truth = np.full((2, 10, 20), B, np.uint8)
    truth[:, :4, :9] = 7  # 72 of 400 pixels
    table = confusion(truth, np.full_like(truth, B))
    assert segmentation.foreground_accuracy(table) == 0
    assert segmentation.pixel_accuracy(table) == pytest.approx(1 - 72 / 400)
    assert segmentation.mean_iou(table, background=False) == 0


def test_boundary_of_a_square_is_its_ring_and_the_ring_around_it():
    square = np.full((1, 9, 11), B, np.uint8)
    square[0, 3:6, 4:8] = 2
    edge = boundary(square)[0]
    assert edge[3:6, 4:8].sum() == 10  # a 3x4 square keeps a 1x2 core
    assert not edge[4, 5:7].any()
    assert edge[0].all()  # the frame's edge counts, as an erosion padded with zeros has it
    assert edge[:, -1].all()


def test_boundary_agrees_with_erosion():
    ndimage = pytest.importorskip("scipy.ndimage", reason="the judges are an optional test group")
    truth = (np.indices((1, 12, 17)).sum(axis=0) // 5 % 3).astype(np.uint8)
    for distance in (1, 2):
        square = np.ones((2 * distance + 1,) * 2, bool)
        expected = np.zeros_like(truth, dtype=bool)
        for label in range(3):
            mask = truth[0] == label
            expected[0] |= mask & ~ndimage.binary_erosion(mask, square)
        np.testing.assert_array_equal(boundary(truth, distance), expected)


def test_boundary_iou_by_hand():
    truth, prediction = (np.full((1, 8, 10), B, np.uint8) for _ in range(2))
    truth[0, 2:4, 2:4] = 1
    prediction[0, 2:4, 3:5] = 1  # both squares are all boundary, and share two of six pixels
    assert segmentation.boundary_iou(boundary_counts(truth, prediction)) == pytest.approx(2 / 6)


def test_constant_predictor_and_video_consistency():
    truth = as_maps([[1, B]], [[1, B]], [[1, 2]], [[1, 2]])  # windows of 2: 1 everywhere, the other in 2 of 3
    constant = np.full_like(truth, B)
    counts = consistency_counts(truth, constant, 2)
    assert segmentation.video_consistency(counts) == pytest.approx(
        1 / 5
    )  # steady: 3 + 2, right: one window of B
    assert segmentation.video_steadiness(counts) == 1  # what published code gives a constant predictor
    assert segmentation.video_consistency(consistency_counts(truth, truth, 2)) == 1


def test_windows_longer_than_the_clip_score_nothing():
    truth = as_maps([[1, B]])
    assert np.isnan(segmentation.video_consistency(consistency_counts(truth, truth, 8)))


def test_temporal_consistency_follows_the_flow():
    prediction = np.full((2, 3, 6), B, np.uint8)
    prediction[0, 1, 1:3] = 4
    prediction[1, 1, 3:5] = 4  # moved two to the right
    flow = np.zeros((2, 3, 6, 2), np.float32)
    flow[0, 1, 1:3, 0] = 2
    valid = np.ones((2, 3, 6), bool)
    valid[0, 1, 3:5] = False  # hidden in the next frame
    assert segmentation.temporal_consistency(warped_confusion(prediction, flow, valid)) == 1
    still = warped_confusion(prediction, np.zeros_like(flow), np.ones_like(valid))
    assert segmentation.temporal_consistency(still) == 0


def test_flow_out_of_the_frame_counts_nowhere():
    prediction = np.full((2, 2, 3), B, np.uint8)
    flow = np.full((2, 2, 3, 2), 3, np.float32)
    assert warped_confusion(prediction, flow, np.ones((2, 2, 3), bool)).sum() == 0


def test_digit_counts_by_hand():
    instance = as_maps([[1, 2, 0]], [[2, 2, 0]])
    prediction = as_maps([[3, B, 3]], [[5, 3, 3]])
    counts = digit_counts(instance, prediction, 3)
    assert counts.shape == (3, 2, 11)
    assert counts[0, 0, 3] == counts[1, 0, B] == counts[1, 1, 5] == counts[1, 1, 3] == 1
    assert counts.sum() == 4
