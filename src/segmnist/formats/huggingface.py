"""Hugging Face: Parquet files under data/, with a schema that tells `datasets` each column's feature, and a card.

Frames are lists of grey PNGs, `List(Image())`, as `datasets` would convert palette PNGs and lose the classes.
Arrays of digits have as many rows as the clip has digits. Other arrays, such as flow, are the bytes of a .npy
file.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from segmnist.errors import CorruptData
from segmnist.formats.card import ABOUT, common_files
from segmnist.formats.croissant import croissant
from segmnist.formats.layout import Array, ArrayLayout, Arrays, Fetch, Layout
from segmnist.formats.npz import npy_bytes
from segmnist.formats.pictures import png_grey
from segmnist.palette import CLASS_NAMES

ROOT = "{split}.huggingface"
BOOKS = "segmnist/"
"""The books have a folder of their own, since `datasets` takes JSON files beside a card for data."""

TABLE_BYTES = 1 << 16
"""Larger arrays that are not pictures are stored as .npy, since nested lists take 100 times as long to read."""

PICTURE = {"bytes": "binary", "path": "string"}
Feature = dict[str, Any]


def root_files(layout: Layout) -> dict[str, bytes]:
    """Return the card, the licence, the classes and the Croissant metadata."""
    columns = {name: (kind_of(array), array) for name, array in layout.arrays.items()}
    common = common_files()
    return {
        "README.md": _card(layout).encode(),
        "LICENSE-MNIST.txt": common["LICENSE-MNIST.txt"],
        "segmnist/classes.json": common["classes.json"],
        "croissant.json": croissant(layout, columns),
    }


def shard_files(layout: Layout, shard: int, arrays: Arrays) -> dict[str, bytes]:
    """Return the shard's Parquet file, which has one row group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    counts = arrays["num_digits"].tolist()
    columns = {
        name: pa.array(_cells(array, arrays[name], counts), _arrow_type(array))
        for name, array in layout.arrays.items()
    }
    features = {name: _feature(array) for name, array in layout.arrays.items()}
    metadata = {
        "huggingface": json.dumps({"info": {"features": features}}, sort_keys=True),
        "segmnist": json.dumps(dict(layout.recipe), sort_keys=True),
    }
    file = io.BytesIO()
    table = pa.table(columns).replace_schema_metadata(metadata)
    pq.write_table(table, file, compression="zstd", row_group_size=max(len(counts), 1))
    return {_path(layout, shard): file.getvalue()}


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
        table = pq.read_table(pa.BufferReader(fetch(path)[:]), columns=list(names)).take(list(rows))
        return {name: _values(layout.arrays[name], table[name].to_pylist()) for name in names}
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError) as error:
        raise CorruptData(f"{path}: {error}") from None


def kind_of(array: ArrayLayout) -> str:
    """Return how an array is stored: `pictures`, `npy` or `table`."""
    if array.axes[-3:] == ("time", "y", "x") and array.dtype in ("uint8", "bool"):
        return "pictures"
    return "npy" if array.clip_bytes > TABLE_BYTES else "table"


def _cells(array: ArrayLayout, values: Array, counts: list[int]) -> list[Any]:
    trimmed = [clip[:count] if array.axes[:1] == ("digit",) else clip for clip, count in zip(values, counts)]
    store: dict[str, Callable[[Array], Any]] = {
        "pictures": _pictures,
        "npy": npy_bytes,
        "table": lambda clip: clip.tolist(),
    }
    return [store[kind_of(array)](clip) for clip in trimmed]


def _pictures(frames: Array) -> Any:
    if frames.ndim > 2:
        return [_pictures(inner) for inner in frames]
    # Masks of two values are stored as 0 and 255, so that they are visible in a viewer.
    pixels = frames.astype(np.uint8) * 255 if frames.dtype == bool else frames
    return {"bytes": png_grey(pixels), "path": None}


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
        value: Array = np.load(io.BytesIO(cell), allow_pickle=False)
        return value
    if kind == "pictures":
        frames = _unpacked(cell)
        return np.asarray(frames, np.uint8).reshape(-1, *array.shape[1:]).astype(array.dtype)
    rows = (-1, *array.shape[1:]) if array.shape else ()
    if 0 in array.shape[1:]:
        return np.empty((len(cell), *array.shape[1:]), array.dtype)
    return np.asarray(cell, array.dtype).reshape(rows)


def _unpacked(cell: Any) -> Any:
    from PIL import Image

    if isinstance(cell, list):
        return [_unpacked(inner) for inner in cell]
    return np.asarray(Image.open(io.BytesIO(cell["bytes"])))


def _arrow_type(array: ArrayLayout) -> Any:
    import pyarrow as pa

    kind, depth = kind_of(array), len(array.shape)
    if kind == "npy":
        return pa.binary()
    if kind == "pictures":
        inner, depth = pa.struct([("bytes", pa.binary()), ("path", pa.string())]), depth - 2
    else:
        inner = pa.int64() if _is_class(array) else pa.from_numpy_dtype(np.dtype(array.dtype))
    for _ in range(depth):
        inner = pa.list_(inner)
    return inner


def _feature(array: ArrayLayout) -> Feature:
    """Return the column's feature as `datasets` writes it into a schema."""
    kind, depth = kind_of(array), len(array.shape)
    if kind == "npy":
        return {"dtype": "binary", "_type": "Value"}
    feature: Feature = {"_type": "Image"} if kind == "pictures" else {"dtype": array.dtype, "_type": "Value"}
    if _is_class(array):
        feature = {"names": list(CLASS_NAMES), "_type": "ClassLabel"}
    for _ in range(depth - 2 if kind == "pictures" else depth):
        feature = {"feature": feature, "_type": "List"}
    return feature


def _is_class(array: ArrayLayout) -> bool:
    return array.axes == ("digit",) and array.dtype == "uint8"


def _card(layout: Layout) -> str:
    split = layout.recipe["split"]
    size = next(name for limit, name in SIZES if layout.num_clips < limit)
    return f"""---
license: cc-by-sa-3.0
pretty_name: Moving digits
task_categories:
- image-segmentation
- object-detection
tags:
- video
- video-segmentation
- synthetic
size_categories:
- {size}
configs:
- config_name: default
  data_files:
  - split: {"validation" if split == "val" else split}
    path: data/{split}-*
---

# Moving digits

{ABOUT}"""


SIZES = (
    (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (2**63, "n>1M"),
)  # fmt: skip


def _path(layout: Layout, shard: int) -> str:
    return f"data/{layout.recipe['split']}-{shard:05d}-of-{layout.num_shards:05d}.parquet"
