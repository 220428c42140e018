"""ClipSource as a sequence, and Clips and Clip as what it gives."""

from __future__ import annotations

import itertools
import multiprocessing
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmnist import BadArgument, Clip, Clips, ClipSource, DigitBank, SceneSpec, preset
from segmnist.render.arrays import TRUTHS

SPEC = SceneSpec(height=40, width=56, num_frames=3, num_digits_range=(1, 3))


@pytest.fixture(scope="module")
def source() -> ClipSource:
    return ClipSource(SPEC, split="val", seed=7, length=20, truth=("semantic", "instance"))


@pytest.fixture(scope="module")
def endless() -> ClipSource:
    return ClipSource(SPEC, split="val", seed=7, truth=("semantic", "instance"))


def same(one: Clip | Clips, other: Clip | Clips) -> bool:
    return set(one.arrays) == set(other.arrays) and all(
        np.array_equal(one.arrays[name], other.arrays[name]) for name in one.arrays
    )


def test_a_name_stands_for_its_preset() -> None:
    assert ClipSource("crowded").spec == preset("crowded")
    assert ClipSource().spec == preset("standard")
    assert ClipSource().truth == ("semantic",)


def test_a_clip_has_arrays_without_the_clip_axis(source: ClipSource) -> None:
    clip = source[17]
    assert isinstance(clip, Clip)
    assert clip.clip_id == 17
    assert clip.video.shape == clip.semantic.shape == clip["instance"].shape == (3, 40, 56)
    assert {a.dtype for a in (clip.video, clip.semantic, clip.instance)} == {np.dtype(np.uint8)}
    assert clip.labels.shape == (int(clip.arrays["num_digits"]),)
    assert np.all(clip.labels <= 9)
    assert np.all(np.isin(clip.semantic, [*clip.labels, 10]))


def test_clip_rows_are_as_many_as_its_digits(source: ClipSource) -> None:
    counts = {len(clip.labels) for clip in source}
    assert counts == {1, 2, 3}
    assert source.batch(range(20)).labels.shape == (20, 3)


@given(st.lists(st.integers(0, 19), max_size=6))
@settings(max_examples=30)
def test_a_batch_is_its_clips_in_order(ids: list[int]) -> None:
    source = ClipSource(SPEC, split="val", seed=7, length=20, truth=("semantic", "instance"))
    clips = source.batch(ids)
    assert isinstance(clips, Clips)
    assert len(clips) == len(ids)
    for clip, clip_id in zip(clips, ids, strict=True):
        assert clip.clip_id == clip_id
        assert same(clip, source[clip_id])


@given(st.slices(20))
@settings(max_examples=60)
def test_slices_are_those_of_a_list(index: slice) -> None:
    source = ClipSource(SPEC, split="val", seed=7, length=20)
    assert source[index].scene.clip_ids.tolist() == list(range(20))[index]


@pytest.mark.parametrize("index", [slice(4, 8), slice(3), slice(1, 9, 3), slice(5, 5)])
def test_slices_of_an_endless_source(endless: ClipSource, index: slice) -> None:
    assert endless[index].scene.clip_ids.tolist() == list(range(100))[index]


@pytest.mark.parametrize("index", [slice(None), slice(2, None), slice(-3, 4), slice(4, -1), slice(9, 0, -1)])
def test_slices_that_need_an_end_are_named(endless: ClipSource, index: slice) -> None:
    with pytest.raises(BadArgument, match=r"slice=.*this source has no end"):
        endless[index]


def test_negative_indices_count_from_the_end(source: ClipSource) -> None:
    assert same(source[-1], source[19])
    assert same(source[-20], source[0])


@pytest.mark.parametrize("index", [20, -21, 1 << 62])
def test_indices_beyond_the_end_raise_index_error(source: ClipSource, index: int) -> None:
    with pytest.raises(IndexError, match=f"clip {index} .* 20 clips"):
        source[index]


def test_a_length_past_the_end_stops_iteration(source: ClipSource, endless: ClipSource) -> None:
    assert len(source) == len(list(source)) == 20
    assert [clip.clip_id for clip in itertools.islice(endless, 3)] == [0, 1, 2]
    with pytest.raises(TypeError, match="length"):
        len(endless)
    with pytest.raises(IndexError, match="endless"):
        endless[-1]


def test_an_endless_source_has_clips_up_to_2_to_the_63(endless: ClipSource, source: ClipSource) -> None:
    assert endless[(1 << 63) - 1].clip_id == (1 << 63) - 1
    assert same(endless[19], source[19])
    with pytest.raises((BadArgument, IndexError)):
        endless[1 << 63]


@pytest.mark.parametrize("index", [np.int64(3), np.uint8(3)])
def test_numpy_indices_are_indices(source: ClipSource, index: int) -> None:
    assert same(source[index], source[3])


@pytest.mark.parametrize("index", [1.0, "1", None, [1], (1, 2)])
def test_what_is_no_index_is_named(source: ClipSource, index: object) -> None:
    with pytest.raises((BadArgument, TypeError)):
        source[index]


def test_a_batch_beyond_the_end_is_named(source: ClipSource) -> None:
    with pytest.raises(BadArgument, match=r"clip_ids=20 .* 0\.\.19"):
        source.batch([3, 20])
    with pytest.raises(BadArgument, match="clip_ids=-1"):
        source.batch([-1])


