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

from segmnist.formats.catalog import (
    FOLDER,
    SHARDED,
    WHOLE,
    FolderFormat,
    ShardedFormat,
    WholeFormat,
    check_format,
    folder_format,
    sharded_format,
    whole_format,
)
from segmnist.formats.layout import Array, ArrayLayout, Arrays, Fetch, Layout

__all__ = [
    "FOLDER",
    "SHARDED",
    "WHOLE",
    "Array",
    "ArrayLayout",
    "Arrays",
    "Fetch",
    "FolderFormat",
    "Layout",
    "ShardedFormat",
    "WholeFormat",
    "check_format",
    "folder_format",
    "sharded_format",
    "whole_format",
]
