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
