"""The protocol: bad predictions, exact merging in any order, the bootstrap, breakdowns, reports and pages."""

import errno
import itertools
import math
import os
import re

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmnist.errors import BadArgument, CorruptData
from segmnist.evaluate import BadPrediction, Evaluation, Prediction, check_prediction
from segmnist.evaluate.breakdown import BREAKDOWNS, breakdown_counts
from segmnist.evaluate.page import page
from segmnist.evaluate.pictures import Picture, contact_sheet, error_map
from segmnist.evaluate.plots import outcome_bars, outcome_key
from segmnist.evaluate.report import (
    SCHEMA,
    Bucket,
    Result,
    load_result,
    report_of,
    result_schema,
    save_result,
)
from segmnist.evaluate.tally import poisson_weights
from segmnist.palette import INSTANCE_COLOURS

T, H, W = 9, 10, 13
CLIPS = range(7)


def clip(clip_id):
    """A clip of two digits, a prediction with mistakes, and probabilities; a function of the id alone."""
    rng = np.random.default_rng(clip_id)
    labels = rng.integers(0, 10, 2).astype(np.uint8)
    instance = rng.choice(3, size=(T, H, W), p=[0.8, 0.1, 0.1]).astype(np.uint8)
    semantic = np.array([10, *labels], np.uint8)[instance]
    truth = {"semantic": semantic, "instance": instance, "labels": labels}
    truth["visibility"] = rng.random((2, T), np.float32)
    truth["pose"] = rng.normal(size=(2, T, 5)) * 20
    truth["video"], truth["beneath"] = (rng.integers(0, 256, (T, H, W)).astype(np.uint8) for _ in range(2))
    truth["flow_forward"] = rng.normal(size=(T, H, W, 2)).astype(np.float32)
    truth["flow_forward_valid"] = rng.random((T, H, W)) < 0.7
    truth["posterior_samples"], truth["oracle_samples"] = (
        rng.choice(11, (2, T, H, W)).astype(np.uint8) for _ in range(2)
    )
    truth["posterior"] = rng.dirichlet(np.ones(11), size=(T, H, W)).transpose(0, 3, 1, 2).astype(np.float32)
    noise = rng.dirichlet(np.full(11, 0.3), size=(T, H, W)).transpose(0, 3, 1, 2)
    right = np.eye(11)[semantic].transpose(0, 3, 1, 2)
    return truth, (0.4 * right + 0.6 * noise).astype(np.float32)


def evaluated(ids, **options):
    evaluation = Evaluation(num_replicates=40, **options)
    for clip_id in ids:
        truth, probabilities = clip(clip_id)
        evaluation.add(clip_id, truth, check_prediction("clip", probabilities, (T, H, W)))
    return evaluation


WHOLE = evaluated(CLIPS)


def everything(evaluation):
    sums = {name: value.tolist() for name, value in evaluation.tally.sums.items()}
    replicates = {name: value.tolist() for name, value in evaluation.tally.replicates.items()}
    return sums, replicates, evaluation.scores(), evaluation.intervals(), evaluation.worst()


@settings(max_examples=15)
@given(st.permutations(CLIPS), st.lists(st.integers(0, len(CLIPS)), max_size=3))
def test_shards_merge_exactly_in_any_order(order, cuts):
    ends = [0, *sorted(cuts), len(order)]
    shards = [evaluated(order[a:b]) for a, b in itertools.pairwise(ends)]
    total = shards[-1]
    for shard in shards[:-1]:
        total.merge(shard)
    assert everything(total) == everything(WHOLE)


def test_tracks_merge_exactly_in_any_order():
    pytest.importorskip("trackeval", reason="the `tracking` extra is optional")
    whole = evaluated(CLIPS, tracking=True)
    shards = [evaluated(ids, tracking=True) for ids in ([6, 2], [0, 5, 3], [4, 1])]
    for shard in shards[1:]:
        shards[0].merge(shard)
    assert everything(shards[0]) == everything(whole)
    assert {"hota", "j_and_f", "vis_ap"} <= set(whole.scores())


def test_scores_of_the_truth_itself_are_perfect():
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


def test_a_clip_given_twice_is_refused():
    with pytest.raises(BadPrediction, match="clip 3: given twice"):
        evaluated([3, 3])
    with pytest.raises(BadPrediction, match="clip 3: given twice"):
        evaluated([1, 3]).merge(evaluated([3]))


def test_hard_maps_and_probabilities_do_not_mix():
    evaluation = evaluated([0])
    truth, _ = clip(1)
    with pytest.raises(BadPrediction, match="clip 1: a hard map of classes, but"):
        evaluation.add(1, truth, Prediction(truth["semantic"]))
    assert evaluation.clip_ids == {0}
    hard_shard = Evaluation(num_replicates=40)
    hard_shard.add(1, truth, Prediction(truth["semantic"]))
    with pytest.raises(BadArgument, match="hard maps"):
        evaluation.merge(hard_shard)


