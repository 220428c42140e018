"""The memory of a batch: shapes and bytes of its arrays, whether they fit, and their allocation."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.render.arrays import AXIS_SIZES, KINDS
from segmnist.scene.spec import SceneSpec

Array = NDArray[Any]

CACHE_LINE = 64

UNCHECKED_BYTES = 16 << 20
"""Batches up to this size skip the memory check, which takes as long as drawing a clip."""


def shape_of(spec: SceneSpec, num_clips: int, name: str) -> tuple[int, ...]:
    """Return the shape of one array of a batch."""
    sizes = {
        "time": spec.num_frames, "y": spec.height, "x": spec.width,
        "digit": spec.max_digits, "occluder": spec.max_digits, "shape": spec.max_shapes,
        "word": -(-spec.width // 64),
    }  # fmt: skip
    return (num_clips, *({**sizes, **AXIS_SIZES}[axis] for axis in KINDS[name].axes))


def bytes_of(spec: SceneSpec, num_clips: int, names: Iterable[str]) -> int:
    """Return the memory that these arrays of a batch take."""
    shapes = ((shape_of(spec, num_clips, name), KINDS[name].dtype) for name in names)
    return sum(math.prod(shape) * np.dtype(dtype).itemsize for shape, dtype in shapes)


def check_memory(spec: SceneSpec, num_clips: int, names: Iterable[str], scratch: int = 0) -> None:
    """Raise `BadArgument` if these arrays of a batch and `scratch` bytes exceed the free memory."""
    arrays = bytes_of(spec, num_clips, names)
    needed = arrays + scratch
    if needed <= UNCHECKED_BYTES:
        return
    free = psutil.virtual_memory().available
    if needed > free:
        fitting = (free - scratch) * num_clips // max(arrays, 1)
        raise BadArgument(
            "batch",
            f"{num_clips} clips = {needed:,} bytes",
            f"{free:,} bytes, the memory that is free",
            f"ask for {fitting} clips at a time" if fitting > 0 else "ask for fewer truths or frames",
        )


def new_arrays(spec: SceneSpec, num_clips: int, names: Iterable[str]) -> dict[str, Array]:
    """Return arrays of a batch, not filled, all cut from one block of memory.

    One block, as freshly mapped pages cost more than drawing on them (32 clips: 7.7 ms in two blocks, 3.4 ms in one): of a
    single block that comes and goes with each batch, the C library keeps the pages; and NumPy asks for huge pages from 4 MB on.
    """
    shapes = {name: shape_of(spec, num_clips, name) for name in names}
    dtypes = {name: np.dtype(KINDS[name].dtype) for name in shapes}
    sizes = {name: math.prod(shape) * dtypes[name].itemsize for name, shape in shapes.items()}
    block = np.empty(sum(-(-size // CACHE_LINE) * CACHE_LINE for size in sizes.values()), np.uint8)
    arrays, start = {}, 0
    for name, size in sizes.items():
        arrays[name] = block[start : start + size].view(dtypes[name]).reshape(shapes[name])
        start += -(-size // CACHE_LINE) * CACHE_LINE
    return arrays
