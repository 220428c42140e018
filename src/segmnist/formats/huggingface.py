"""Hugging Face: Parquet files under data/, with a schema that tells `datasets` each column's feature, and a card.

All splits share one folder, which `datasets` loads as one data set and which can be pushed to the Hub as it lies. The
files of no shard are the same for every split. The name of a Parquet file ends in 16 digits of the recipe's plan id, as
`datasets` keeps what it has read under the names of the files: no other data set has these names.

Frames are lists of grey PNGs, those of `rgb` of PNGs in colour, `List(Image())`, as `datasets` would convert palette
PNGs and lose the classes. Masks of digits are one list, too, the frames of one digit after those of another, since
`datasets` gives no arrays of nested lists of pictures. Arrays of digits have as many rows as the clip has digits. Other
arrays, such as flow, are the bytes of a .npy file. `labels` are in a column of another name, a list of `ClassLabel`.
"""

from __future__ import annotations

import io
import json
import math
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from segmnist.classes import LABELS, Classes, column_of
from segmnist.errors import CorruptData
from segmnist.formats.card import about, common_files
from segmnist.formats.croissant import croissant
from segmnist.formats.layout import Array, ArrayLayout, Arrays, Fetch, Layout, NamedFiles
from segmnist.formats.npz import npy_bytes
from segmnist.formats.pictures import png
from segmnist.numpy_files import npy_array

ROOT = "huggingface"
BOOKS = "segmnist/{split}/"
"""The books have a folder of their own, since `datasets` takes JSON files beside a card for data."""

SPLIT_NAMES = {"train": "train", "val": "validation", "test": "test"}
"""The names of the splits on the Hub."""


TABLE_BYTES = 1 << 16
"""Larger arrays that are not pictures are stored as .npy, since nested lists take 100 times as long to read."""

NO_NUL = b"\n"
"""What follows a .npy, whose readers ignore it: NumPy's strings of bytes, which `datasets` makes, lose NULs at their end."""

CELL_FACTOR, CELL_BYTES = 16, 4096
"""How much larger a cell may be than its array: so many times, and so many bytes for headers."""

Feature = dict[str, Any]


def root_files(layout: Layout) -> dict[str, bytes]:
    """Return the card, the licence, the classes and the Croissant metadata."""
    columns = {column_of(name): (kind_of(array), array) for name, array in layout.arrays.items()}
    common = common_files(layout.classes)
    return {
        "README.md": f"{CARD}{about(layout.classes)}".encode(),
        "LICENSE-MNIST.txt": common["LICENSE-MNIST.txt"],
        "segmnist/classes.json": common["classes.json"],
        "croissant.json": croissant(columns),
    }


def shard_files(layout: Layout, shard: int, arrays: Arrays) -> NamedFiles:
    """Yield the shard's Parquet file, which has one row group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    counts = arrays["num_digits"].tolist()
    columns = {
        column_of(name): pa.array(_cells(array, arrays[name], counts), _arrow_type(name, array))
        for name, array in layout.arrays.items()
    }
    features = {
        column_of(name): _feature(name, array, layout.classes) for name, array in layout.arrays.items()
    }
    metadata = {
        "huggingface": json.dumps({"info": {"features": features}}, sort_keys=True),
        "segmnist": json.dumps(dict(layout.recipe), sort_keys=True),
    }
    file = io.BytesIO()
    table = pa.table(columns).replace_schema_metadata(metadata)
    pq.write_table(table, file, compression="zstd", row_group_size=max(len(counts), 1))
    yield _path(layout, shard), file.getvalue()


def shard_paths(layout: Layout, shard: int) -> tuple[str, ...]:
    """Return the path of the shard's one file."""
    return (_path(layout, shard),)


def read_rows(
    layout: Layout, shard: int, names: Sequence[str], rows: Sequence[int], fetch: Fetch
) -> dict[str, Array]:
    """Return these arrays of these rows of a shard. Raises `CorruptData` where it is not as written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = _path(layout, shard)
    try:
        columns = {name: column_of(name) for name in names}
        file = pq.ParquetFile(pa.BufferReader(fetch(path)[:]))
        _check_size(file.metadata, layout, shard)
        table = file.read(columns=list(columns.values())).take(list(rows))
        return {
            name: _values(layout.arrays[name], table[column].to_pylist()) for name, column in columns.items()
        }
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, IndexError, struct.error) as error:
        raise CorruptData(f"{path}: {error}") from None


def _check_size(metadata: Any, layout: Layout, shard: int) -> None:
    """Raise ValueError for a table with more rows or more bytes than the shard's clips can have."""
    num_clips = len(layout.rows(shard))
    if metadata.num_rows != num_clips:
        raise ValueError(f"{metadata.num_rows} rows, expected {num_clips}")
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    columns = [group.column(number) for group in groups for number in range(group.num_columns)]
    # Numbers of 8 bits become 64, and a list adds 4 bytes to each.
    most = CELL_FACTOR * num_clips * layout.clip_bytes + CELL_BYTES * len(columns) * (num_clips + 1)
    if sum(max(column.total_uncompressed_size, column.num_values) for column in columns) > most:
        raise ValueError(f"unpacks to more than the {most} bytes that its clips can have")


