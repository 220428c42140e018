"""The bytes that we lay out are Zarr v3: the Zarr library reads every array back, and so do we."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from segmnist import CorruptData
from segmnist.formats import ArrayLayout, Layout
from segmnist.formats import zarr as our_zarr
from segmnist.render.arrays import ARRAYS

SIZES = {"time": 5, "y": 24, "x": 36, "digit": 3, "occluder": 3, "shape": 2}


def layout_of(names: Any, num_clips: int = 7, clips_per_shard: int = 3, **sizes: Any) -> Any:
    def shape(axes: Any) -> Any:
        return tuple({**SIZES, **sizes}.get(axis, 2) for axis in axes)

    kinds = {name: ARRAYS[name] for name in names}
    arrays = {
        name: ArrayLayout(k.axes, shape(k.axes), k.dtype, k.padding, k.about) for name, k in kinds.items()
    }
    return Layout(arrays, num_clips, clips_per_shard, {"seed": 3}, "0" * 64)


def random_arrays(layout: Any, seed: int = 0) -> Any:
    random = np.random.default_rng(seed)

    def values(array: Any) -> Any:
        shape = (layout.num_clips, *array.shape)
        return random.integers(0, 256, shape).astype(array.dtype)

    return {name: values(array) for name, array in layout.arrays.items()}


def all_files(layout: Any, arrays: Any) -> Any:
    files = our_zarr.root_files(layout)
    for shard in range(layout.num_shards):
        rows = layout.rows(shard)
        part = {name: array[rows.start : rows.stop] for name, array in arrays.items()}
        files |= dict(our_zarr.shard_files(layout, shard, part))
    return files


def write(folder: Any, files: Any) -> None:
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def test_the_zarr_library_reads_every_array_of_the_catalog(tmp_path: Path) -> None:
    layout = layout_of(ARRAYS)
    arrays = random_arrays(layout)
    write(tmp_path, all_files(layout, arrays))
    group = zarr.open_group(tmp_path, mode="r")
    assert set(group) == set(ARRAYS)
    for name, array in arrays.items():
        stored = group[name]
        assert np.array_equal(stored[:], array, equal_nan=array.dtype.kind == "f"), name
        assert stored.metadata.dimension_names == ("clip", *ARRAYS[name].axes)
    assert group.attrs["segmnist"] == {"seed": 3}


def test_one_clip_a_chunk_sharded_and_checked(tmp_path: Path) -> None:
    layout = layout_of(["video"])
    write(tmp_path, all_files(layout, random_arrays(layout)))
    video = zarr.open_group(tmp_path, mode="r")["video"]
    assert video.chunks == (1, 5, 24, 36)
    assert video.shards == (3, 5, 24, 36)
    shard = tmp_path / "video/c.1.0.0.0"
    data = bytearray(shard.read_bytes())
    data[10] ^= 1
    shard.write_bytes(data)
    with pytest.raises(ValueError, match="checksum"):
        video[3]


@settings(max_examples=25, deadline=None)
@given(num_clips=st.integers(1, 9), clips_per_shard=st.integers(1, 10), data=st.data())
def test_our_reader_gives_any_rows(num_clips: int, clips_per_shard: int, data: Any) -> None:
    layout = layout_of(["video", "labels", "num_digits", "amodal"], num_clips, clips_per_shard)
    arrays = random_arrays(layout)
    files = all_files(layout, arrays)
    shard = data.draw(st.integers(0, layout.num_shards - 1))
    inside = layout.rows(shard)
    rows = data.draw(st.lists(st.integers(0, len(inside) - 1), min_size=1, max_size=4))
    found = our_zarr.read_rows(layout, shard, list(arrays), rows, lambda path: memoryview(files[path]))
    for name, array in arrays.items():
        assert np.array_equal(found[name], array[inside.start :][rows]), name


def test_arrays_of_no_digits_have_no_files(tmp_path: Path) -> None:
    layout = layout_of(["labels", "video"], digit=0)
    files = all_files(layout, random_arrays(layout))
    assert not any(path.startswith("labels/c.") for path in files)
    write(tmp_path, files)
    assert zarr.open_group(tmp_path, mode="r")["labels"][:].shape == (7, 0)


def test_equal_arrays_give_equal_bytes() -> None:
    layout = layout_of(["video", "labels", "flow_forward"])
    assert all_files(layout, random_arrays(layout)) == all_files(layout, random_arrays(layout))


@pytest.mark.parametrize("name", ["video", "labels"])
def test_every_flipped_bit_of_a_shard_is_noticed(name: str) -> None:
    """Chunks and index carry crc32c each: no bit of the file is without one."""
    layout = layout_of([name], num_clips=2, clips_per_shard=2, time=1, y=16, x=300)
    [(path, good)] = our_zarr.shard_files(layout, 0, random_arrays(layout))
    for bit in range(0, 8 * len(good), 8 * len(good) // 300 + 1):
        data = bytearray(good)
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CorruptData, match=path):
            our_zarr.read_rows(layout, 0, [name], [0, 1], lambda _, data=data: memoryview(data))  # type: ignore[misc]


def test_a_truncated_shard_is_noticed() -> None:
    layout = layout_of(["video"], num_clips=3)
    files = dict(our_zarr.shard_files(layout, 0, random_arrays(layout)))
    data = files["video/c.0.0.0.0"]
    for length in (0, 3, 51, 52, len(data) // 2, len(data) - 1):
        with pytest.raises(CorruptData):
            our_zarr.read_rows(layout, 0, ["video"], [0], lambda _, n=length: memoryview(data[:n]))  # type: ignore[misc]


def test_a_clip_that_a_shard_lacks_is_not_read_as_zeros() -> None:
    layout = layout_of(["video"])
    few = {name: array[:2] for name, array in random_arrays(layout).items()}
    files = dict(our_zarr.shard_files(layout, 0, few))
    with pytest.raises(CorruptData, match="clip 2"):
        our_zarr.read_rows(layout, 0, ["video"], [2], lambda path: memoryview(files[path]))


def test_the_checksum_is_crc32c_and_not_crc32() -> None:
    assert google_crc32c.value(b"123456789") == 0xE3069283 != zlib.crc32(b"123456789")


@pytest.mark.parametrize("declared", [2, 1000, 10**12])
def test_a_chunk_that_declares_another_size_is_refused(declared: int) -> None:
    """A frame header may promise a terabyte; no byte of it is taken."""
    layout = layout_of(["labels"], num_clips=3)
    content = np.zeros(9, np.uint8)
    frame = bytes.fromhex("28b52ffd") + bytes([0b11100000]) + declared.to_bytes(8, "little")
    frame += ((9 << 3) | 0b001).to_bytes(3, "little") + content.tobytes()
    data = frame + google_crc32c.value(frame).to_bytes(4, "little")
    with pytest.raises(CorruptData, match="labels"):
        our_zarr.read_rows(layout, 0, ["labels"], [0], lambda path: memoryview(data))
