"""Twins: half a turn is exact on the pixel grid, and the two labels have known odds whatever is seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracle.enumeration import tiny_spec

from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.oracle import OBSERVERS, Oracle
from segmnist.oracle.pictures import single_digit_scene
from segmnist.render.engine import render
from segmnist.scene.presets import preset
from segmnist.scene.sample import sample
from segmnist.source import ClipSource

Q16 = 1 << 16


@settings(max_examples=60, deadline=None)
@given(
    glyph=st.integers(0, 69_999),
    angle=st.integers(0, 35_999),
    y=st.integers(-10 * Q16, 58 * Q16),
    x=st.integers(-10 * Q16, 84 * Q16),
    brightness=st.integers(1, 2 * Q16),
    scale=st.sampled_from([0.5, 1.0, 1.37]),
)
def test_a_glyph_at_half_a_turn_is_the_turned_glyph(
    glyph: int, angle: int, y: int, x: int, brightness: int, scale: Any
) -> None:
    """The glyph turned by half, at angle a, draws the bytes of the glyph itself at a + 180 degrees."""
    mnist = DigitBank.mnist()
    images = mnist.images[[glyph, glyph, 0, 1]]
    images[1] = images[0, ::-1, ::-1]
    bank = DigitBank.from_arrays(
        images, [6, 9, 1, 1], splits={"train": (0, 2), "val": (2, 3), "test": (3, 4)}
    )
    spec = preset("clean", height=48, width=74, scale_range=(scale, scale))
    pose = {
        "y": np.full((2, 1), y),
        "x": np.full((2, 1), x),
        "brightness": np.full((2, 1), brightness),
        "angle": np.array([[(angle + 18_000) % 36_000], [angle]]),
    }
    clips = render(single_digit_scene(spec, bank, np.array([0, 1]), pose, 31), ("instance",))
    np.testing.assert_array_equal(clips.video[0], clips.video[1])
    np.testing.assert_array_equal(clips.instance[0], clips.instance[1])


@pytest.mark.parametrize("name", ["ambigram", "exact"])
def test_labels_change_no_pixel(name: str) -> None:
    spec = preset(name, num_frames=3)
    one, other = (
        ClipSource(spec.replace(twin_odds=odds), truth=("instance",)).batch(range(30)) for odds in (0.1, 0.9)
    )
    np.testing.assert_array_equal(one.video, other.video)
    np.testing.assert_array_equal(one.instance, other.instance)
    assert (one.labels != other.labels).any()


@pytest.mark.parametrize("odds", [0.0, 0.25, 0.5, 1.0])
def test_labels_occur_with_the_odds_and_independent_of_what_is_drawn(odds: float) -> None:
    scene = sample(preset("ambigram", twin_odds=odds), np.arange(4000))
    real = np.arange(scene.label.shape[1]) < scene.num_digits[:, None]
    sixes = (scene.label == 6)[real]
    error = np.sqrt(odds * (1 - odds) / len(sixes))
    assert set(np.unique(scene.label[real])) <= {6, 9}
    assert abs(sixes.mean() - odds) <= 5 * error
    for seen in (
        scene.bank.labels[scene.glyph],
        scene.angle[:, :, 0],
        scene.y[:, :, 0],
        scene.brightness[:, :, 0],
    ):
        if 0 < odds < 1:
            assert abs(np.corrcoef(sixes, seen[real])[0, 1]) < 5 / np.sqrt(len(sixes))


@pytest.mark.parametrize("observer", OBSERVERS)
def test_posterior_odds_are_alpha_for_every_observer(observer: Any, small_bank: DigitBank) -> None:
    spec = tiny_spec(classes=(6, 9), twins=((6, 9),), twin_odds=0.3)
    for clip in ClipSource(spec, bank=small_bank)[:5]:
        probabilities = (
            Oracle(spec, bank=small_bank, delta=0.0).posterior(clip.video, observer).class_probabilities
        )
        shown = probabilities[:, 6] + probabilities[:, 9]
        np.testing.assert_allclose(probabilities[:, 6], 0.3 * shown, atol=3e-7)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"twins": ((6, 9), (9, 4))}, "twins"),
        ({"twins": ((6, 6),)}, "twins"),
        ({"twins": ((6, 250),)}, "twins"),
        ({"twins": ((6, 9),), "angle_range": (0.0, 90.0)}, "angle_range"),
        ({"twins": ((6, 9),), "angle_step": 120.0}, "angle_range"),
    ],
)
def test_twins_that_could_be_told_apart_are_refused(changes: Any, field: str) -> None:
    with pytest.raises(BadArgument, match=field):
        preset("standard", **changes)
