"""VPQ, STQ, HOTA, J&F and VIS AP: cases worked out by hand, laws, TrackEval as judge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segmnist.evaluate import Prediction, panoptic
from segmnist.evaluate.average_precision import (
    Track,
    predicted_tracks,
    track_counts,
    true_tracks,
    vis_average_precision,
)
from segmnist.evaluate.counts import classes_of_segments, confusion, overlaps, segments_from_classes
from segmnist.evaluate.tracking import tracking_counts, tracking_scores

ids = arrays(np.uint8, (4, 5, 6), elements=st.integers(0, 3))


def two_digits(swap_at=None):
    """Two 2x2 digits that stay where they are for 4 frames; their ids swap from frame `swap_at` on."""
    instance = np.zeros((4, 5, 9), np.uint8)
    instance[:, 1:3, 1:3], instance[:, 1:3, 5:7] = 1, 2
    if swap_at is not None:
        instance[swap_at:] = np.array([0, 2, 1], np.uint8)[instance[swap_at:]]
    return instance


def test_perfect_tubes_score_one():
    truth = two_digits()
    table = overlaps(truth, truth, 2, 2)
    for k in (1, 2, 4, 6):
        assert panoptic.video_panoptic_quality(panoptic.panoptic_counts(table, [3, 8], [3, 8], k)) == 1
    assert panoptic.association_quality(panoptic.association_sums(table)) == 1


def test_vpq_of_swapped_ids_by_hand():
    truth, swapped = two_digits(), two_digits(swap_at=2)
    table = overlaps(truth, swapped, 2, 2)
    # Both have class 3, so each frame alone is perfect; tubes of 4 frames share 8 of 24 pixels: no match at
    # all.
    counts = panoptic.panoptic_counts(table, [3, 3], [3, 3], 1)
    assert panoptic.video_panoptic_quality(counts) == 1
    counts = panoptic.panoptic_counts(table, [3, 3], [3, 3], 4)
    assert counts[1:, 3].tolist() == [0, 2, 2]
    assert panoptic.video_panoptic_quality(counts) == pytest.approx(
        (0 + 1) / 2
    )  # the digits' class, the background
    # Of three windows of 2 frames, the middle one holds the swap: 2 hits in each of the others.
    counts = panoptic.panoptic_counts(table, [3, 3], [3, 3], 2)
    assert counts[1:, 3].tolist() == [4, 2, 2]
    assert panoptic.video_panoptic_quality(counts) == pytest.approx((4 / 6 + 1) / 2)


def test_wrong_class_matches_nothing():
    table = overlaps(two_digits(), two_digits(), 2, 2)
    counts = panoptic.panoptic_counts(table, [3, 8], [3, 9], 1)
    assert counts[1:, 8].tolist() == [0, 0, 4]
    assert counts[1:, 9].tolist() == [0, 4, 0]


def test_association_of_swapped_ids_by_hand():
    table = overlaps(two_digits(), two_digits(swap_at=2), 2, 2)
    # Each digit has 16 pixels, 8 under each id, IoU 8/24: (8 * 1/3 + 8 * 1/3) / 16.
    sums = panoptic.association_sums(table)
    assert panoptic.association_quality(sums) == pytest.approx(1 / 3, abs=1e-6)
    perfect = confusion(np.full(5, 10, np.uint8), np.full(5, 10, np.uint8))
    assert panoptic.segmentation_tracking_quality(sums, perfect) == pytest.approx((1 / 3) ** 0.5, abs=1e-6)


@settings(deadline=None)
@given(ids, ids, st.permutations(range(3)))
def test_renaming_predicted_ids_changes_no_score(truth, prediction, order):
    names = np.array([0, *(1 + i for i in order)], np.uint8)
    classes = [4, 4, 7]
    renamed = [classes[order.index(i)] for i in range(3)]
    before, after = overlaps(truth, prediction, 3, 3), overlaps(truth, names[prediction], 3, 3)
    for k in (1, 3):
        ours = panoptic.panoptic_counts(before, [4, 7, 4], classes, k)
        np.testing.assert_array_equal(ours, panoptic.panoptic_counts(after, [4, 7, 4], renamed, k))
    np.testing.assert_allclose(panoptic.association_sums(before), panoptic.association_sums(after), atol=3)


def test_segments_of_a_classes_only_model():
    instance, classes = segments_from_classes(np.array([[[0, 9, 10]]], np.uint8))
    assert instance.tolist() == [[[1, 10, 0]]]
    assert list(classes) == list(range(10))


def test_class_of_a_segment_is_its_majority():
    instance = np.array([[[7, 7, 7, 0, 200]]], np.uint8)
    semantic = np.array([[[3, 3, 5, 5, 10]]], np.uint8)
    renamed, classes = classes_of_segments(instance, semantic)
    assert renamed.tolist() == [[[1, 1, 1, 0, 2]]]
    assert classes == [3, 10]


class TestTrackEval:
    @pytest.fixture(autouse=True)
    def judge(self):
        pytest.importorskip("trackeval", reason="the `tracking` extra is optional")

    def scores(self, truth, prediction):
        counts = tracking_counts(truth, prediction, overlaps(truth, prediction, 3, 3))
        return {name: float(score) for name, score in tracking_scores(counts).items()}

    def test_perfect_tracks_score_one(self):
        scores = self.scores(two_digits(), two_digits())
        assert all(score == pytest.approx(1) for score in scores.values()), scores

    def test_hota_of_swapped_ids_by_hand(self):
        scores = self.scores(two_digits(), two_digits(swap_at=2))
        # All found; each matched pair of ids holds 2 of the 6 frames of their union: 2 / (4 + 4 - 2).
        assert scores["deta"] == pytest.approx(1)
        assert scores["assa"] == pytest.approx(1 / 3, abs=1e-5)
        assert scores["hota"] == pytest.approx((1 / 3) ** 0.5, abs=1e-5)
        assert scores["j"] == pytest.approx(0.5, abs=1e-5)

    def test_nothing_predicted_scores_zero(self):
        scores = self.scores(two_digits(), np.zeros_like(two_digits()))
        assert scores["hota"] == scores["j_and_f"] == 0

    def test_a_digit_absent_in_some_frames_and_rightly_so_is_perfect(self):
        truth = two_digits()
        truth[0, :, 5:7] = 0
        assert self.scores(truth, truth)["j_and_f"] == pytest.approx(1)

    def test_an_empty_clip_counts_nowhere(self):
        empty = np.zeros((4, 5, 9), np.uint8)
        counts = tracking_counts(empty, empty, overlaps(empty, empty, 3, 3))
        assert counts["j_and_f"].tolist() == [0, 0, 0]
        assert counts["hota"][:3].sum() == 0

    @settings(deadline=None, max_examples=10)
    @given(ids, ids)
    def test_sums_over_clips_are_what_trackeval_combines(self, truth, prediction):
        from trackeval.metrics import HOTA

        pairs = [(truth, prediction), (two_digits(), two_digits(swap_at=1)), (truth[::-1], truth)]
        total = sum(tracking_counts(t, p, overlaps(t, p, 3, 3))["hota"] for t, p in pairs)
        theirs = HOTA().combine_sequences(
            {i: self.judged(overlaps(t, p, 3, 3)) for i, (t, p) in enumerate(pairs)}
        )
        ours = tracking_scores({"hota": total, "j_and_f": np.ones(3, np.int64)})
        assert ours["hota"] == pytest.approx(theirs["HOTA"].mean(), abs=1e-5)
        assert ours["assa"] == pytest.approx(theirs["AssA"].mean(), abs=1e-5)

    def judged(self, table):
        """TrackEval's own result, its input written here a second time and frame by frame."""
        from trackeval.metrics import HOTA

        data = {
            "gt_ids": [],
            "tracker_ids": [],
            "similarity_scores": [],
            "num_gt_ids": 3,
            "num_tracker_ids": 3,
        }
        for frame in table:
            rows = [i for i in range(3) if frame[i + 1].sum()]
            columns = [j for j in range(3) if frame[:, j + 1].sum()]
            iou = np.zeros((len(rows), len(columns)))
            for a, i in enumerate(rows):
                for b, j in enumerate(columns):
                    both = frame[i + 1, j + 1]
                    iou[a, b] = both / (frame[i + 1].sum() + frame[:, j + 1].sum() - both)
            data["gt_ids"].append(np.array(rows, int))
            data["tracker_ids"].append(np.array(columns, int))
            data["similarity_scores"].append(iou)
        data["num_gt_dets"] = sum(map(len, data["gt_ids"]))
        data["num_tracker_dets"] = sum(map(len, data["tracker_ids"]))
        return HOTA().eval_sequence(data)

    def average_precision(self, clips):
        counts = [track_counts(truth, prediction) for truth, prediction in clips]
        return vis_average_precision({name: sum(c[name] for c in counts) for name in counts[0]})

    def test_vis_ap_by_hand(self):
        first, second = two_digits() == 1, two_digits() == 2
        tracks = [Track(3, 1.0, first), Track(8, 1.0, second)]
        assert self.average_precision([(tracks, tracks)]) == pytest.approx(1)
        assert self.average_precision([(tracks, tracks[:1])]) == pytest.approx(0.5)
        # A false alarm with the higher confidence halves the precision at every recall.
        false = [Track(3, 0.9, np.roll(first, 2, axis=1)), Track(3, 0.5, first)]
        assert self.average_precision([(tracks[:1], false)]) == pytest.approx(0.5)
        assert np.isnan(self.average_precision([([], false)]))

    def test_tracks_of_one_confidence_are_taken_together(self):
        """Two of three found and two false alarms, all as sure: precision 1/2 at the 67 recalls up to 2/3."""
        mask = two_digits() == 1
        found, false = Track(3, 1.0, mask), Track(3, 1.0, np.roll(mask, 2, axis=1))
        clips = [([found], [found]), ([found], [found, false]), ([found], [false])]
        for order in ((0, 1, 2), (2, 1, 0)):
            assert self.average_precision([clips[i] for i in order]) == pytest.approx(67 / 101 / 2)

    @settings(deadline=None, max_examples=25)
    @given(st.lists(st.tuples(ids, ids), min_size=1, max_size=4), st.permutations(range(12)))
    def test_streamed_vis_ap_is_what_trackeval_combines(self, maps, ranks):
        """With confidences that all differ: TrackEval's own result on all clips at once."""
        from trackeval.metrics import TrackMAP

        metric = TrackMAP({"USE_AREA_RANGES": False, "USE_TIME_RANGES": False, "PRINT_CONFIG": False})
        clips = []
        for i, (truth, prediction) in enumerate(maps):
            found = [
                t._replace(confidence=ranks[3 * i + n] / 16)
                for n, t in enumerate(true_tracks(prediction, [4, 4, 7]))
            ]
            clips.append((true_tracks(truth, [4, 7, 4]), found))
        expected = []
        for digit in sorted({track.digit for truth, _ in clips for track in truth}):
            results = {i: metric.eval_sequence(self.sequence(*clip, digit)) for i, clip in enumerate(clips)}
            expected.append(metric.combine_sequences(results)["AP_all"].mean())
        ours = self.average_precision(clips)
        assert ours == pytest.approx(np.mean(expected)) if expected else np.isnan(ours)

    def sequence(self, truth, prediction, digit):
        """TrackEval's description of one clip, written here a second time."""
        from pycocotools.mask import encode

        def frames(track):
            seen = [(t, m) for t, m in enumerate(track.mask) if m.any()]
            return {t: encode(np.asfortranarray(m, np.uint8)) for t, m in seen}

        mine = [track for track in truth if track.digit == digit]
        theirs = sorted((track for track in prediction if track.digit == digit), key=lambda t: -t.confidence)
        return {
            "iou_type": "mask",
            "gt_track_ids": list(range(1, len(mine) + 1)),
            "dt_track_ids": list(range(1, len(theirs) + 1)),
            "gt_tracks": [frames(track) for track in mine],
            "dt_tracks": [frames(track) for track in theirs],
            "dt_track_scores": [track.confidence for track in theirs],
        }


