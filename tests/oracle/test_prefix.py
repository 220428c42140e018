"""The observer of a prefix: what it says of each frame is what others say who have seen the same frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from segmnist import BadArgument, ClipSource, SceneSpec, preset
from segmnist.oracle import Oracle

T = 4
SPEC = preset("exact").replace(
    height=20, width=24, num_frames=T, position_step=11.0, classes=(1, 6, 9), sensor_sigma=60.0
)
FAMILIES: dict[str, dict[str, Any]] = {
    "two digits": {},
    "none to three, twins": {"num_digits_range": (0, 3), "glyphs_per_class": 1, "rotation_rate_range": (15.0, 15.0)},
    "swaps, backgrounds": {
        "num_depth_swaps_range": (0, 1), "num_backgrounds": 2, "num_shapes_range": (1, 2), "shape_size_range": (5, 9),
        "glyphs_per_class": 1,
    },
}  # fmt: skip


def spec_of(name: str) -> SceneSpec:
    return SPEC.replace(**FAMILIES[name])


@pytest.mark.parametrize("name", FAMILIES)
def test_it_agrees_with_every_observer_of_the_same_frames(name: str) -> None:
    source = ClipSource(spec_of(name), split="test")
    oracle, video = Oracle.of(source, delta=0), source[2].video
    for seen in (1, 3):
        found = oracle.posterior(video, "prefix", num_seen=seen)
        causal = oracle.posterior(video, "causal").class_probabilities
        np.testing.assert_allclose(found.class_probabilities[seen - 1], causal[seen - 1], atol=1e-6)
        for ahead in range(1, T - seen + 1):
            forecast = oracle.posterior(video, "forecast", horizon=ahead).class_probabilities
            t = seen - 1 + ahead
            np.testing.assert_allclose(found.class_probabilities[t], forecast[t], atol=1e-6)
        other = video.copy()
        other[seen:] = 255 - other[seen:]
        again = oracle.posterior(other, "prefix", num_seen=seen).class_probabilities
        np.testing.assert_array_equal(again, found.class_probabilities)
    whole = oracle.posterior(video, "prefix", num_seen=T).class_probabilities
    np.testing.assert_allclose(whole, oracle.posterior(video).class_probabilities, atol=1e-6)


def test_its_samples_are_joint_and_of_the_posterior() -> None:
    source = ClipSource(spec_of("two digits"), split="test")
    found = Oracle.of(source).posterior(source[0], "prefix", num_seen=2)
    worlds = found.sample(400, seed=1)
    shares = np.stack([(worlds == label).mean(axis=0) for label in range(11)], axis=1)
    assert np.abs(shares - found.class_probabilities).max() < 0.14
    for world in worlds[:20]:
        assert len(np.setdiff1d(world, [10])) <= 2  # the same digits in all frames


def test_what_it_cannot_do_is_named() -> None:
    source = ClipSource(spec_of("two digits"), split="test")
    oracle, video = Oracle.of(source), source[0].video
    for num_seen, message in ((0, "num_seen=0 .*1 or more"), (T + 1, rf"num_seen={T + 1} .*1\.\.{T}")):
        with pytest.raises(BadArgument, match=message):
            oracle.posterior(video, "prefix", num_seen=num_seen)
    with pytest.raises(BadArgument, match=r"num_seen=2 .*only observer='prefix'"):
        oracle.posterior(video, "causal", num_seen=2)
    walk = SPEC.replace(
        height=20, width=20, digit_motion="markov", turn_odds=0.2, position_step=6.0, speed_range=(6.0, 6.0), classes=(1,),
        glyphs_per_class=1, angle_range=(0.0, 0.0), angle_step=0.0, rotation_rate_range=(0.0, 0.0), rotation_rate_step=0.0,
        twins=(),
    )  # fmt: skip
    source = ClipSource(walk, split="test")
    with pytest.raises(BadArgument, match=r"observer='prefix' .*markov"):
        Oracle.of(source).posterior(source[0], "prefix", num_seen=1)
