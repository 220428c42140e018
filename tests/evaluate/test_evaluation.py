"""Evaluation: exact merging in any order, intervals, clips given twice, worst clips."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluate.clips import H, T, W, clip, evaluated

from segmnist.errors import BadArgument
from segmnist.evaluate import BadPrediction, Evaluation, Prediction, check_prediction

CLIPS = range(7)
WHOLE = evaluated(CLIPS)


def everything(evaluation: Any) -> Any:
    sums = {name: value.tolist() for name, value in evaluation.sums.totals.items()}
    replicates = {name: value.tolist() for name, value in evaluation.sums.replicates.items()}
    return sums, replicates, repr(evaluation.scores()), repr(evaluation.intervals()), evaluation.worst()


@settings(max_examples=15)
@given(st.permutations(CLIPS), st.lists(st.integers(0, len(CLIPS)), max_size=3))
def test_shards_merge_exactly_in_any_order(order: Any, cuts: Any) -> None:
    ends = [0, *sorted(cuts), len(order)]
    shards = [evaluated(order[a:b]) for a, b in itertools.pairwise(ends)]
    total = shards[-1]
    for shard in shards[:-1]:
        total.merge(shard)
    assert everything(total) == everything(WHOLE)


def test_tracks_merge_exactly_in_any_order() -> None:
    pytest.importorskip("trackeval", reason="the `tracking` extra is optional")
    whole = evaluated(CLIPS, tracking=True)
    shards = [evaluated(ids, tracking=True) for ids in ([6, 2], [0, 5, 3], [4, 1])]
    for shard in shards[1:]:
        shards[0].merge(shard)
    assert everything(shards[0]) == everything(whole)
    assert {"hota", "j_and_f", "vis_ap"} <= set(whole.scores())


def test_scores_of_the_truth_itself_are_perfect() -> None:
    evaluation = Evaluation(num_replicates=20)
    for clip_id in CLIPS:
        truth, _ = clip(clip_id)
        one_hot = np.eye(11, dtype=np.float32)[truth["semantic"]].transpose(0, 3, 1, 2)
        prediction = check_prediction("clip", one_hot, (T, H, W), truth["instance"])
        evaluation.add(clip_id, truth | {"posterior": one_hot}, prediction)
    scores = evaluation.scores()
    perfect = (
        "miou",
        "miou_foreground",
        "clip_miou_foreground",
        "foreground_accuracy",
        "boundary_iou",
        "vc8",
    )
    assert {name: scores[name] for name in (*perfect, "vpq_1")} == dict.fromkeys((*perfect, "vpq_1"), 1.0)
    for name in ("nll", "brier", "ece", "aurc", "augrc", "excess_nll", "entropy_error"):
        assert scores[name] == 0, name


def test_a_clip_given_twice_is_refused() -> None:
    with pytest.raises(BadPrediction, match="clip 3: given twice"):
        evaluated([3, 3])
    with pytest.raises(BadPrediction, match="clip 3: given twice"):
        evaluated([1, 3]).merge(evaluated([3]))


def test_hard_maps_and_probabilities_do_not_mix() -> None:
    evaluation = evaluated([0])
    truth, _ = clip(1)
    with pytest.raises(BadPrediction, match="clip 1: a hard map of classes, but"):
        evaluation.add(1, truth, Prediction(truth["semantic"]))
    assert evaluation.clip_ids == {0}
    hard_shard = Evaluation(num_replicates=40)
    hard_shard.add(1, truth, Prediction(truth["semantic"]))
    with pytest.raises(BadArgument, match="hard maps"):
        evaluation.merge(hard_shard)


def test_intervals_hold_the_score_and_narrow_with_more_clips() -> None:
    few, many = evaluated(range(4)), evaluated(range(40))
    (low, high), score = many.intervals()["foreground_accuracy"], many.scores()["foreground_accuracy"]
    assert low < score < high
    narrow, wide = high - low, np.ptp(few.intervals()["foreground_accuracy"])
    assert narrow < wide


def test_worst_clips_come_worst_first() -> None:
    def score_of(clip_id: Any) -> Any:
        return evaluated([clip_id]).scores()["miou_foreground"]

    assert WHOLE.worst() == sorted(CLIPS, key=score_of)[:6]
