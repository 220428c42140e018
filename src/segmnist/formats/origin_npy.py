"""The 2020 layout as `{split}_images.npy`, `{split}_masks.npy` and `{split}_labels.npy`."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from segmnist.errors import CorruptData
from segmnist.formats.layout import Array, Arrays, Fetch, FileBytes, Layout
from segmnist.formats.origin import NAMES, TRUTHS, Shapes, clip_arrays, origin_arrays, shapes

__all__ = ["BOOKS", "TRUTHS", "file_names", "read_rows", "write", "write_arrays"]

HEADER_BYTES = 1024
"""More than the header of such a .npy file has."""

BOOKS = "{split}_"


def file_names(split: str) -> tuple[str, ...]:
    """Return the names of the three files."""
    return tuple(f"{split}_{name}.npy" for name in NAMES)


def write(paths: Sequence[Path], layout: Layout, shards: Iterator[Arrays]) -> None:
    """Write the headers, then the clips of each shard in turn."""
    write_arrays(paths, shapes(layout), map(origin_arrays, shards))


def write_arrays(paths: Sequence[Path], shapes: Shapes, batches: Iterable[Arrays]) -> None:
    """Write images, masks and labels batch by batch; `shapes` are those of all clips."""
    with contextlib.ExitStack() as stack:
        files = {name: stack.enter_context(open(path, "wb")) for name, path in zip(NAMES, paths)}
        for name, shape in shapes.items():
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            npy.write_array_header_1_0(files[name], header)
        for arrays in batches:
            for name, array in arrays.items():
                files[name].write(array.tobytes())


def read_rows(
    layout: Layout, shard: int, names: Sequence[str], rows: Sequence[int], fetch: Fetch
) -> dict[str, Array]:
    """Return these arrays of these rows of a shard. Raises `CorruptData` where a file is not as written."""
    places = [layout.rows(shard).start + row for row in rows]
    paths = zip(file_names(layout.recipe["split"]), shapes(layout).items())
    stored = {name: _rows(path, fetch(path), shape, places) for path, (name, shape) in paths}
    return clip_arrays(layout, names, places, stored)


def _rows(path: str, file: FileBytes, shape: tuple[int, ...], places: Sequence[int]) -> Array:
    head = io.BytesIO(file[:HEADER_BYTES])
    try:
        npy.read_magic(head)
        found = npy.read_array_header_1_0(head)
    except ValueError as error:
        raise CorruptData(f"{path}: {error}") from None
    size, start = math.prod(shape[1:]), head.tell()
    if found != (shape, False, np.dtype("u1")) or len(file) != start + size * shape[0]:
        raise CorruptData(f"{path}: not the {shape} array of bytes that was written")
    cells = [
        np.frombuffer(file[start + place * size : start + (place + 1) * size], np.uint8) for place in places
    ]
    return np.stack(cells).reshape(-1, *shape[1:])