def kind_of(array: ArrayLayout) -> str:
    """Return how an array is stored: `pictures`, `npy` or `table`."""
    frames = ("time", "y", "x")
    if (array.axes[-3:] == frames and array.dtype in ("uint8", "bool")) or _is_rgb(array):
        return "pictures"
    return "npy" if array.clip_bytes > TABLE_BYTES else "table"


def _is_rgb(array: ArrayLayout) -> bool:
    return array.axes[-1:] == ("rgb",)


def _cells(array: ArrayLayout, values: Array, counts: list[int]) -> list[Any]:
    trimmed = [clip[:count] if array.axes[:1] == ("digit",) else clip for clip, count in zip(values, counts)]
    store: dict[str, Callable[[Array], Any]] = {
        "pictures": lambda clip: _pictures(clip, clip.shape[-3:] if _is_rgb(array) else clip.shape[-2:]),
        "npy": lambda clip: npy_bytes(clip) + NO_NUL,
        "table": lambda clip: clip.tolist(),
    }
    return [store[kind_of(array)](clip) for clip in trimmed]


def _pictures(frames: Array, shape: tuple[int, ...]) -> list[Any]:
    # Masks of two values are stored as 0 and 255, so that they are visible in a viewer.
    pixels = frames.astype(np.uint8) * 255 if frames.dtype == bool else frames
    flat = pixels.reshape(math.prod(frames.shape[: -len(shape)]), *shape)
    return [{"bytes": png(frame), "path": None} for frame in flat]


def _values(array: ArrayLayout, cells: list[Any]) -> Array:
    out = np.full((len(cells), *array.shape), array.padding, array.dtype)
    for row, cell in enumerate(cells):
        value = _value(array, cell)
        place: tuple[int | slice, ...] = (row, *(slice(size) for size in value.shape))
        out[place] = value
    return out


def _value(array: ArrayLayout, cell: Any) -> Array:
    kind = kind_of(array)
    if kind == "npy":
        return npy_array(cell.removesuffix(NO_NUL), "a cell")
    if kind == "pictures":
        shape = array.shape[-3:] if _is_rgb(array) else array.shape[-2:]
        frames = [_picture(picture["bytes"], shape) for picture in cell]
        return np.asarray(frames, np.uint8).reshape(-1, *array.shape[1:]).astype(array.dtype)
    rows = (-1, *array.shape[1:]) if array.shape else ()
    if 0 in array.shape[1:]:
        return np.empty((len(cell), *array.shape[1:]), array.dtype)
    return np.asarray(cell, array.dtype).reshape(rows)


def _picture(data: bytes, shape: tuple[int, ...]) -> Array:
    from PIL import Image

    # A PNG begins with its size; Pillow would take memory for any.
    width, height = struct.unpack_from(">II", data, 16)
    if (height, width) != shape[:2]:
        raise ValueError(f"a picture of {height}x{width}, expected {shape}")
    return np.asarray(
        Image.open(io.BytesIO(data), formats=("PNG",)).convert("L" if len(shape) == 2 else "RGB")
    )


def _arrow_type(name: str, array: ArrayLayout) -> Any:
    import pyarrow as pa

    kind = kind_of(array)
    if kind == "npy":
        return pa.binary()
    if kind == "pictures":
        return pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    inner = pa.int64() if name == LABELS else pa.from_numpy_dtype(np.dtype(array.dtype))
    for _ in array.shape:
        inner = pa.list_(inner)
    return inner


def _feature(name: str, array: ArrayLayout, classes: Classes) -> Feature:
    """Return the column's feature as `datasets` writes it into a schema."""
    kind = kind_of(array)
    if kind == "npy":
        return {"dtype": "binary", "_type": "Value"}
    if kind == "pictures":
        return {"feature": {"_type": "Image"}, "_type": "List"}
    feature: Feature = {"dtype": array.dtype, "_type": "Value"}
    if name == LABELS:
        feature = {"names": list(classes.all_names), "_type": "ClassLabel"}
    for _ in array.shape:
        feature = {"feature": feature, "_type": "List"}
    return feature


CARD = """---
license: cc-by-sa-3.0
pretty_name: Moving digits
task_categories:
- image-segmentation
- object-detection
tags:
- video
- video-segmentation
- synthetic
---

# Moving digits

"""
"""What stands before the words about a data set.

It names no files: `datasets` and the Hub find the splits by the names of the files."""


def _path(layout: Layout, shard: int) -> str:
    split = SPLIT_NAMES[layout.recipe["split"]]
    return f"data/{split}-{shard:05d}-of-{layout.num_shards:05d}-{layout.plan_id[:16]}.parquet"
