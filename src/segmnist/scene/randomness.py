"""Randomness with an address: Philox4x32-10, the only source of randomness in segmnist.

A draw is a function of (seed, split, clip id, purpose, index, frame) and of nothing else: no state, no order. The key
is the seed; the counter is

    word 0   index: which block of four words of this purpose
    word 1   purpose << 24 | split << 16 | frame
    word 2   clip id, low 32 bits
    word 3   clip id, high 32 bits

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. The tests hold its published
known-answer vectors.
"""

from __future__ import annotations

from typing import Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segmnist.errors import BadArgument

Split = Literal["train", "val", "test"]

SPLITS: dict[str, int] = {"train": 0, "val": 1, "test": 2}
"""Each split has a stream of its own, disjoint from the others."""

SHARED_POOL = "train"
"""The split whose glyphs and backgrounds all splits use where a spec says `pools="shared"`."""

PURPOSE_CLIP, PURPOSE_DIGIT, PURPOSE_SHAPE, PURPOSE_SWAP, PURPOSE_NOISE, PURPOSE_SENSOR = range(6)
PURPOSE_MOTION, PURPOSE_POSTERIOR, PURPOSE_EDIT, PURPOSE_TRAINING = 6, 7, 8, 9
# All purposes are in this file, so that none is used twice.
PURPOSE_LIFE, PURPOSE_COLOUR, PURPOSE_HUE, PURPOSE_COLOUR_SENSOR, PURPOSE_CORRUPTION = 10, 11, 12, 13, 14

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def philox(counter: ArrayLike, key: tuple[int, int]) -> NDArray[np.uint32]:
    """Return four random words for each counter: the plain NumPy form, which the kernels must equal.

    counter: `(..., 4)` uint32; key: two words. Returns `(..., 4)` uint32.
    """
    a, b, c, d = np.moveaxis(np.asarray(counter, dtype=np.uint64), -1, 0)
    key0, key1 = key
    for _ in range(10):
        product0, product1 = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
        a, b = (product1 >> _HALF) ^ b ^ np.uint64(key0), product1 & _LOW
        c, d = (product0 >> _HALF) ^ d ^ np.uint64(key1), product0 & _LOW
        key0, key1 = (key0 + 0x9E3779B9) & 0xFFFFFFFF, (key1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([a, b, c, d], axis=-1).astype(np.uint32)


def words(
    seed: int, split: str, clip_id: int, purpose: int, frame: int, num_words: int, first_index: int = 0
) -> NDArray[np.uint32]:
    """Return `num_words` random words of one address, from block `first_index` on."""
    num_blocks = -(-num_words // 4)
    counter = np.zeros((num_blocks, 4), dtype=np.uint64)
    counter[:, 0] = np.arange(first_index, first_index + num_blocks)
    counter[:, 1] = purpose << 24 | SPLITS[split] << 16 | frame
    counter[:, 2] = clip_id & 0xFFFFFFFF
    counter[:, 3] = clip_id >> 32
    return philox(counter, key_of(seed)).reshape(-1)[:num_words]


def key_of(seed: int) -> tuple[int, int]:
    """Return the two key words of a seed in 0..2^64-1."""
    return seed & 0xFFFFFFFF, seed >> 32


def check_address(seed: int, split: str) -> None:
    """Raise `BadArgument` unless the seed has 64 bits at most and the split is known."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 1 << 64:
        raise BadArgument("seed", seed, "a whole number in 0..2^64-1")
    check_split(split)


def check_split(split: str) -> Split:
    """Return the split; raise `BadArgument` for one that is none."""
    if split not in SPLITS:
        raise BadArgument("split", split, ", ".join(SPLITS))
    return cast(Split, split)


def check_clip_ids(clip_ids: ArrayLike) -> NDArray[np.uint64]:
    """Return the ids as `(B,)` uint64; raise `BadArgument` unless they are whole numbers in 0..2^63-1."""
    ids = np.atleast_1d(np.asarray(clip_ids))
    if ids.size == 0 and ids.ndim == 1:
        return ids.astype(np.uint64)
    if ids.ndim != 1 or ids.dtype.kind not in "iu":
        raise BadArgument("clip_ids", clip_ids, "whole numbers, one dimension")
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high >= 1 << 63:
        raise BadArgument("clip_ids", low if low < 0 else high, "0..2^63-1")
    return ids.astype(np.uint64)
