"""Ignored pixels: no metric sees what is predicted there, and they are like what lies outside the frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.evaluate.clips import H, T, W, clip

from segmnist.evaluate import Evaluation, Prediction
from segmnist.evaluate.metrics import counts_of, scores_of
from segmnist.evaluate.scored_clip import ScoredClip

KEPT = 9
"""Columns that count; those right of them are ignored."""


def prediction_of(clip_id: Any, *, soft: Any, seed: Any = 0) -> Any:
    """A prediction with ids and samples, whose ignored columns are drawn by the seed."""
    _, probabilities = clip(clip_id)
    rng, other = np.random.default_rng(clip_id), np.random.default_rng(100 + seed)
    instance = rng.integers(0, 4, (T, H, W)).astype(np.uint8)
    samples = rng.choice(11, (16, T, H, W)).astype(np.uint8)
    hidden = (T, H, W - KEPT)
    instance[..., KEPT:] = other.integers(0, 256, hidden)
    samples[..., KEPT:] = other.choice(11, (16, *hidden))
    probabilities[..., KEPT:] = other.dirichlet(np.ones(11), hidden).transpose(0, 3, 1, 2)
    classes = probabilities.argmax(axis=1).astype(np.uint8)
    return Prediction(classes, probabilities if soft else None, instance, samples)


def truth_of(clip_id: Any) -> Any:
    truth, _ = clip(clip_id)
    truth["semantic"] = truth["semantic"].copy()
    truth["semantic"][..., KEPT:] = 255
    return truth


def cropped(arrays: Any) -> Any:
    """The same arrays without the ignored columns."""
    wide = {"flow_forward": -2}
    return {
        name: np.take(array, range(KEPT), axis=wide.get(name, -1))
        if np.ndim(array) > 2 and array.shape[wide.get(name, -1)] == W
        else array
        for name, array in arrays.items()
    }


def counts(truth: Any, prediction: Any) -> Any:
    pytest.importorskip("trackeval", reason="the `tracking` extra is optional")
    return counts_of(ScoredClip(truth, prediction), tracking=True)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("clip_id", range(4))
def test_what_is_predicted_at_ignored_pixels_changes_no_count(clip_id: Any, soft: Any) -> None:
    one, other = (counts(truth_of(clip_id), prediction_of(clip_id, soft=soft, seed=s)) for s in (0, 1))
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("clip_id", range(4))
def test_ignored_columns_count_as_little_as_columns_outside_the_frame(clip_id: Any, soft: Any) -> None:
    truth, prediction = truth_of(clip_id), prediction_of(clip_id, soft=soft)
    narrow = {name: value for name, value in vars(prediction).items() if value is not None}
    here = counts(truth, prediction)
    there = counts(cropped(truth), Prediction(**cropped(narrow)))
    assert here.keys() == there.keys()
    # DAVIS tolerates contours that are off by a share of the frame's diagonal.
    for name in here.keys() - {"j_and_f"}:
        np.testing.assert_allclose(here[name], there[name], atol=2, err_msg=name)


@pytest.mark.parametrize("soft", [False, True])
def test_a_clip_of_ignored_pixels_alone_has_no_score(soft: Any) -> None:
    pytest.importorskip("trackeval", reason="the `tracking` extra is optional")
    truth = truth_of(0)
    truth["semantic"][:] = 255
    evaluation = Evaluation(tracking=True, num_replicates=2)
    evaluation.add(0, truth, prediction_of(0, soft=soft))
    scores = evaluation.scores()
    for name in ("miou", "pixel_accuracy", "boundary_iou", "vc8", "tc", "vpq", "j_and_f", "vis_ap"):
        assert np.isnan(scores[name]), name
    assert evaluation.counts("visibility").sum() == 0


def test_ignored_pixels_dilute_no_score() -> None:
    """Half right and half ignored is right."""
    truth = truth_of(1)
    classes = np.where(truth["semantic"] == 255, 3, truth["semantic"]).astype(np.uint8)
    scores = scores_of(counts(truth, Prediction(classes)))
    for name in ("miou", "pixel_accuracy", "foreground_accuracy", "boundary_iou", "vc8"):
        assert scores[name] == 1, name