@pytest.mark.parametrize(
    ("size", "start", "sizes"), [(8, 0, [8, 8, 4]), (20, 0, [20]), (7, 18, [2]), (5, 20, [])]
)
def test_batches_cover_a_source_once(source: ClipSource, size: int, start: int, sizes: list[int]) -> None:
    batches = list(source.batches(size, start))
    assert [len(batch) for batch in batches] == sizes
    assert [int(i) for batch in batches for i in batch.scene.clip_ids] == list(range(start, 20))


def test_batches_of_an_endless_source_go_on(endless: ClipSource) -> None:
    ids = [batch.scene.clip_ids.tolist() for batch in itertools.islice(endless.batches(2, 5), 3)]
    assert ids == [[5, 6], [7, 8], [9, 10]]
    with pytest.raises(BadArgument, match="batch_size=0"):
        next(endless.batches(0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"spec": "standrd"}, "did you mean standard"),
        ({"split": "dev"}, "split='dev'"),
        ({"seed": -1}, "seed=-1"),
        ({"length": 0}, "length=0"),
        ({"length": 1 << 63}, "length="),
        ({"truth": "semantc"}, "did you mean semantic"),
        ({"truth": ["semantic", "depths"]}, "truth='depths'"),
        ({"spec": SceneSpec(height=20)}, "height=20"),
    ],
)
def test_bad_arguments_are_named_at_once(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(BadArgument, match=message):
        ClipSource(**arguments)


def test_truths_that_were_not_asked_for_say_how_to(source: ClipSource) -> None:
    for clips in (source[3], source[3:5]):
        with pytest.raises(AttributeError, match=r"amodal was not drawn; ask for it with truth=\('amodal'"):
            clips.amodal  # noqa: B018
        with pytest.raises(AttributeError, match="no array 'vidoe'; there are video"):
            clips.vidoe  # noqa: B018
        assert not hasattr(clips, "__fspath__")
    with pytest.raises(KeyError):
        source[3]["amodal"]


def test_truths_come_by_name() -> None:
    noisy = SPEC.replace(sensor_sigma=9.0)  # or else `camouflage` is impossible
    everything = ClipSource(noisy, truth=tuple(TRUTHS))[2]
    assert set(everything.arrays) >= {"video", "labels", "num_digits", "semantic", "instance"}
    assert np.array_equal(everything.video, ClipSource(noisy, truth=())[2].video)


def test_clips_index_like_a_sequence(source: ClipSource) -> None:
    clips = source[4:9]
    assert [clip.clip_id for clip in clips] == [4, 5, 6, 7, 8]
    assert same(clips[-1], clips[4])
    assert clips["video"] is clips.video
    with pytest.raises(IndexError):
        clips[5]
    assert same(clips[1], source[5])


def test_a_clip_knows_its_scene(source: ClipSource) -> None:
    clip = source[11]
    assert clip.scene.clip_ids.tolist() == [11]
    assert clip.scene.equals(source.scene([11]))


def test_what_they_are_is_shown_in_one_line(source: ClipSource, endless: ClipSource) -> None:
    assert repr(source) == "<ClipSource 3 frames of 40x56, split='val', seed=7, length=20>"
    assert repr(endless) == "<ClipSource 3 frames of 40x56, split='val', seed=7>"
    assert repr(source[0:2]).startswith("<Clips: 2 clips, 3 frames of 40x56; video, semantic, instance")
    digits = ", ".join(map(str, source[1].labels))
    assert repr(source[1]) == f"<Clip 1: 3 frames of 40x56, digits [{digits}]>"


def test_another_bank_brings_its_own_digits() -> None:
    images = np.full((28, 9, 7), 200, np.uint8)
    bank = DigitBank.from_arrays(images, np.arange(28) % 10, name="blocks")
    clip = ClipSource(SPEC, bank=bank, seed=3)[0]
    area = (clip.semantic != 10).sum(axis=(1, 2))
    assert 0 < area.max() <= 3 * 80


def test_threads_do_not_change_a_source(source: ClipSource) -> None:
    fast = ClipSource(SPEC, split="val", seed=7, length=20, truth=("semantic", "instance"), num_threads=2)
    assert same(fast[:], source[:])


def test_pickles_are_small_and_give_the_same_clips(source: ClipSource) -> None:
    """MNIST goes by name, not as 55 MB."""
    data = pickle.dumps(source)
    assert len(data) < 10_000
    assert same(pickle.loads(data)[5], source[5])
    clip = pickle.loads(pickle.dumps(source[5]))
    assert same(clip, source[5])
    assert clip.video.sum() == source[5].video.sum()


def draw(source: ClipSource, clip_id: int) -> bytes:
    return source[clip_id].video.tobytes()


@pytest.mark.parametrize(
    "bank", [None, DigitBank.from_arrays(np.full((28, 9, 7), 99, np.uint8), np.arange(28) % 10)]
)
def test_a_worker_process_draws_the_same_bytes(bank: DigitBank | None) -> None:
    source = ClipSource(SPEC, seed=3, bank=bank)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.starmap(draw, [(source, 2), (source, 9)]) == [draw(source, 2), draw(source, 9)]


def test_no_clips_have_every_truth() -> None:
    clips = ClipSource(SPEC.replace(sensor_sigma=9.0), truth=tuple(TRUTHS)[1:]).batch([])
    assert len(clips) == 0
    assert {len(array) for array in clips.arrays.values()} == {0}


def test_an_editor_is_shown_the_arrays(source: ClipSource) -> None:
    for drawn in (source[3], source.batch([3, 4])):
        assert {*drawn.arrays, "video", "labels", "scene"} <= set(dir(drawn))
        for name in drawn.arrays:
            assert getattr(drawn, name) is drawn[name]
