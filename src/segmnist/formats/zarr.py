"""Zarr v3: a group of sharded arrays with named dimensions, one clip per chunk, crc32c, and zstd but for noisy videos.

This module lays out the bytes itself, so that they depend on the data and on zstd alone. Source:
the Zarr v3 core specification and its sharding-indexed codec (zarr-specs.readthedocs.io). docs/format.md has
the layout in words.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from itertools import chain
from typing import Any

import google_crc32c
import numpy as np
from numcodecs import zstd

from segmnist.errors import CorruptData
from segmnist.formats.layout import Array, ArrayLayout, Arrays, Fetch, FileBytes, Layout, NamedFiles

ROOT = "{split}.zarr"
BOOKS = ""

ZSTD_LEVEL = -1
"""Level of zstd, measured on one core with `benchmarks/write.py`.

On noise over shapes, level -1 gives 1.53:1 at 480 MB/s, 1 the same at 312, 3 1.54:1 at 152, -5 1.42:1 at 806.
On masks these give 24:1, 28:1, 29:1 and 14:1, all at 1.4 GB/s.
"""

PICTURES = ("video", "rgb")
"""Arrays that are stored as they are where the recipe has `compress_video` false."""

SMALL_CLIP = 4096
"""Arrays with fewer bytes per clip than this are stored as one chunk per shard."""

_ABSENT = 2**64 - 1
_CRC = 4


def root_files(layout: Layout) -> dict[str, bytes]:
    """Return `zarr.json` of the group and of each array.

    The group's also has the recipe and the metadata of all arrays.
    """
    arrays = {name: _array_metadata(layout, name) for name in layout.arrays}
    group = {
        "zarr_format": 3,
        "node_type": "group",
        "attributes": {"segmnist": layout.recipe},
        # With it, readers need not list the folder, which also has files that are not Zarr's.
        "consolidated_metadata": {"kind": "inline", "must_understand": False, "metadata": arrays},
    }
    files = {f"{name}/zarr.json": _json(metadata) for name, metadata in arrays.items()}
    return {"zarr.json": _json(group), **files}


def shard_files(layout: Layout, shard: int, arrays: Arrays) -> NamedFiles:
    """Yield a file for each array that is not empty."""
    for name, array in layout.arrays.items():
        if array.clip_bytes:
            yield _path(name, array, shard), _encode(layout, name, arrays[name])


def shard_paths(layout: Layout, shard: int) -> tuple[str, ...]:
    """Return the paths of the shard's files: one for each array that has any bytes."""
    return tuple(_path(name, array, shard) for name, array in layout.arrays.items() if array.clip_bytes)


def read_rows(
    layout: Layout, shard: int, names: Sequence[str], rows: Sequence[int], fetch: Fetch
) -> dict[str, Array]:
    """Return these arrays of these rows of a shard. Raises `CorruptData` if a checksum does not match."""
    return {name: _read(layout, shard, name, rows, fetch) for name in names}


def _is_compressed(layout: Layout, name: str) -> bool:
    return name not in PICTURES or bool(layout.recipe.get("compress_video", True))


def _read(layout: Layout, shard: int, name: str, rows: Sequence[int], fetch: Fetch) -> Array:
    array = layout.arrays[name]
    out = np.zeros((len(rows), *array.shape), _stored_dtype(array))
    if array.clip_bytes == 0:
        return out
    path = _path(name, array, shard)
    data, unpack = fetch(path), _decompress if _is_compressed(layout, name) else _copy
    if _is_small(array):
        table = np.zeros((layout.clips_per_shard, *array.shape), out.dtype)
        unpack(data[:], path, table)
        out[:] = table[list(rows)]
        return out
    index = _index(data, layout.clips_per_shard, path)
    for place, row in enumerate(rows):
        offset, size = (int(v) for v in index[row])
        if offset == _ABSENT:
            raise CorruptData(f"{path}: clip {row} is not in this shard")
        unpack(data[offset : offset + size], path, out[place])
    return out


