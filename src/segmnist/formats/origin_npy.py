"""The 2020 layout as `{split}_images.npy`, `{split}_masks.npy` and `{split}_labels.npy`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from numpy.lib import format as npy

from segmnist.formats.layout import Arrays, Layout
from segmnist.formats.origin import NAMES, TRUTHS, Shapes, origin_arrays, shapes

__all__ = ["BOOKS", "TRUTHS", "file_names", "write", "write_arrays"]

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
