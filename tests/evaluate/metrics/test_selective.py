"""AURC and AUGRC: with enumeration as the judge."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmnist.evaluate.metrics import selective


def areas_by_enumeration(confidence: Any, correct: Any) -> Any:
    """Mean AURC and AUGRC over every order that ties allow."""
    n, risks, joint = len(confidence), [], []
    for order in itertools.permutations(range(n)):
        if all(confidence[a] >= confidence[b] for a, b in itertools.pairwise(order)):
            errors = np.cumsum([not correct[i] for i in order])
            risks.append(np.mean(errors / np.arange(1, n + 1)))
            joint.append(np.mean(errors / n))
    return np.mean(risks), np.mean(joint)


@given(st.lists(st.tuples(st.sampled_from([0.2, 0.5, 0.9]), st.booleans()), min_size=1, max_size=6))
def test_areas_under_risk_coverage_agree_with_enumeration(pixels: Any) -> None:
    confidence, correct = zip(*pixels, strict=True)
    counts = selective.confidence_counts(confidence, correct)
    aurc, augrc = areas_by_enumeration(confidence, correct)
    assert selective.aurc(counts) == pytest.approx(aurc)
    assert selective.augrc(counts) == pytest.approx(augrc)


def test_aurc_of_many_equal_confidences_is_the_error_rate() -> None:
    counts = selective.confidence_counts(np.full(100_000, 0.7), np.arange(100_000) % 4 > 0)
    assert selective.aurc(counts) == pytest.approx(0.25)


def by_sorting(confidence: Any, correct: Any) -> Any:
    """AURC and AUGRC of confidences that all differ."""
    errors = (~correct[np.argsort(-confidence)]).cumsum()
    rank = np.arange(1, len(errors) + 1)
    return (errors / rank).mean(), errors.sum() / len(errors) ** 2


@pytest.mark.parametrize(("mean", "overconfidence"), [(5, 1), (8, 1), (8, 3), (12, 3)])
def test_levels_tell_confident_pixels_apart(mean: Any, overconfidence: Any) -> None:
    """Equal levels of probability put up to half of these pixels into one, and overstate up to 1.85 times."""
    rng = np.random.default_rng(1)
    logit = np.maximum(rng.normal(mean, 3, 200_000), 0.2)
    correct = rng.random(len(logit)) < 1 / (1 + np.exp(-logit / overconfidence))
    confidence = 1 / (1 + np.exp(-logit))
    counts = selective.confidence_counts(confidence, correct)
    aurc, augrc = by_sorting(confidence, correct)
    assert selective.aurc(counts) == pytest.approx(aurc, rel=0.05)
    assert selective.augrc(counts) == pytest.approx(augrc, rel=0.05)
