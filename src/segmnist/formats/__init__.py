"""Formats: how a shard's arrays become files. Formats see arrays and plain dicts, never scenes.

A *sharded* format is a module with the names of `ShardedFormat`: it turns the arrays of one shard into the
bytes of that shard's files, as a pure function, so that any machine may build any shard at any time.
`segmnist.dataset` does the rest: temporary names, fsync, rename, receipts, the manifest, resuming and
repairing.

A *whole* format is a module with the names of `WholeFormat`: it is fed the shards in order and writes one
file an array.

A *folder* format is a module with the names of `FolderFormat`: it is fed the shards in order and gives many
files, of which some, such as a COCO JSON, speak of all clips. `segmnist.dataset.export` puts the folder in
its place.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from segmnist.errors import BadArgument

Array = NDArray[Any]
Arrays = Mapping[str, Array]
"""Arrays of some clips by name, each with the clip axis first; `clip_id` is always among them."""

Fetch = Callable[[str], memoryview]
"""Gives the bytes of a file of the data set, checked against the manifest."""

SHARDED = {
    "zarr": "segmnist.formats.zarr",
    "webdataset": "segmnist.formats.webdataset",
    "huggingface": "segmnist.formats.huggingface",
    "npz": "segmnist.formats.npz",
}
"""Sharded formats by name, and their modules."""

WHOLE = {"origin-npy": "segmnist.formats.origin_npy", "origin-h5": "segmnist.formats.origin_h5"}
"""Formats of one file an array, by name, and their modules."""


FOLDER = {
    "davis": "segmnist.formats.davis",
    "youtube-vis": "segmnist.formats.youtube_vis",
    "coco-panoptic": "segmnist.formats.coco_panoptic",
    "vipseg": "segmnist.formats.vipseg",
    "mots": "segmnist.formats.mots",
    "coco-amodal": "segmnist.formats.coco_amodal",
    "mmseg": "segmnist.formats.mmseg",
    "ffv1": "segmnist.formats.ffv1",
}
"""Formats that other libraries' data sets come in, by name, and their modules."""


class ArrayLayout(NamedTuple):
    """One array of a data set: axes and sizes after the clip axis, dtype, value of padding, and a
    sentence."""

    axes: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    padding: float
    about: str

    @property
    def clip_bytes(self) -> int:
        """Bytes of one clip, not compressed."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Layout:
    """What is to be stored: the arrays, how many clips, how they fall into shards, and the recipe as a plain
    dict."""

    arrays: Mapping[str, ArrayLayout]
    num_clips: int
    clips_per_shard: int
    recipe: Mapping[str, Any]

    @property
    def num_shards(self) -> int:
        """Shards, the last of which may be short."""
        return -(-self.num_clips // self.clips_per_shard)

    def rows(self, shard: int) -> range:
        """Return the rows of the data set that lie in this shard."""
        first = shard * self.clips_per_shard
        return range(first, min(first + self.clips_per_shard, self.num_clips))

    @property
    def clip_bytes(self) -> int:
        """Bytes of one clip in all arrays, not compressed."""
        return sum(array.clip_bytes for array in self.arrays.values())


class ShardedFormat(Protocol):
    """What the module of a sharded format has."""

    ROOT: str
    """Folder of the data set inside OUT, with `{split}` in it: `{split}.zarr`."""
    BOOKS: str
    """Folder inside ROOT for recipe.json, manifest.json and receipts/: empty, or say `books/{split}/` where
    splits share a ROOT."""

    def shard_files(self, layout: Layout, shard: int, arrays: Arrays) -> dict[str, bytes]:
        """Return the shard's files, by path relative to ROOT: a pure function, without clocks, uuids or
        machine names."""
        ...

    def root_files(self, layout: Layout) -> dict[str, bytes]:
        """Return the files that belong to no shard (metadata, cards), by path relative to ROOT; pure as
        well."""
        ...

    def read_rows(
        self, layout: Layout, shard: int, names: Sequence[str], rows: Sequence[int], fetch: Fetch
    ) -> dict[str, Array]:
        """Return these arrays of these rows (counted from the shard's first), read through `fetch`."""
        ...


class WholeFormat(Protocol):
    """What the module of a whole format has."""

    TRUTHS: tuple[str, ...]
    """The truths that this format has room for."""
    BOOKS: str
    """What the names of recipe.json and manifest.json begin with: `{split}_`."""

    def file_names(self, split: str) -> tuple[str, ...]:
        """Return the names of its files."""
        ...

    def write(self, paths: Sequence[Path], layout: Layout, shards: Iterator[Arrays]) -> None:
        """Write the shards as they come into these paths, one for each of `file_names`."""
        ...


class FolderFormat(Protocol):
    """What the module of a folder format has."""

    TRUTHS: tuple[str, ...]
    """The truths that it is made from."""

    def check(self, layout: Layout) -> None:
        """Raise `BadArgument` for clips that it has no room for, `MissingDependency` for a library that is
        not there."""
        ...

    def files(self, layout: Layout, shards: Iterator[Arrays]) -> Iterator[tuple[str, bytes]]:
        """Iterate over its files, as relative paths and bytes: pure, each path once, and no two splits share
        one."""
        ...


def check_format(name: str) -> None:
    """Raise `BadArgument` for an unknown format."""
    if name not in SHARDED and name not in WHOLE:
        raise BadArgument("format", name, ", ".join([*SHARDED, *WHOLE]))


def sharded_format(name: str) -> ShardedFormat:
    """Return the module of a sharded format. Raises `BadArgument` for another name."""
    if name not in SHARDED:
        raise BadArgument("format", name, ", ".join(SHARDED))
    return cast(ShardedFormat, importlib.import_module(SHARDED[name]))


def whole_format(name: str) -> WholeFormat:
    """Return the module of a whole format. Raises `BadArgument` for another name."""
    if name not in WHOLE:
        raise BadArgument("format", name, ", ".join(WHOLE))
    return cast(WholeFormat, importlib.import_module(WHOLE[name]))


def folder_format(name: str) -> FolderFormat:
    """Return the module of a folder format. Raises `BadArgument` for another name."""
    if name not in FOLDER:
        raise BadArgument("format", name, ", ".join(FOLDER))
    return cast(FolderFormat, importlib.import_module(FOLDER[name]))
