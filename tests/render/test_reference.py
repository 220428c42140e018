"""The fast truths are the slow and obvious ones, whatever is asked for together and however the batch is split."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import scenes

from segmnist import PRESETS, Clips, Scene, preset, render, sample
from segmnist.render import engine
from segmnist.render.arrays import ALWAYS, ARRAYS, TRUTHS, arrays_of
from segmnist.render.reference_truths import reference_truths
from segmnist.scene.scene import NO_DIGIT, NO_SHAPE

ALL = tuple(
    name for name in TRUTHS if name != "camouflage"
)  # `camouflage` needs sensor noise: see test_camouflage.py
TOLERANCE = {"flow_forward": 1e-4, "flow_backward": 1e-4, "mean_visibility": 1e-6, "camouflaged_share": 1e-6}
"""What is added up in another order by the fast form; everything else is the same bit for bit."""


def assert_as_reference(scene: Scene) -> None:
    clips = render(scene, ALL)
    for row in range(len(scene)):
        for name, expected in reference_truths(scene, row).items():
            np.testing.assert_allclose(
                clips[name][row], expected, rtol=0, atol=TOLERANCE.get(name, 0), err_msg=name
            )


def assert_same_bytes(one: Clips, other: Clips) -> None:
    for name in set(one.arrays) & set(other.arrays):
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
        assert one[name].dtype == other[name].dtype == ARRAYS[name].dtype, name


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset(name: str) -> None:
    frames = 2 if name == "large" else 5
    spec = preset(name, num_frames=frames, frame_stride=6 if name == "passing" else 2)
    assert_as_reference(sample(spec, [0, 1 << 33], split="test", seed=8))


@given(scenes())
@settings(max_examples=80)
def test_random_worlds(scene: Scene) -> None:
    assert_as_reference(scene)


@given(scenes(max_side=40, max_frames=3), st.integers(0, 999))
@settings(max_examples=60)
def test_scenes_edited_by_hand(scene: Scene, seed: int) -> None:
    """Digits that jump, turn and grow from frame to frame, and rows that hold nothing."""
    random = np.random.default_rng(seed)
    tracks, rows = scene.y.shape, scene.shape_kind.shape
    gone = random.random(rows) < 0.3
    assert_as_reference(
        scene.replace(
            y=random.integers(-20 << 16, 60 << 16, tracks, np.int32),
            x=random.integers(-20 << 16, 60 << 16, tracks, np.int32),
            angle=random.integers(0, 36_000, tracks, np.int32),
            scale=random.integers(1 << 14, 5 << 16, tracks, np.int32),
            label=np.where(random.random(tracks[:2]) < 0.3, NO_DIGIT, scene.label).astype(np.uint8),
            shape_kind=np.where(gone, NO_SHAPE, scene.shape_kind).astype(np.int8),
        )
    )


def test_the_reference_knows_every_array() -> None:
    scene = sample(preset("standard", num_frames=2), [0])
    not_a_truth = {*ALWAYS, "semantic", *arrays_of(["camouflage"])}
    assert set(reference_truths(scene, 0)) == set(ARRAYS) - not_a_truth


@given(scenes(max_clips=4), st.integers(1, 3), st.sampled_from([1, 1 << 12, 1 << 22]))
@settings(max_examples=15)
def test_each_truth_alone_is_the_same_as_all(scene: Scene, num_threads: int, scratch_bytes: int) -> None:
    """With any number of threads, and pieces of one clip, a few, or all."""
    together = render(scene, ALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "SCRATCH_BYTES", scratch_bytes)
        for name in ALL:
            alone = render(scene, name, num_threads=num_threads)
            assert set(alone.arrays) == {*ALWAYS, *arrays_of([name])}
            assert_same_bytes(alone, together)


@pytest.mark.parametrize("num_threads", [1, 2, 3])
def test_long_batches_are_split_and_joined(monkeypatch: pytest.MonkeyPatch, num_threads: int) -> None:
    scene = sample(preset("crowded", height=40, width=56, num_frames=6), range(45), seed=1)
    monkeypatch.setattr(engine, "SCRATCH_BYTES", 1 << 18)
    pieces = engine._pieces(scene, ("video", *arrays_of(["boxes"])), num_threads)
    assert len(pieces) >= 3
    together = render(scene, ALL)
    for truths in (("boxes",), ("difficulty", "visibility"), ("occluders", "flow")):
        assert_same_bytes(render(scene, truths, num_threads=num_threads), together)


@given(scenes(), st.sets(st.sampled_from(ALL)))
@settings(max_examples=60)
def test_asking_changes_no_pixel(scene: Scene, truths: set[str]) -> None:
    assert_same_bytes(render(scene, ()), render(scene, truths))


def test_a_digit_of_no_size_has_no_pixels() -> None:
    """A user's edit may shrink a digit away, and let it grow again."""
    scene = sample(preset("standard", num_frames=5, height=40, num_digits_range=(2, 2)), [3])
    scale = scene.scale.copy()
    scale[0, 0, 1], scale[0, 0, 3] = 0, -7
    edited = scene.replace(scale=scale)
    assert_as_reference(edited)
    assert not render(edited, "amodal").amodal[0, 0, [1, 3]].any()


def test_scenes_without_digits_shapes_or_a_second_frame() -> None:
    for changes in ({"num_digits_range": (0, 0)}, {"num_shapes_range": (0, 0)}, {"num_frames": 1}):
        fields: dict[str, Any] = {"num_frames": 3, "height": 40, **changes}
        assert_as_reference(sample(preset("standard", **fields), [2, 3]))