def test_confidence_of_a_track_is_its_class_s_mean_probability_there():
    probabilities = np.zeros((1, 11, 1, 3), np.float32)
    probabilities[0, 3, 0], probabilities[0, 10, 0] = [0.9, 0.6, 0.2], [0.1, 0.4, 0.8]
    semantic = probabilities.argmax(axis=1).astype(np.uint8)
    instance = np.array([[[1, 1, 2]]], np.uint8)
    [track] = predicted_tracks(instance, [3, 10], Prediction(semantic, probabilities, instance))
    assert (track.digit, track.mask.tolist()) == (3, [[[True, True, False]]])
    assert track.confidence == pytest.approx(0.75)
    [track] = predicted_tracks(instance, [3, 10], Prediction(semantic, None, instance))
    assert track.confidence == 1


def test_masks_overlap_as_pycocotools_says():
    mask = pytest.importorskip("pycocotools.mask", reason="the `tracking` extra is optional")
    truth, prediction = two_digits()[0], np.roll(two_digits()[0], 1, axis=0)
    table = overlaps(truth[None], prediction[None], 2, 2)[0]
    union = table.sum(axis=1)[1:, None] + table.sum(axis=0)[None, 1:] - table[1:, 1:]
    encoded = [
        [mask.encode(np.asfortranarray(m == i, np.uint8)) for i in (1, 2)] for m in (prediction, truth)
    ]
    np.testing.assert_allclose(table[1:, 1:] / union, mask.iou(*encoded, [0, 0]).T)
