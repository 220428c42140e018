"""The same bytes whatever the threads, the truths asked for, the arrays drawn into, and the process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import scenes

from segmnist import PRESETS, BadArgument, Scene, preset, render, sample
from segmnist.render.arrays import ARRAYS, TRUTHS, arrays_of
from segmnist.render.camouflage import LEAST_SIGMA

MASKS = ("semantic", "instance")


@given(scenes(max_clips=5, corrupted=True), st.sampled_from([2, 3, 7]))
@settings(max_examples=40)
def test_threads_change_nothing(scene: Scene, num_threads: int) -> None:
    alone, together = render(scene, MASKS), render(scene, MASKS, num_threads=num_threads)
    assert all(np.array_equal(alone[name], together[name]) for name in alone.arrays)


@given(scenes(corrupted=True), st.sets(st.sampled_from(sorted(TRUTHS))))
@settings(max_examples=60)
def test_asking_for_more_truths_changes_no_other_array(scene: Scene, truths: set[str]) -> None:
    if scene.spec.sensor_sigma < LEAST_SIGMA:
        truths = truths - {"camouflage"}  # impossible
    few, many = render(scene, ()), render(scene, truths)
    assert set(few.arrays) == {"video", "labels", "num_digits"}
    assert set(many.arrays) == {*few.arrays, *arrays_of(truths)}
    assert all(np.array_equal(few[name], many[name]) for name in few.arrays)
    if "semantic" in truths:
        assert np.array_equal(many.semantic, render(scene, "semantic").semantic)


@given(scenes(max_clips=3))
@settings(max_examples=40)
def test_clips_do_not_touch_one_another(scene: Scene) -> None:
    together = render(scene, MASKS)
    for row in range(len(scene)):
        alone = render(scene.select([row]), MASKS)
        assert all(np.array_equal(alone[name][0], together[name][row]) for name in alone.arrays)


@given(scenes())
@settings(max_examples=40)
def test_a_stored_frame_stride_draws_the_same_frames(scene: Scene) -> None:
    """Noise too is that of the frames in between."""
    spec = scene.spec
    every = sample(
        spec.replace(num_frames=spec.duration, frame_stride=1), scene.clip_ids,
        split=scene.split, seed=scene.seed, bank=scene.bank,
    )  # fmt: skip
    few, many = render(scene, MASKS), render(every, MASKS)
    for name in ("video", *MASKS):
        assert np.array_equal(few[name], many[name][:, :: spec.frame_stride])


@given(scenes())
@settings(max_examples=30)
def test_arrays_that_are_given_are_drawn_into(scene: Scene) -> None:
    expected = render(scene, MASKS)
    out = {name: np.full_like(expected[name], 77) for name in ("video", "instance")}
    drawn = render(scene, MASKS, out=out)
    assert drawn.video is out["video"]
    assert drawn.instance is out["instance"]
    assert all(np.array_equal(drawn[name], expected[name]) for name in expected.arrays)


def test_memory_maps_are_drawn_into(tmp_path: object) -> None:
    scene = sample(preset("clean", num_frames=3, height=40), [5])
    path = f"{tmp_path}/video.npy"
    stored = np.lib.format.open_memmap(path, "w+", np.uint8, (1, 3, 40, 64))
    render(scene, (), out={"video": stored})
    stored.flush()
    assert np.array_equal(np.load(path), render(scene).video)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((1, 3, 40, 65), np.uint8),
        np.zeros((1, 3, 40, 64), np.int8),
        np.zeros((3, 40, 64), np.uint8),
        np.zeros((1, 3, 64, 40), np.uint8).transpose(0, 1, 3, 2),
        np.zeros((1, 3, 40, 128), np.uint8)[..., ::2],
    ],
)
def test_arrays_that_do_not_fit_are_named(wrong: np.ndarray) -> None:
    scene = sample(preset("clean", num_frames=3, height=40), [5])
    with pytest.raises(BadArgument, match=r"out\['video'\].*uint8 array of shape \(1, 3, 40, 64\)"):
        render(scene, out={"video": wrong})


def test_read_only_arrays_and_unknown_names_are_refused() -> None:
    scene = sample(preset("clean", num_frames=3, height=40), [5])
    closed = np.zeros((1, 3, 40, 64), np.uint8)
    closed.setflags(write=False)
    with pytest.raises(BadArgument, match=r"out\['video'\].*read-only.*writeable"):
        render(scene, out={"video": closed})
    with pytest.raises(BadArgument, match=r"out='vidoe'.*video, semantic"):
        render(scene, out={"vidoe": closed})
    with pytest.raises(BadArgument, match=r"out\['video'\]='list'"):
        render(scene, out={"video": [1]})  # type: ignore[dict-item]


@pytest.mark.parametrize("num_threads", [0, -1, 1.5, "2", None])
def test_bad_thread_counts_are_named(num_threads: object) -> None:
    with pytest.raises(BadArgument, match="num_threads"):
        render(sample(preset("clean"), [0]), num_threads=num_threads)


def test_unknown_truths_are_told_the_nearest() -> None:
    with pytest.raises(BadArgument, match=r"truth='semantics' .* did you mean semantic"):
        render(sample(preset("clean"), [0]), "semantics")


def test_no_clips_are_empty_arrays() -> None:
    clips = render(sample(preset("clean", height=40), []), MASKS)
    assert clips.video.shape == clips.instance.shape == (0, 30, 40, 64)


def test_the_catalog_says_shapes_and_dtypes_truly() -> None:
    scene = sample(preset("crowded", num_frames=2, height=40, width=48, sensor_sigma=9), [0, 1, 2])
    sizes = {"time": 2, "y": 40, "x": 48, "digit": 12}
    for name, array in render(scene, tuple(TRUTHS)).arrays.items():
        kind = ARRAYS[name]
        assert array.dtype == kind.dtype, name
        known = tuple(sizes.get(axis) for axis in kind.axes)
        assert len(array.shape) == 1 + len(known), name
        assert all(size in (None, real) for size, real in zip(known, array.shape[1:])), name


def sum_of_presets() -> str:
    digest = hashlib.sha256()
    for name in PRESETS:
        scene = sample(preset(name, num_frames=2), [0, 3], split="test", seed=9)
        for array in ("video", *MASKS):
            digest.update(render(scene, MASKS, num_threads=2)[array].tobytes())
    return digest.hexdigest()


def test_another_process_with_other_settings_draws_the_same_bytes() -> None:
    code = "from tests.render.test_determinism import sum_of_presets; print(sum_of_presets())"
    environment = {
        **os.environ,
        "NUMBA_NUM_THREADS": "1",
        "PYTHONHASHSEED": "7",
        "OMP_NUM_THREADS": "1",
        "LC_ALL": "C",
        "PYTHONPATH": os.pathsep.join(["", *sys.path]),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == sum_of_presets()
