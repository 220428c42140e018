"""NumPy archives: one per shard, every array with the clip axis first; `np.load` opens them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib import format as npy

from segmnist.errors import CorruptData
from segmnist.formats.card import common_files
from segmnist.formats.layout import Array, Arrays, Fetch, Layout, NamedFiles
from segmnist.numpy_files import HEAD_BYTES, Header, npz_arrays

ROOT = "{split}.npz-shards"
BOOKS = ""
LEVEL = 1
"""Level of deflate: on masks, level 1 saves within a tenth of what level 6 does."""


def root_files(layout: Layout) -> dict[str, bytes]:
    """Return the card, the licence and the classes."""
    return common_files(layout.classes)


def shard_files(layout: Layout, shard: int, arrays: Arrays) -> NamedFiles:
    """Yield the shard's archive. All its members have the earliest date of the ZIP format."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for name in layout.arrays:
            # A ZipInfo that is made here has no clock in it, but takes neither method nor level from the archive.
            member = zipfile.ZipInfo(f"{name}.npy")
            archive.writestr(member, npy_bytes(arrays[name]), zipfile.ZIP_DEFLATED, LEVEL)
    yield _path(layout, shard), file.getvalue()


def shard_paths(layout: Layout, shard: int) -> tuple[str, ...]:
    """Return the path of the shard's one file."""
    return (_path(layout, shard),)


def read_rows(
    layout: Layout, shard: int, names: Sequence[str], rows: Sequence[int], fetch: Fetch
) -> dict[str, Array]:
    """Return these arrays of these rows of a shard. Raises `CorruptData` where the archive is damaged."""
    path, num_clips = _path(layout, shard), len(layout.rows(shard))

    def check(name: str, header: Header) -> None:
        array = layout.arrays[name]
        expected = ((num_clips, *array.shape), np.dtype(array.dtype).newbyteorder("<"))
        if (header.shape, header.dtype) != expected:
            raise CorruptData(f"{path}: {name} is {header.dtype} {header.shape}, expected {expected}")

    most = num_clips * layout.clip_bytes + HEAD_BYTES * len(layout.arrays)
    arrays = npz_arrays(io.BytesIO(fetch(path)[:]), path, most, names, check)
    if missing := set(names) - arrays.keys():
        raise CorruptData(f"{path}: has no {min(missing)}")
    return {name: arrays[name][list(rows)] for name in names}


def npy_bytes(array: Array) -> bytes:
    """Return an array as the bytes of a .npy file, little-endian."""
    file = io.BytesIO()
    little: Any = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)
    npy.write_array(file, little, version=(1, 0), allow_pickle=False)
    return file.getvalue()


def _path(layout: Layout, shard: int) -> str:
    return f"{layout.recipe['split']}-{shard:06d}.npz"
