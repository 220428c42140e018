"""Information gained: by hand, and by law."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evaluate.clips import H, T, W, clip, evaluated

from segmnist.evaluate import Evaluation, Prediction

PRIOR = np.array([0.01] * 9 + [0.03, 0.88])


def scores_of(truth: Any, probabilities: Any) -> Any:
    evaluation = Evaluation(num_replicates=2)
    classes = probabilities.argmax(axis=1).astype(np.uint8)
    evaluation.add(0, truth, Prediction(classes, probabilities.astype(np.float32)))
    return evaluation.scores()


def everywhere(distribution: Any, shape: Any = (T, H, W)) -> Any:
    frames, height, width = shape
    return np.broadcast_to(np.reshape(distribution, (1, 11, 1, 1)), (frames, 11, height, width))


def test_by_hand() -> None:
    """Two frames of one digit pixel and one of background, half and surely right."""
    semantic = np.array([[[9, 10]], [[9, 10]]], np.uint8)
    truth = {"semantic": semantic, "instance": (semantic < 10).astype(np.uint8)}
    truth |= {"labels": np.array([9], np.uint8), "class_prior": PRIOR}
    p = np.zeros((2, 11, 1, 2), np.float32)
    p[:, 9, 0, 0], p[:, 10, 0, 0], p[:, 10, 0, 1] = 0.5, 0.5, 1
    expected = np.log2(0.5 / 0.03) + np.log2(1 / 0.88)
    assert scores_of(truth, p)["information_gained"] == pytest.approx(expected, abs=1e-5)


@given(st.integers(0, 50))
def test_answering_with_the_prior_gains_nothing(clip_id: Any) -> None:
    truth, _ = clip(clip_id)
    found = scores_of(truth | {"class_prior": PRIOR}, everywhere(PRIOR))
    assert found["information_gained"] == pytest.approx(0, abs=1e-3)


def test_never_saying_background_loses_though_its_foreground_accuracy_is_best() -> None:
    truth, probabilities = clip(1)
    bold = probabilities.copy()
    bold[:, 10] = 0
    bold /= bold.sum(axis=1, keepdims=True)
    meek, proud = scores_of(truth, probabilities), scores_of(truth, bold)
    assert proud["foreground_accuracy"] >= meek["foreground_accuracy"]
    assert proud["information_gained"] < 0 < meek["information_gained"]


def test_the_posterior_gains_all_there_is_and_the_prior_nothing() -> None:
    truth, _ = clip(2)
    of_posterior = scores_of(truth, truth["posterior"])
    assert of_posterior["information_share"] == 1
    assert of_posterior["information_gained"] == of_posterior["oracle_information_gained"]
    assert scores_of(truth, everywhere(truth["class_prior"]))["information_share"] == pytest.approx(
        0, abs=1e-4
    )


def test_a_model_without_probabilities_and_a_clip_without_a_prior_have_none() -> None:
    truth, probabilities = clip(3)
    evaluation = Evaluation(num_replicates=2)
    evaluation.add(0, truth, Prediction(truth["semantic"]))
    assert "information_gained" not in evaluation.scores()
    del truth["class_prior"]
    assert "information_gained" not in scores_of(truth, probabilities)


def test_it_has_an_interval() -> None:
    low, high = evaluated(range(6)).intervals()["information_gained"]
    assert low < evaluated(range(6)).scores()["information_gained"] < high
