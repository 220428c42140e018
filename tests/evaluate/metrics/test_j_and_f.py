"""J&F: by hand, and with TrackEval as the judge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.evaluate.clips import two_digits

from segmnist.evaluate.metrics.j_and_f import j_and_f_counts, j_and_f_scores

pytest.importorskip("trackeval", reason="the `tracking` extra is optional")


def scored(truth: Any, prediction: Any) -> Any:
    counts = j_and_f_counts(truth, prediction)
    return {name: float(score) for name, score in j_and_f_scores(counts).items()}


def test_perfect_tracks_score_one() -> None:
    scores = scored(two_digits(), two_digits())
    assert all(score == pytest.approx(1) for score in scores.values()), scores


def test_swapped_ids_by_hand() -> None:
    scores = scored(two_digits(), two_digits(swap_at=2))
    # Each id is right in two of four frames.
    assert scores["j"] == pytest.approx(0.5, abs=1e-5)


def test_nothing_predicted_is_right_where_a_digit_is_not_seen() -> None:
    """As TrackEval and the DAVIS tool have it: both empty is 1."""
    truth = two_digits()
    truth[:3, :, 5:7] = 0
    empty = np.zeros_like(truth)
    found = scored(truth, empty)
    assert (found["j"], found["f"]) == pytest.approx((3 / 8, 3 / 8))
    stray = empty.copy()
    stray[0, 4, 8] = 1
    assert found["j"] >= scored(truth, stray)["j"]
    assert scored(two_digits(), empty)["j_and_f"] == 0


def test_a_digit_absent_in_some_frames_and_rightly_so_is_perfect() -> None:
    truth = two_digits()
    truth[0, :, 5:7] = 0
    assert scored(truth, truth)["j_and_f"] == pytest.approx(1)


def test_an_empty_clip_counts_nowhere() -> None:
    empty = np.zeros((4, 5, 9), np.uint8)
    assert j_and_f_counts(empty, empty).tolist() == [0, 0, 0]
