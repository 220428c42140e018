"""The kernel draws what the reference renderer says, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import scenes

from segmnist import PRESETS, Scene, preset, render, sample
from segmnist.render.reference import render_reference

MASKS = ("semantic", "instance")


def assert_same(scene: Scene, truths: tuple[str, ...], **options: object) -> None:
    drawn = render(scene, truths, **options).arrays  # type: ignore[arg-type]
    expected = render_reference(scene, truths)
    assert set(drawn) == set(expected)
    for name, array in expected.items():
        assert drawn[name].dtype == array.dtype, name
        np.testing.assert_array_equal(drawn[name], array, err_msg=name)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset(name: str) -> None:
    spec = preset(name)
    frames = 4 if spec.height * spec.width <= 4096 else 1
    spec = spec.replace(num_frames=frames, frame_stride=max(1, spec.num_frames // frames // 2))
    assert_same(sample(spec, [0, 1 << 40], split="val", seed=(1 << 63) + 1), MASKS)


@given(scenes(), st.sets(st.sampled_from(MASKS)))
@settings(max_examples=600)
def test_random_scenes(scene: Scene, truths: set[str]) -> None:
    assert_same(scene, tuple(truths))


@given(scenes(max_side=33, max_frames=2), st.data())
@settings(max_examples=150)
def test_scenes_edited_by_hand(scene: Scene, data: st.DataObject) -> None:
    """A user may place, turn and scale digits as no spec would, frame by frame, far outside too."""
    random = np.random.default_rng(data.draw(st.integers(0, 999)))
    shape = scene.y.shape
    largest = data.draw(st.sampled_from([1, 8, 40]))
    edited = scene.replace(
        y=random.integers(-60 << 16, 90 << 16, shape, np.int32),
        x=random.integers(-60 << 16, 90 << 16, shape, np.int32),
        angle=random.integers(0, 36_000, shape, np.int32),
        scale=random.integers(1 << 14, largest << 16, shape, np.int32),
        brightness=random.integers(0, 4 << 16, shape, np.int32),
        shape_y=random.integers(-400, 400, scene.shape_y.shape, np.int32),
        shape_x=random.integers(-400, 400, scene.shape_x.shape, np.int32),
    )
    assert_same(edited, MASKS)


@pytest.mark.parametrize(
    ("height", "width"), [(16, 17), (17, 16), (16, 33), (31, 16), (20, 1024), (1024, 18)]
)
def test_frames_of_unusual_sides(height: int, width: int) -> None:
    spec = preset(
        "standard", height=height, width=width, num_frames=2, scale_range=(0.25, 0.55), sensor_sigma=3.0
    )
    assert_same(sample(spec, [7]), MASKS)
    assert_same(sample(spec.replace(sensor_sigma=0.0, noise_density=0.5), [7]), ("semantic",))


def test_sixty_four_digits() -> None:
    spec = preset("crowded", num_digits_range=(64, 64), num_shapes_range=(64, 64), num_frames=1, height=80)
    assert_same(sample(spec, [1]), MASKS)


def test_large_digits() -> None:
    spec = preset("clean", height=512, width=400, scale_range=(13.9, 14.2), num_frames=1)
    assert_same(sample(spec, [1]), MASKS)
