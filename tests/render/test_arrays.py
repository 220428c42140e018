"""The table of arrays, and the answer to whoever asks for what there is not."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest

from segmnist import BadArgument, ClipSource, SceneSpec, preset, render, sample
from segmnist.render import engine, memory
from segmnist.render.arrays import (
    ALWAYS,
    ARRAYS,
    AXIS_SIZES,
    KINDS,
    TRUTHS,
    arrays_of,
    check_truths,
    made,
    with_needs,
)
from segmnist.render.numba_kernels.flow import Flow
from segmnist.render.numba_kernels.layout import Outputs
from segmnist.render.numba_kernels.measures import Measures

ROOT = Path(__file__).parents[2]


def test_every_array_but_those_always_there_comes_with_a_truth() -> None:
    assert set(arrays_of(TRUTHS)) == set(ARRAYS) - set(ALWAYS)


def test_what_an_array_needs_comes_before_it() -> None:
    for name in KINDS:
        ordered = with_needs([name])
        assert len(set(ordered)) == len(ordered)
        for place, found in enumerate(ordered):
            assert set(KINDS[found].needs) <= set(ordered[:place])


def test_the_kernels_write_what_the_table_says() -> None:
    """`background_shape` and `ink_bits` included, which only other arrays are made from."""
    assert set(Outputs._fields) == set(made("drawn"))
    assert Measures._fields == made("measured")
    assert set(Flow._fields) == set(made("traced"))


def test_the_documentation_has_a_row_for_every_array() -> None:
    """Its axes and its dtype as in the table, under the truth that brings it."""
    short = {"time": "T", "y": "H", "x": "W", "digit": "N", "occluder": "N", "shape": "S"}
    sizes = {name: str(size) for name, size in AXIS_SIZES.items()}
    truth = ""
    rows: dict[str, Any] = {}
    for line in (ROOT / "docs" / "truths.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 6 and cells[1].startswith("`"):
            truth = cells[0].strip("`") or truth
            rows |= {name.strip("` "): (truth, cells[2], cells[3]) for name in cells[1].split(",")}
    expected = {
        name: (kind.truth, ",".join({**short, **sizes}[axis] for axis in kind.axes), kind.dtype)
        for name, kind in ARRAYS.items()
    }
    assert rows == expected


def test_every_array_is_explained_and_padded_in_its_own_dtype() -> None:
    for name, kind in ARRAYS.items():
        assert len(kind.about) > 8, name
        assert np.dtype(kind.dtype).type(kind.padding) == kind.padding, name


def test_padding_rows_hold_the_padding() -> None:
    some = {"num_digits_range": (1, 4), "num_shapes_range": (0, 5), "sensor_sigma": 9.0}
    spec = preset("standard", num_frames=3, height=40, **some)
    clips = render(sample(spec, range(6)), tuple(TRUTHS))
    counts = {"digit": clips["num_digits"], "shape": clips["num_shapes"]}
    assert counts["digit"].min() < 4
    assert counts["shape"].min() < 5
    for name, array in clips.arrays.items():
        rows = counts.get(ARRAYS[name].axes[0]) if ARRAYS[name].axes else None
        if rows is not None:
            for b, count in enumerate(rows):
                assert (array[b, count:] == ARRAYS[name].padding).all(), name


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("semantics", "semantic"),
        ("box", "boxes"),
        ("flows", "flow"),
        ("visible_area", "areas"),
        ("flow_forward_valid", "flow"),
    ],
)
def test_an_unknown_truth_is_told_the_nearest(wrong: str, near: str) -> None:
    with pytest.raises(BadArgument, match=rf"truth='{wrong}' .* did you mean {near}\?"):
        check_truths(("semantic", wrong))
    with pytest.raises(BadArgument, match=near):
        ClipSource("clean", truth=wrong)


def test_a_truth_like_no_other_is_told_them_all() -> None:
    with pytest.raises(BadArgument) as caught:
        check_truths("xyzzy")
    assert all(name in str(caught.value) for name in TRUTHS)
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize("name", [name for name in ARRAYS if name not in ALWAYS])
def test_an_array_that_was_not_drawn_names_the_truth_that_brings_it(name: str) -> None:
    spec = preset("clean", num_frames=2, sensor_sigma=9)
    clips = ClipSource(spec, truth=()).batch([0])
    for holder in (clips, clips[0]):
        with pytest.raises(AttributeError, match=f"{name} was not drawn; ask for it with truth=") as caught:
            getattr(holder, name)
        with pytest.raises(KeyError, match=f"{name} was not drawn"):
            holder[name]
        truth = re.findall(r"truth=\('(\w+)'", str(caught.value))[0]
        assert name in ClipSource(spec, truth=truth).batch([0]).arrays


def test_a_truths_name_names_its_arrays() -> None:
    clip = ClipSource(preset("clean", num_frames=2), truth="areas")[0]
    with pytest.raises(AttributeError, match="a truth, not an array; it brings visible_area, amodal_area"):
        _ = clip.areas
    with pytest.raises(KeyError, match="no array 'vidoe'; there are video, visible_area"):
        clip["vidoe"]


def set_free_memory(monkeypatch: pytest.MonkeyPatch, available: int) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=available))
    monkeypatch.setattr(memory, "UNCHECKED_BYTES", 0)


def allocations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the size of whatever NumPy is asked for from now on."""
    asked: list[int] = []
    empty = np.empty

    def counting(shape: object, *args: object, **kwargs: object) -> np.ndarray:
        made: np.ndarray = empty(shape, *args, **kwargs)
        asked.append(made.nbytes)
        return made

    monkeypatch.setattr(np, "empty", counting)
    return asked


