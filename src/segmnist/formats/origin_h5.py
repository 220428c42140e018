"""The 2020 layout as `{split}.h5`: gzip datasets `images`, `masks` and `labels`, one clip per chunk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from segmnist.errors import MissingDependency
from segmnist.formats.layout import Arrays, Layout
from segmnist.formats.origin import TRUTHS, Shapes, origin_arrays, shapes

__all__ = ["BOOKS", "TRUTHS", "file_names", "write", "write_arrays"]

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
    with _h5py().File(paths[0], "w") as file:
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
