"""Formats: how a shard's arrays become files. Formats see arrays and plain dicts, never scenes.

A *sharded* format is a module with the names of `ShardedFormat`. It turns the arrays of one shard into the
bytes of that shard's files, as a pure function, so any machine can build any shard at any time.
`segmnist.dataset` does the rest: temporary names, fsync, rename, receipts, the manifest, resuming, repair.

A *whole* format is a module with the names of `WholeFormat`. It receives the shards in order and writes one
file per array.

A *folder* format is a module with the names of `FolderFormat`. It makes many files of each clip, which are stored
shard by shard, and at the end those that are about all clips, such as a COCO JSON.
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
    folder_truths,
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
    "folder_truths",
    "sharded_format",
    "whole_format",
]