def test_a_batch_beyond_the_free_memory_is_refused_before_anything_is_allocated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = sample(preset("standard", num_frames=8, height=40, width=48), range(10))
    video, noise = 10 * 8 * 40 * 48, memory.kernel_bytes(scene.spec, ("video",))
    set_free_memory(monkeypatch, 6 * video // 10 + noise)
    asked = allocations(monkeypatch)
    with pytest.raises(BadArgument, match=f"10 clips = {video + noise:,} bytes.* ask for 6 clips at a time"):
        render(scene, ())
    assert not asked
    assert len(render(scene.select(slice(0, 6)), ())) == 6


def test_a_batch_that_no_machine_holds_is_counted_in_whole_numbers() -> None:
    """No clip of it is ever made: numbers beyond 64 bits do not wrap around into small ones."""
    spec = SceneSpec(height=1024, width=1024, num_frames=10_000, num_digits_range=(64, 64))
    with pytest.raises(BadArgument, match="bytes, the memory that is free"):
        memory.check_memory(spec, 1 << 40, ["video", "amodal"])
    assert memory.bytes_of(spec, 1 << 40, ["amodal"]) == 64 * 10_000 << 60


def test_what_kernels_take_beside_a_large_frame_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """One frame of 8192x8192 is 67 MB, the random words of its noise are four times that, the shapes' bits for flow 0.4 GB."""
    spec = SceneSpec(
        height=8192, width=8192, num_frames=1, num_digits_range=(0, 0), num_shapes_range=(24, 24)
    )
    frame, scene = 8192 * 8192, sample(spec, [0])
    assert memory.kernel_bytes(spec, ("video",)) == 4 * frame
    assert memory.kernel_bytes(spec, ("flow_forward",)) > 4 * frame + 48 * frame // 8
    set_free_memory(monkeypatch, 5 * frame - 1)
    asked = allocations(monkeypatch)
    with pytest.raises(BadArgument, match=f"batch='1 clips = {5 * frame:,} bytes' .*free; ask for fewer"):
        render(scene, ())
    assert not asked


def test_scratch_is_counted_for_every_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Boxes are a few numbers, but they are measured on bits of the ink, of each thread's clip at least."""
    spec = preset("crowded", num_frames=400, height=64, width=96)
    scene = sample(spec, range(4))
    names = ("video", "boxes_xyxy", "amodal_boxes_xyxy")
    ink, asked_for = memory.bytes_of(spec, 1, ["ink_bits"]), memory.bytes_of(spec, 4, names)
    one_clip = ink + memory.kernel_bytes(spec, names)
    assert ink > engine.SCRATCH_BYTES
    for num_threads in (1, 3):
        set_free_memory(monkeypatch, asked_for + num_threads * one_clip - 1)
        with pytest.raises(
            BadArgument, match=f"{asked_for + num_threads * one_clip:,} bytes.*3 clips at a time"
        ):
            render(scene, "boxes", num_threads=num_threads)
    set_free_memory(monkeypatch, asked_for + one_clip)
    assert render(scene, "boxes").boxes_xyxy.shape == (4, 12, 400, 4)
    set_free_memory(monkeypatch, one_clip)
    with pytest.raises(BadArgument, match="fewer truths or frames"):
        render(scene.select([0]), "boxes")


def test_arrays_that_are_given_need_no_memory_but_that_of_the_kernels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = sample(preset("clean", num_frames=3), [0])
    out = render(scene, ("instance",)).arrays
    set_free_memory(monkeypatch, memory.kernel_bytes(scene.spec, ("video", "instance")))
    drawn = render(scene, ("instance",), out={name: out[name] for name in ("video", "instance")})
    assert drawn.video is out["video"]
