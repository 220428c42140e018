"""HOTA: by hand, and with TrackEval as the judge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from tests.evaluate.clips import ids, two_digits

from segmnist.evaluate.metrics.hota import hota_counts, hota_scores
from segmnist.evaluate.reference import overlaps

pytest.importorskip("trackeval", reason="the `tracking` extra is optional")


def scored(truth: Any, prediction: Any) -> Any:
    counts = hota_counts(overlaps(truth, prediction, 3, 3))
    return {name: float(score) for name, score in hota_scores(counts).items()}


def test_perfect_tracks_score_one() -> None:
    scores = scored(two_digits(), two_digits())
    assert all(score == pytest.approx(1) for score in scores.values()), scores


def test_hota_of_swapped_ids_by_hand() -> None:
    scores = scored(two_digits(), two_digits(swap_at=2))
    # All found; each matched pair of ids holds 2 of the 6 frames of their union: 2 / (4 + 4 - 2).
    assert scores["deta"] == pytest.approx(1)
    assert scores["assa"] == pytest.approx(1 / 3, abs=1e-5)
    assert scores["hota"] == pytest.approx((1 / 3) ** 0.5, abs=1e-5)


def test_nothing_predicted_scores_zero() -> None:
    scores = scored(two_digits(), np.zeros_like(two_digits()))
    assert scores["hota"] == 0


def test_an_empty_clip_counts_nowhere() -> None:
    empty = np.zeros((4, 5, 9), np.uint8)
    assert hota_counts(overlaps(empty, empty, 3, 3))[:3].sum() == 0


@settings(deadline=None, max_examples=10)
@given(ids, ids)
def test_sums_over_clips_are_what_trackeval_combines(truth: Any, prediction: Any) -> None:
    from trackeval.metrics import HOTA

    pairs = [(truth, prediction), (two_digits(), two_digits(swap_at=1)), (truth[::-1], truth)]
    total = sum(hota_counts(overlaps(t, p, 3, 3)) for t, p in pairs)
    theirs = HOTA().combine_sequences({i: judged(overlaps(t, p, 3, 3)) for i, (t, p) in enumerate(pairs)})
    ours = hota_scores(total)
    assert ours["hota"] == pytest.approx(theirs["HOTA"].mean(), abs=1e-5)
    assert ours["assa"] == pytest.approx(theirs["AssA"].mean(), abs=1e-5)


def judged(table: Any) -> Any:
    """TrackEval's own result, its input written here a second time and frame by frame."""
    from trackeval.metrics import HOTA

    data: dict[str, Any] = {
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