def hard(change=lambda a: a):
    return change(np.full((T, H, W), 10, np.uint8))


def soft(frame=0, class_=0, y=0, x=0, value=None):
    p = np.full((T, 11, H, W), 1 / 11, np.float32)
    if value is not None:
        p[frame, class_, y, x] = value
    return p


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (hard(lambda a: a[1:]), r"shape \(8, 10, 13\)"),
        (hard(lambda a: a.transpose(0, 2, 1)), r"expected \(9, 10, 13\)"),
        (hard(lambda a: a.astype(np.int64)), "dtype int64"),
        (hard(lambda a: a + np.uint8(1)), "class 11"),
        (soft(value=np.nan), r"NaN or infinity at \(0, 0, 0, 0\)"),
        (soft(2, 3, 4, 5, np.inf), r"NaN or infinity at \(2, 3, 4, 5\)"),
        (soft(2, 3, 4, 5, -0.1), r"-0.1 at \(2, 3, 4, 5\)"),
        (soft(2, 3, 4, 5, 0.5), "not 1, at frame 2, y 4, x 5"),
        (soft().astype(np.uint8), "dtype uint8"),
        (np.zeros((T, 10, H, W), np.float32), "expected"),
    ],
)
def test_bad_predictions_name_the_clip_and_the_fault(bad, said):
    with pytest.raises(BadPrediction, match=f"clip 17: .*{said}"):
        check_prediction("clip 17", bad, (T, H, W))


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (np.zeros((T, H, W), np.uint8), r"samples have shape \(9, 10, 13\), expected \(S, 9, 10, 13\)"),
        (np.zeros((0, T, H, W), np.uint8), r"samples have shape \(0, 9, 10, 13\)"),
        (np.zeros((2, T, H, W), np.float32), "samples: dtype float32"),
        (np.full((2, T, H, W), 11, np.uint8), "samples: class 11"),
    ],
)
def test_bad_samples_name_the_clip_and_the_fault(bad, said):
    with pytest.raises(BadPrediction, match=f"clip 5.*{said}"):
        check_prediction("clip 5", hard(), (T, H, W), samples=bad)


def test_classes_alone_are_one_joint_sample():
    prediction = check_prediction("clip", soft(), (T, H, W))
    np.testing.assert_array_equal(prediction.joint_samples, prediction.semantic[None])
    samples = np.stack([hard(), hard()])
    assert check_prediction("clip", soft(), (T, H, W), samples=samples).joint_samples is samples


def test_half_precision_probabilities_are_good_enough():
    p = soft().astype(np.float16)
    assert check_prediction("clip", p, (T, H, W)).probabilities is not None


def test_ids_of_another_shape_are_refused():
    with pytest.raises(BadPrediction, match="clip 2: instance"):
        check_prediction("clip 2", hard(), (T, H, W), np.zeros((T, H, W - 1), np.uint8))


def test_poisson_weights_have_mean_and_variance_one_and_differ_between_clips():
    weights = np.array([poisson_weights(i, 1000) for i in range(200)])
    assert weights.mean() == pytest.approx(1, abs=4 / math.sqrt(weights.size))
    assert weights.var() == pytest.approx(1, abs=0.02)
    assert abs(np.corrcoef(weights[0], weights[1])[0, 1]) < 0.15


def test_intervals_hold_the_score_and_narrow_with_more_clips():
    few, many = evaluated(range(4)), evaluated(range(16))
    (low, high), score = many.intervals()["foreground_accuracy"], many.scores()["foreground_accuracy"]
    assert low < score < high
    narrow, wide = high - low, np.ptp(few.intervals()["foreground_accuracy"])
    assert narrow < wide


def test_interval_covers_the_mean_as_often_as_it_says():
    """Clips that are all right or all wrong, half of each: the interval of 95% should cover 1/2 in about 95%
    of sets.
    """
    covered, sets = 0, 100
    for trial in range(sets):
        wins = np.random.default_rng(trial).random(60) < 0.5
        weights = np.array([poisson_weights(1000 * trial + i, 300) for i in range(60)])
        low, high = np.quantile(weights[wins].sum(axis=0) / weights.sum(axis=0), [0.025, 0.975])
        covered += low <= 0.5 <= high
    assert 86 <= covered <= 100


def test_breakdown_by_hand():
    truth = {
        "semantic": np.array([[[6, 6, 5, 10]], [[6, 10, 5, 5]]], np.uint8),
        "instance": np.array([[[1, 1, 2, 0]], [[1, 0, 2, 2]]], np.uint8),
        "labels": np.array([6, 5], np.uint8),
        "visibility": np.array([[1.0, 0.4], [0.8, 1.0]], np.float32),
    }
    prediction = np.array([[[6, 9, 10, 1]], [[9, 6, 5, 3]]], np.uint8)
    tables = breakdown_counts(truth, prediction)
    # Columns: right, background, twin, another digit.
    assert tables["visibility"].tolist() == [[0] * 4, [0, 0, 1, 0], [0] * 4, [0, 1, 0, 0], [2, 0, 1, 1]]
    assert tables["twin"].tolist() == [[1, 0, 2, 0], [1, 1, 0, 1], [0] * 4]
    assert tables["digits"].tolist()[1] == [2, 1, 2, 1]
    assert tables["frame"].tolist()[:2] == [[1, 1, 1, 0], [1, 0, 1, 1]]
    assert "speed" not in tables  # no poses were given


