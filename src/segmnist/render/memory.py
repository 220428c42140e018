"""The memory of a batch: shapes and bytes of its arrays, whether they fit, and their allocation."""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import psutil
from numpy.typing import NDArray

from segmnist.errors import BadArgument
from segmnist.render.arrays import AXIS_SIZES, KINDS, with_needs
from segmnist.scene.spec import SceneSpec

Array = NDArray[Any]

CACHE_LINE = 64

UNCHECKED_BYTES = 16 << 20
"""Batches up to this size skip the memory check, which takes as long as drawing a clip."""


class Layout(NamedTuple):
    """Where the arrays of a batch lie in one block of memory."""

    shapes: dict[str, tuple[int, ...]]
    dtypes: dict[str, np.dtype[Any]]
    starts: dict[str, int]
    """In bytes, each on a cache line of its own."""
    size: int
    """Of the whole block, in bytes."""


@lru_cache(maxsize=256)
def layout(spec: SceneSpec, num_clips: int, names: tuple[str, ...]) -> Layout:
    """Return the shapes, dtypes and places of these arrays of a batch."""
    shapes = {name: shape_of(spec, num_clips, name) for name in names}
    dtypes = {name: np.dtype(KINDS[name].dtype) for name in shapes}
    starts, size = {}, 0
    for name, shape in shapes.items():
        starts[name] = size
        size += -(-math.prod(shape) * dtypes[name].itemsize // CACHE_LINE) * CACHE_LINE
    return Layout(shapes, dtypes, starts, size)


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
    return layout(spec, num_clips, tuple(names)).size


@lru_cache(maxsize=256)
def kernel_bytes(spec: SceneSpec, names: tuple[str, ...]) -> int:
    """Return the memory that the kernels of these arrays take beside them, on one thread, whatever the number of clips.

    Drawing takes a word of noise a pixel; measuring a bit a pixel for each digit, and flow one for each shape in two frames.
    """
    makers = {KINDS[name].made for name in with_needs(names)}
    masks = (spec.max_digits + 1) * ("measured" in makers) + (2 * spec.max_shapes + 3) * ("traced" in makers)
    return 4 * spec.height * spec.width + 8 * masks * spec.height * (-(-spec.width // 64) + 2)


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


class BlockPool:
    """Blocks of memory that are given out again once nobody holds an array in them.

    A freshly mapped page costs more than drawing on it, so batch after batch should come in the same pages. An
    array keeps a reference to its block, and so does a view or a tensor of it: a block that only the pool refers
    to is free. The pool forgets the oldest blocks beyond `max_blocks` or `max_bytes`; whoever holds them keeps
    them. Safe to use from several threads, and in a forked process, whose pages are its own.
    """

    def __init__(self, max_blocks: int = 16, max_bytes: int = 256 << 20, least: int = 64 << 10) -> None:
        self.max_blocks, self.max_bytes, self.least = max_blocks, max_bytes, least
        self._blocks: list[Array] = []
        self._lock = threading.Lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._new_lock)

    def _new_lock(self) -> None:
        """Replace a lock that a thread of the parent may have held."""
        self._lock = threading.Lock()

    def take(self, size: int) -> Array:
        """Return a block of `size` bytes, `(size,)` uint8, not filled."""
        if not self.least <= size <= self.max_bytes:
            return np.empty(size, np.uint8)
        with self._lock:
            for i in range(len(self._blocks)):
                # Two references: the list's and that of the call.
                if size <= self._blocks[i].nbytes <= 2 * size and sys.getrefcount(self._blocks[i]) == 2:
                    self._blocks.append(self._blocks.pop(i))
                    return self._blocks[-1][:size]
            self._blocks.append(np.empty(size, np.uint8))
            while len(self._blocks) > self.max_blocks or sum(b.nbytes for b in self._blocks) > self.max_bytes:
                del self._blocks[0]
            return self._blocks[-1][:]


_POOL = BlockPool()


def new_arrays(spec: SceneSpec, num_clips: int, names: Iterable[str]) -> dict[str, Array]:
    """Return arrays of a batch, not filled, all cut from one block of memory, which `BlockPool` may have used before."""
    shapes, dtypes, starts, size = layout(spec, num_clips, tuple(names))
    block = _POOL.take(size)
    return {name: np.ndarray(shape, dtypes[name], block, starts[name]) for name, shape in shapes.items()}