def _encode(layout: Layout, name: str, values: Array) -> bytes:
    array, pack = layout.arrays[name], _compress if _is_compressed(layout, name) else _bytes
    values = np.ascontiguousarray(values, _stored_dtype(array))
    if _is_small(array):
        padded = np.full((layout.clips_per_shard, *array.shape), array.padding, values.dtype)
        padded[: len(values)] = values
        return b"".join(_with_crc(pack(padded)))
    chunks = [_with_crc(pack(clip)) for clip in values]
    index = np.full((layout.clips_per_shard, 2), _ABSENT, "<u8")
    sizes = [sum(map(len, chunk)) for chunk in chunks]
    index[: len(chunks), 0] = np.cumsum([0, *sizes[:-1]])
    index[: len(chunks), 1] = sizes
    return b"".join(chain(*chunks, _with_crc(index.tobytes())))


def _index(data: FileBytes, num_chunks: int, path: str) -> Array:
    size = 16 * num_chunks + _CRC
    if len(data) < size:
        raise CorruptData(f"{path}: {len(data)} bytes, too short for a shard of {num_chunks} chunks")
    return np.frombuffer(_without_crc(data[-size:], path), "<u8").reshape(-1, 2)


def _compress(values: Array) -> bytes:
    data: bytes = zstd.compress(values.reshape(-1).view(np.uint8), ZSTD_LEVEL)
    return data


def _bytes(values: Array) -> bytes:
    return values.tobytes()


def _decompress(data: memoryview, path: str, out: Array) -> None:
    """Decompress into `out`; a frame that declares another size is refused before memory is allocated."""
    try:
        zstd.decompress(_without_crc(data, path), out.reshape(-1).view(np.uint8))
    except (RuntimeError, ValueError) as error:
        raise CorruptData(f"{path}: {error}") from None


def _copy(data: memoryview, path: str, out: Array) -> None:
    """Copy a chunk that is not compressed into `out`."""
    content = _without_crc(data, path)
    if len(content) != out.nbytes:
        raise CorruptData(f"{path}: a chunk of {len(content)} bytes, not {out.nbytes}")
    out.reshape(-1).view(np.uint8)[:] = np.frombuffer(content, np.uint8)


def _with_crc(data: bytes) -> tuple[bytes, bytes]:
    """Return the data and, to be put behind it, its checksum."""
    return data, struct.pack("<I", google_crc32c.value(data))


def _without_crc(data: memoryview, path: str) -> bytes:
    content = bytes(data[:-_CRC])
    if struct.pack("<I", google_crc32c.value(content)) != data[-_CRC:]:
        raise CorruptData(f"{path}: its crc32c does not fit")
    return content


def _path(name: str, array: ArrayLayout, shard: int) -> str:
    # Dots, not slashes: a folder per shard would cost three more disk syncs for each file.
    return f"{name}/c.{shard}" + ".0" * len(array.shape)


def _is_small(array: ArrayLayout) -> bool:
    return array.clip_bytes < SMALL_CLIP


def _stored_dtype(array: ArrayLayout) -> np.dtype[Any]:
    return np.dtype(array.dtype).newbyteorder("<")


def _array_metadata(layout: Layout, name: str) -> dict[str, Any]:
    array = layout.arrays[name]
    # A chunk may not have length 0, an array may.
    clip = [max(1, size) for size in array.shape]
    little: dict[str, Any] = {"name": "bytes", "configuration": {"endian": "little"}}
    plain = little if np.dtype(array.dtype).itemsize > 1 else {"name": "bytes"}
    level = {"name": "zstd", "configuration": {"level": ZSTD_LEVEL, "checksum": False}}
    codecs = [plain, *([level] if _is_compressed(layout, name) else []), {"name": "crc32c"}]
    sharding = {
        "name": "sharding_indexed",
        "configuration": {
            "chunk_shape": [1, *clip],
            "codecs": codecs,
            "index_codecs": [little, {"name": "crc32c"}],
            "index_location": "end",
        },
    }
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [layout.num_clips, *array.shape],
        "data_type": array.dtype,
        "chunk_grid": {
            "name": "regular",
            "configuration": {"chunk_shape": [layout.clips_per_shard, *clip]},
        },
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
        "fill_value": _fill_value(array),
        "codecs": codecs if _is_small(array) else [sharding],
        "attributes": {"about": array.about},
        "dimension_names": ["clip", *array.axes],
        "storage_transformers": [],
    }


def _fill_value(array: ArrayLayout) -> bool | int | float:
    value: bool | int | float = np.array(array.padding).astype(array.dtype).item()
    return value


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True, allow_nan=False).encode() + b"\n"
