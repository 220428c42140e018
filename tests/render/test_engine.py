"""Whatever is asked for together, however the batch is split, the arrays have the same bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import scenes

from segmnist import Clips, Scene, preset, render, sample
from segmnist.render import engine
from segmnist.render.arrays import ALWAYS, ARRAYS, TRUTHS, arrays_of

ALL = tuple(name for name in TRUTHS if name != "camouflage")
"""`camouflage` needs sensor noise: see test_camouflage.py."""


def assert_same_bytes(one: Clips, other: Clips) -> None:
    for name in set(one.arrays) & set(other.arrays):
        assert (one[name] == other[name]).all(), name
        assert one[name].dtype == other[name].dtype == ARRAYS[name].dtype, name


@given(scenes(max_clips=4, corrupted=True), st.integers(1, 3), st.sampled_from([1, 1 << 12, 1 << 22]))
@settings(max_examples=15)
def test_each_truth_alone_is_the_same_as_all(scene: Scene, num_threads: int, scratch_bytes: int) -> None:
    """With any number of threads, and pieces of one clip, a few, or all."""
    together = render(scene, ALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "SCRATCH_BYTES", scratch_bytes)
        engine._plan.cache_clear()
        for name in ALL:
            alone = render(scene, name, num_threads=num_threads)
            assert set(alone.arrays) == {*ALWAYS, *arrays_of([name])}
            assert_same_bytes(alone, together)
    engine._plan.cache_clear()


@pytest.mark.parametrize("num_threads", [1, 2, 3])
def test_long_batches_are_split_and_joined(monkeypatch: pytest.MonkeyPatch, num_threads: int) -> None:
    scene = sample(preset("crowded", height=40, width=56, num_frames=6), range(45), seed=1)
    monkeypatch.setattr(engine, "SCRATCH_BYTES", 1 << 18)
    engine._plan.cache_clear()
    assert len(engine._plan(scene.spec, ("boxes",), len(scene), num_threads).pieces) >= 3
    together = render(scene, ALL)
    for truths in (("boxes",), ("difficulty", "visibility"), ("occluders", "flow")):
        assert_same_bytes(render(scene, truths, num_threads=num_threads), together)
    engine._plan.cache_clear()


@given(scenes(corrupted=True), st.sets(st.sampled_from(ALL)))
@settings(max_examples=60)
def test_asking_changes_no_pixel(scene: Scene, truths: set[str]) -> None:
    assert_same_bytes(render(scene, ()), render(scene, truths))
