"""The index for queries: per shard a Parquet table of clips, and one of digits by frame."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmnist.formats.layout import Array, Arrays

TRUTHS = (
    "presence", "areas", "visibility", "truncation", "boxes", "depth", "occluders", "pose", "difficulty",
)  # fmt: skip
"""The truths that the tables need."""

FOLDER = "index"
TABLES = ("clips", "frames")

POSE = ("y", "x", "angle", "scale", "brightness")
BOX = ("box_x0", "box_y0", "box_x1", "box_y1")
CLIP_COLUMNS = ("num_digits", "min_visibility", "mean_visibility", "camouflaged_share", "num_twins")
FRAME_COLUMNS = ("visible_area", "amodal_area", "whole_area", "visibility", "truncation", "depth_order")


def index_files(prefix: str, shard: int, first_row: int, arrays: Arrays) -> dict[str, bytes]:
    """Return the two tables of a shard by path; the clips are rows first_row and on of the data set."""
    columns = {"clips": clip_columns(first_row, arrays), "frames": frame_columns(arrays)}
    return {index_path(prefix, table, shard): _parquet(columns[table]) for table in TABLES}


def index_path(prefix: str, table: str, shard: int) -> str:
    """Return the path of a table of a shard."""
    return f"{prefix}{FOLDER}/{table}-{shard:07d}.parquet"


def clip_columns(first_row: int, arrays: Arrays) -> dict[str, Array]:
    """Return one row per clip: its id, its row in the data set, and its difficulty."""
    ids = arrays["clip_id"]
    rows = np.arange(first_row, first_row + len(ids))
    return {"clip_id": ids, "row": rows, **{name: arrays[name] for name in CLIP_COLUMNS}}


def frame_columns(arrays: Arrays) -> dict[str, Array]:
    """Return one row per clip, digit and frame in which it is there.

    `occluder` is the instance that hides most of the digit's pixels, 0 if none does; `hidden_by_occluder` is the
    number of pixels that it hides.
    """
    clips, digits, frames = np.nonzero(arrays["present"])
    hidden = arrays["occluders"][clips, digits, :, frames]
    worst = hidden.argmax(axis=1) if hidden.shape[1] else np.zeros(len(clips), np.int64)
    most = hidden[np.arange(len(clips)), worst]
    pose, box = arrays["pose"][clips, digits, frames], arrays["boxes_xyxy"][clips, digits, frames]
    return {
        "clip_id": arrays["clip_id"][clips],
        "instance": (digits + 1).astype(np.uint8),
        "frame": frames.astype(np.int32),
        "label": arrays["labels"][clips, digits],
        **{name: pose[:, place] for place, name in enumerate(POSE)},
        **{name: arrays[name][clips, digits, frames] for name in FRAME_COLUMNS},
        **{name: box[:, place] for place, name in enumerate(BOX)},
        "occluder": np.where(most > 0, worst + 1, 0).astype(np.uint8),
        "hidden_by_occluder": most,
    }


def _parquet(columns: dict[str, Array]) -> bytes:
    import pyarrow
    from pyarrow import parquet

    table: Any = pyarrow.table({name: np.ascontiguousarray(column) for name, column in columns.items()})
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(table, sink, compression="zstd", store_schema=False)
    data: bytes = sink.getvalue().to_pybytes()
    return data
