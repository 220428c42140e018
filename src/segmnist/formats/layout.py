"""What a format knows of a data set: its arrays, and how its clips are divided into shards."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import DIGITS, Classes

Array = NDArray[Any]
Arrays = Mapping[str, Array]
"""Arrays of some clips by name, each with the clip axis first; `clip_id` is always among them."""

Clip = dict[str, Array]
"""Arrays of one clip by name; those of digits have as many rows as the clip has digits."""

Clips = Callable[[], Iterator[Clip]]
"""Draws all clips of a data set, in order and one at a time, anew at each call."""

NamedFiles = Iterator[tuple[str, bytes]]
"""Files by path, each made when it is asked for."""

Pieces = Iterable[bytes]
"""The bytes of a file, piece by piece."""


class FileBytes(Protocol):
    """The bytes of a file, of which slices are read when they are asked for. A memoryview is one, too."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> memoryview: ...


Fetch = Callable[[str], FileBytes]
"""Returns the bytes of a file of the data set, checked against the manifest."""


class ArrayLayout(NamedTuple):
    """One array of a data set: axes and sizes after the clip axis, dtype, padding value, description."""

    axes: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    padding: float
    about: str

    @property
    def clip_bytes(self) -> int:
        """Uncompressed bytes of one clip."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Layout:
    """What is to be stored: the arrays, the number of clips, the shards, and the recipe as a plain dict with its id."""

    arrays: Mapping[str, ArrayLayout]
    num_clips: int
    clips_per_shard: int
    recipe: Mapping[str, Any]
    plan_id: str

    @property
    def num_shards(self) -> int:
        """Number of shards; the last may be short."""
        return -(-self.num_clips // self.clips_per_shard)

    def rows(self, shard: int) -> range:
        """Return the rows of the data set that are in this shard."""
        first = shard * self.clips_per_shard
        return range(first, min(first + self.clips_per_shard, self.num_clips))

    def clip_ids(self, rows: range) -> list[int]:
        """Return the ids of the clips in these rows of the data set."""
        if ids := self.recipe.get("clip_ids"):
            return list(ids[rows.start : rows.stop])
        first = self.recipe.get("first_clip", 0)
        return [first + row for row in rows]

    @cached_property
    def classes(self) -> Classes:
        """The names of the digits' classes."""
        names = self.recipe.get("class_names")
        return DIGITS if names is None else Classes(tuple(names))

    @property
    def num_frames(self) -> int:
        """Frames of a clip."""
        return self.arrays["video"].shape[0]

    @property
    def max_digits(self) -> int:
        """Digits that a clip has at most."""
        return self.arrays["labels"].shape[0]

    def has_arrays_of(self, other: Layout) -> bool:
        """Return whether the arrays are the same; their descriptions, whose words may change, apart."""
        mine, theirs = ({name: a._replace(about="") for name, a in of.arrays.items()} for of in (self, other))
        return mine == theirs

    @property
    def clip_bytes(self) -> int:
        """Uncompressed bytes of one clip in all arrays."""
        return sum(array.clip_bytes for array in self.arrays.values())