def test_every_breakdown_counts_every_digit_pixel():
    truth, probabilities = clip(0)
    tables = breakdown_counts(truth, probabilities.argmax(axis=1).astype(np.uint8))
    assert set(tables) == set(BREAKDOWNS)
    assert {int(table.sum()) for table in tables.values()} == {int((truth["instance"] > 0).sum())}


def test_worst_clips_come_worst_first():
    def score_of(clip_id):
        return evaluated([clip_id]).scores()["miou_foreground"]

    assert WHOLE.worst() == sorted(CLIPS, key=score_of)[:6]


def result():
    part = report_of("all", T, WHOLE)
    return Result(SCHEMA, "standard-v1", "0" * 64, "test", "<b>model</b>", [part], "0.1.0", 1, seed=3)


def test_result_files_round_trip(tmp_path):
    place = tmp_path / "result.json"
    save_result(result(), place)
    assert load_result(place) == result()


def test_a_disk_that_is_full_leaves_the_old_result_file(tmp_path, monkeypatch):
    place = tmp_path / "r.json"
    save_result(result(), place)

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_result(msgspec.structs.replace(result(), model="another"), place)
    assert load_result(place) == result()
    assert list(tmp_path.iterdir()) == [place]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(SCHEMA, "segmnist-result/0"),
        lambda text: text.replace('"num_clips"', '"clips"'),
        lambda text: text.replace('"seed": 3', '"seed": "3"'),
        lambda text: text[: len(text) // 2],
        lambda text: "",
    ],
)
def test_other_files_are_no_results(tmp_path, change):
    place = tmp_path / "result.json"
    save_result(result(), place)
    before = place.read_text()
    place.write_text(change(before))
    assert place.read_text() != before
    with pytest.raises(CorruptData, match=r"result\.json: "):
        load_result(place)


def test_the_schema_names_every_field():
    fields = result_schema()["$defs"]["Result"]["properties"]
    assert {"suite", "model", "commit", "seed", "hardware", "parts"} <= set(fields)


def test_the_page_stands_alone_and_escapes_names():
    truth, probabilities = clip(0)
    picture = Picture(0, truth["video"], truth["semantic"], probabilities.argmax(axis=1).astype(np.uint8))
    text = page(result(), {"all": [picture]})
    assert "<b>model</b>" not in text
    assert "&lt;b&gt;model&lt;/b&gt;" in text
    assert "data:image/png;base64," in text
    assert not any(word in text for word in ("<script", "http://", "https://", 'src="/', "url("))
    for name in BREAKDOWNS:
        assert f"by {name}" in text


def test_the_key_of_outcomes_names_the_colours_that_the_bars_have():
    key = dict(re.findall(r'<i class="(o\d)"></i>([a-z ]+)<', outcome_key()))
    bucket = Bucket(pixels=10, right=0.4, background=0.3, twin=0.2, another_digit=0.1)
    bar = outcome_bars("Digit pixels", {"all": bucket})
    segments = re.findall(r'class="(o\d)"[^>]*><title>all, 10 pixels: ([a-z ]+) (0\.\d+)<', bar)
    assert {name: float(share) for _, name, share in segments} == {
        "right": 0.4, "background": 0.3, "twin": 0.2, "another digit": 0.1,
    }  # fmt: skip
    assert {style: name for style, name, _ in segments} == key


def test_contact_sheet_shows_frame_truth_prediction_and_error():
    video = np.full((2, 3, 5), 77, np.uint8)
    truth, prediction = np.full((2, 3, 5), 10, np.uint8), np.full((2, 3, 5), 10, np.uint8)
    prediction[1, 0, 0] = 4
    sheet = contact_sheet(Picture(0, video, truth, prediction), gap=1)
    assert sheet.shape == (4 * 4 - 1, 2 * 6 - 1, 3)
    assert (sheet[0, 0] == 77).all()
    assert (sheet[8, 6] != sheet[4, 6]).any()  # the wrong pixel's colours
    assert (sheet[12, 6] == INSTANCE_COLOURS[3]).all()
    assert (sheet[12, 0] == 0).all()


def test_error_map_by_hand():
    truth, prediction = np.array([6, 6, 6, 10, 10], np.uint8), np.array([6, 9, 10, 3, 10], np.uint8)
    assert error_map(truth, prediction).tolist() == [0, 1, 2, 3, 0]
