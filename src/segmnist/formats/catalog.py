"""The formats by name, and the interface that each kind of module implements."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, cast

from segmnist.errors import BadArgument, did_you_mean
from segmnist.formats.layout import Array, Arrays, Clip, Clips, Fetch, Layout, NamedFiles, Pieces

SHARDED = {
    "zarr": "segmnist.formats.zarr",
    "webdataset": "segmnist.formats.webdataset",
    "huggingface": "segmnist.formats.huggingface",
    "npz": "segmnist.formats.npz",
}
"""Sharded formats by name, and their modules."""

WHOLE = {"origin-npy": "segmnist.formats.origin_npy", "origin-h5": "segmnist.formats.origin_h5"}
"""Formats with one file per array, by name, and their modules."""

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
"""Formats that other libraries read, by name, and their modules."""


class ShardedFormat(Protocol):
    """The interface of a sharded format's module."""

    ROOT: str
    """Folder of the data set inside OUT: a template such as `{split}.zarr`, or one name that all splits share.

    Where splits share it, `root_files` are the same for each of them.
    """
    BOOKS: str
    """Folder inside ROOT for recipe.json, manifest.json and receipts/.

    Empty, or a template such as `books/{split}/` where splits share ROOT.
    """

    def shard_files(self, layout: Layout, shard: int, arrays: Arrays) -> NamedFiles:
        """Yield the shard's files, by path relative to ROOT, each made when it is asked for.

        They depend on the arguments alone: no clock, no uuid, no machine name.
        """
        ...

    def shard_paths(self, layout: Layout, shard: int) -> tuple[str, ...]:
        """Return the paths of `shard_files`, without drawing anything."""
        ...

    def root_files(self, layout: Layout) -> dict[str, bytes]:
        """Return the files that belong to no shard (metadata, cards), by path relative to ROOT; pure as well."""
        ...

    def read_rows(
        self, layout: Layout, shard: int, names: Sequence[str], rows: Sequence[int], fetch: Fetch
    ) -> dict[str, Array]:
        """Return these arrays of these rows, which count from the shard's first; read through `fetch`."""
        ...


class WholeFormat(Protocol):
    """The interface of a whole format's module."""

    TRUTHS: tuple[str, ...]
    """The truths that this format stores."""
    BOOKS: str
    """Prefix of the names of recipe.json and manifest.json: `{split}_`."""

    def file_names(self, split: str) -> tuple[str, ...]:
        """Return the names of its files."""
        ...

    def write(self, paths: Sequence[Path], layout: Layout, shards: Iterator[Arrays]) -> None:
        """Write the shards, in order, into these paths, one for each of `file_names`."""
        ...

    def read_rows(
        self, layout: Layout, shard: int, names: Sequence[str], rows: Sequence[int], fetch: Fetch
    ) -> dict[str, Array]:
        """Return these arrays of these rows, which count from the shard's first; read through `fetch`."""
        ...


class FolderFormat(Protocol):
    """The interface of a folder format's module."""

    TRUTHS: tuple[str, ...]
    """The truths that it needs. Where a recipe asks for `rgb`, too, frames are in colour: `pictures.frames_of`."""

    def check(self, layout: Layout) -> None:
        """Raise `BadArgument` for clips that do not fit the format, `MissingDependency` for an absent library."""
        ...

    def clip_paths(self, layout: Layout, name: str) -> Iterator[str]:
        """Iterate over the paths of the files of one clip, whose sequence has this name.

        No two clips of any two splits have a path in common.
        """
        ...

    def clip_files(self, layout: Layout, clip: Clip) -> Iterator[bytes]:
        """Iterate over the bytes of these files, in the same order; pure."""
        ...

    def root_paths(self, layout: Layout) -> tuple[str, ...]:
        """Return the paths of the files that are about all clips, such as a JSON; each split has its own."""
        ...

    def root_files(self, layout: Layout, clips: Clips) -> Iterator[tuple[str, Pieces]]:
        """Iterate over these files, paths and bytes; pure. They are used up one after the other.

        A file may take up any space on disk but none in memory: its pieces are made as `clips` draws.
        """
        ...


def folder_truths(name: str, asked: Iterable[str]) -> tuple[str, ...]:
    """Return the truths that a folder format stores: those that it needs, and `rgb` if that was asked for."""
    return (*folder_format(name).TRUTHS, *(truth for truth in asked if truth == "rgb"))


def check_format(name: str) -> None:
    """Raise `BadArgument` for an unknown format."""
    known = [*SHARDED, *WHOLE, *FOLDER]
    if name not in known:
        raise BadArgument("format", name, ", ".join(known), did_you_mean(name, known))


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
