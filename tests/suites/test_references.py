"""Models that are not learned: the class prior gains nothing, and the exact posterior equals the oracle's."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from segmnist import preset
from segmnist.errors import BadArgument
from segmnist.oracle import Oracle
from segmnist.suites import suite
from segmnist.suites.references import class_prior, exact_posterior

SPEC = preset("exact").replace(
    height=20, width=24, num_frames=3, position_step=9.0, pools="shared", num_digits_range=(1, 1)
)
PART = dataclasses.replace(suite("exact-v2").parts[0], spec=SPEC)


def test_the_class_prior_is_the_share_of_each_class() -> None:
    probabilities = class_prior(PART, 50)(np.zeros((2, 3, 20, 24), np.uint8))
    assert probabilities.shape == (2, 3, 11, 20, 24)
    np.testing.assert_allclose(probabilities.sum(axis=2), 1, atol=1e-5)
    truth = np.stack([clip.semantic for clip in PART.source("train")[0:50]])
    np.testing.assert_allclose(probabilities[1, 2, 10, 5, 7], (truth == 10).mean(), atol=1e-3)


def test_the_exact_posterior_is_the_oracle_s_and_its_samples_are_joint() -> None:
    clips = PART.source("test")[0:2]
    answer = exact_posterior(PART)(clips.video)
    oracle = Oracle.of(PART.source("test"))
    for n, clip in enumerate(clips):
        expected = oracle.posterior(clip).class_probabilities
        np.testing.assert_allclose(answer["probabilities"][n], expected, atol=1e-6)
    assert answer["samples"].shape == (2, 16, 3, 20, 24)
    for world in answer["samples"].reshape(32, -1):
        assert len(np.setdiff1d(world, [10])) == 1  # one digit, of one class in all frames


def test_a_part_that_is_not_solvable_is_refused() -> None:
    with pytest.raises(BadArgument, match="solvable"):
        exact_posterior(suite("tiny-v1").parts[0])
