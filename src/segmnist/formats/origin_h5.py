"""The 2020 layout as `{split}.h5`: gzip datasets `images`, `masks` and `labels`, one clip per chunk."""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from segmnist.errors import CorruptData, MissingDependency
from segmnist.formats.layout import Array, Arrays, Fetch, FileBytes, Layout
from segmnist.formats.origin import TRUTHS, Shapes, clip_arrays, origin_arrays, shapes

__all__ = ["BOOKS", "TRUTHS", "file_names", "read_rows", "write", "write_arrays"]

BOOKS = "{split}."

GZIP_LEVEL = 4


def file_names(split: str) -> tuple[str, ...]:
    """Return the name of the file. Raises `MissingDependency` without h5py."""
    _h5py()
    return (f"{split}.h5",)


def write(paths: Sequence[Path], layout: Layout, shards: Iterator[Arrays]) -> None:
    """Write the clips of each shard in turn."""
    write_arrays(paths, shapes(layout), map(origin_arrays, shards))


def write_arrays(paths: Sequence[Path], shapes: Shapes, batches: Iterable[Arrays]) -> None:
    """Write images, masks and labels batch by batch; `shapes` are those of all clips."""
    with open(paths[0], "w+b", buffering=0) as plain:
        disk = _Disk(plain)
        _write_hdf5(disk, shapes, _while_sound(disk, batches))
    if disk.error:
        raise disk.error


def read_rows(
    layout: Layout, shard: int, names: Sequence[str], rows: Sequence[int], fetch: Fetch
) -> dict[str, Array]:
    """Return these arrays of these rows of a shard. Raises `CorruptData` where the file is not as written."""
    (path,) = file_names(layout.recipe["split"])
    places = [layout.rows(shard).start + row for row in rows]
    try:
        with _h5py().File(io.BufferedReader(_Reading(fetch(path))), "r") as file:
            stored = {name: _rows(file[name], shape, places) for name, shape in shapes(layout).items()}
    except (OSError, KeyError, ValueError, RuntimeError, zlib.error) as error:
        raise CorruptData(f"{path}: {error}") from None
    return clip_arrays(layout, names, places, stored)


def _rows(stored: Any, shape: tuple[int, ...], places: Sequence[int]) -> Array:
    import numpy as np

    if not isinstance(stored, _h5py().Dataset) or stored.shape != shape or stored.dtype != np.uint8:
        raise ValueError(f"not uint8 {shape}")
    if 0 in shape:
        return np.empty((len(places), *shape[1:]), np.uint8)
    filters = stored.id.get_create_plist()
    gzip = filters.get_nfilters() == 1 and filters.get_filter(0)[0] == _h5py().h5z.FILTER_DEFLATE
    if stored.chunks != (1, *shape[1:]) or not gzip:
        raise ValueError(f"{stored.name} is not in chunks of a clip, each packed by gzip")
    return np.stack([_clip(stored, place) for place in places])


def _clip(stored: Any, place: int) -> Array:
    """Return a clip, unpacked here: HDF5 itself would unpack a chunk to any size."""
    import numpy as np

    shape = stored.shape[1:]
    _, packed = stored.id.read_direct_chunk((place, *(0 for _ in shape)))
    data = zlib.decompressobj().decompress(packed, math.prod(shape) + 1)
    if len(data) != math.prod(shape):
        raise ValueError(f"clip {place} of {stored.name} has another size")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _write_hdf5(disk: _Disk, shapes: Shapes, batches: Iterable[Arrays]) -> None:
    with _h5py().File(disk, "w") as file:
        stored = {
            name: file.create_dataset(name, shape, "u1", **_options(shape)) for name, shape in shapes.items()
        }
        row = 0
        for arrays in batches:
            num_clips = len(arrays["images"])
            for name, array in arrays.items():
                if array.size:
                    stored[name][row : row + num_clips] = array
            row += num_clips


def _options(shape: tuple[int, ...]) -> dict[str, Any]:
    # Timestamps would change the bytes from run to run; an empty array can have neither chunks nor gzip.
    chunked = {"chunks": (1, *shape[1:]), "compression": "gzip", "compression_opts": GZIP_LEVEL}
    return {"track_times": False, **({} if 0 in shape else chunked)}


def _h5py() -> ModuleType:
    try:
        import h5py
    except ImportError:
        raise MissingDependency("the format origin-h5", "hdf5") from None
    module: ModuleType = h5py
    return module


class _Disk(io.RawIOBase):
    """A file for HDF5, which crashes the process where a write fails.

    Here a failed write is remembered, and the file is cut, which makes room: it is of no use any more.
    """

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view) and not self.error:
            try:
                done += self._file.write(view[done:])
            except OSError as error:
                self.error = error
                self._file.truncate(0)
        return len(view)

    def readinto(self, out: Any) -> int:
        return self._file.readinto(out)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def truncate(self, size: int | None = None) -> int:
        return 0 if self.error else self._file.truncate(size)


def _while_sound(disk: _Disk, batches: Iterable[Arrays]) -> Iterator[Arrays]:
    """Iterate over batches until a write fails."""
    for arrays in batches:
        yield arrays
        if disk.error:
            return


class _Reading(io.RawIOBase):
    """The bytes of a stored file as a file."""

    def __init__(self, content: FileBytes) -> None:
        self._content, self._at = content, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, out: Any) -> int:
        part = self._content[self._at : self._at + len(out)]
        out[: len(part)] = part
        self._at += len(part)
        return len(part)

    def seek(self, offset: int, whence: int = 0) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._content)}[whence]
        self._at = base + offset
        return self._at
