"""Models that are not learned: the class prior, the oracle's posterior, and particles that converge to it."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segmnist import preset
from segmnist.errors import BadArgument
from segmnist.oracle import Oracle
from segmnist.suites import evaluate, suite
from segmnist.suites.particle_filter import particle_filter
from segmnist.suites.references import class_prior, exact_posterior, references_of

SPEC = preset("exact").replace(
    height=20, width=24, num_frames=3, position_step=9.0, pools="shared", num_digits_range=(1, 1)
)
PART = dataclasses.replace(suite("exact-v2").parts[0], spec=SPEC)


def test_the_class_prior_is_the_share_of_each_class() -> None:
    probabilities = class_prior(PART)(np.zeros((2, 3, 20, 24), np.uint8))
    assert probabilities.shape == (2, 3, 11, 20, 24)
    np.testing.assert_allclose(probabilities.sum(axis=2), 1, atol=1e-5)
    truth = PART.source("train")[0:1000].semantic
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


TINY = SPEC.replace(
    classes=(1, 6, 9), position_step=11.0, num_digits_range=(2, 2), sensor_sigma=60.0, angle_range=(0.0, 180.0),
    angle_step=180.0, rotation_rate_range=(0.0, 0.0), rotation_rate_step=0.0,
)  # fmt: skip
FAMILIES: dict[str, dict[str, Any]] = {
    "twins": {"twins": ((6, 9),), "twin_odds": 0.3},
    "none to three digits": {"num_digits_range": (0, 3), "sensor_sigma": 100.0},
    "swaps, backgrounds": {
        "num_depth_swaps_range": (0, 1), "num_backgrounds": 2, "num_shapes_range": (1, 2), "shape_size_range": (5, 9),
    },
    "walk": {
        "width": 20, "height": 20, "digit_motion": "markov", "turn_odds": 0.2, "position_step": 6.0,
        "speed_range": (6.0, 6.0), "twins": (), "scale_range": (0.5, 0.5), "sensor_sigma": 120.0, "classes": (1, 7),
        "glyphs_per_class": 1, "angle_range": (0.0, 0.0), "angle_step": 0.0,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_particles_converge_to_the_exact_causal_posterior(name: str) -> None:
    """With 64 times as many particles the error is about an eighth, and then small."""
    part = dataclasses.replace(PART, spec=TINY.replace(**FAMILIES[name]))
    oracle, clips = Oracle.of(part.source("train")), part.source("test")[0:2]
    exact = np.stack([oracle.posterior(clip, "causal").class_probabilities for clip in clips])
    assert (1 - exact.max(axis=2)).mean() > 0.01  # in doubt, so that one particle is wrong
    few, many = (particle_filter(part, count)(clips.video) for count in (32, 2048))
    error = [float(np.sqrt(((answer["probabilities"] - exact) ** 2).mean())) for answer in (few, many)]
    assert error[1] < 0.02
    assert error[1] < error[0] / 3
    np.testing.assert_allclose(many["probabilities"].sum(axis=2), 1, atol=1e-5)
    assert many["samples"].shape == (2, 16, *clips.video.shape[1:])
    shown = np.take_along_axis(exact[:, None], many["samples"][:, :, :, None].astype(int), axis=3)
    assert shown.mean() > (exact**2).sum(axis=2).mean() - 0.05  # samples are of the posterior


def test_a_part_that_is_not_solvable_is_refused() -> None:
    for reference in (exact_posterior, particle_filter):
        with pytest.raises(BadArgument, match="solvable"):
            reference(suite("tiny-v1").parts[0])


def test_every_suite_has_a_floor_and_a_solvable_one_its_ceiling() -> None:
    assert references_of(suite("tiny-v1").parts[0]) == ("class-prior",)
    for part in suite("exact-v2").parts:
        assert references_of(part) == ("class-prior", "particle-filter", "exact-posterior")
    frames = ("copy-last-frame", "constant-velocity")
    moving, faint = suite("prediction-v1").parts
    assert references_of(moving) == ("class-prior", *frames)
    assert references_of(faint) == ("class-prior", "exact-posterior", *frames)


def test_the_class_prior_gains_nothing_and_the_exact_posterior_all() -> None:
    small = suite("exact-v2").only("small")
    [floor], [ceiling] = (
        evaluate(make(small.parts[0]), small, observer="offline", first=4)
        for make in (class_prior, exact_posterior)
    )
    assert floor.scores["information_gained"].value == pytest.approx(0, abs=1e-3)
    assert ceiling.scores["information_share"].value == pytest.approx(1, abs=1e-5)


def test_kept_posteriors_give_the_same_scores_and_are_not_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = suite("exact-v2").only("small")
    make = partial(evaluate, class_prior(small.parts[0]), small, observer="offline", first=3)
    afresh, first = make(), make(posteriors=tmp_path / "kept")
    files = sorted((tmp_path / "kept").iterdir())
    assert len(files) == 3
    files[0].write_bytes(files[0].read_bytes()[:1000])  # a damaged one is made anew
    second = make(posteriors=tmp_path / "kept")
    monkeypatch.setattr(Oracle, "posterior", None)
    assert afresh == first == second == make(posteriors=tmp_path / "kept")
    monkeypatch.undo()
    make(posteriors=tmp_path / "kept", split="val")
    assert len(list((tmp_path / "kept").iterdir())) == 6  # of another split, beside them
