"""Philox4x32-10 in tensors: the random words of `segmnist.scene.randomness`, in signed 64-bit arithmetic."""

from __future__ import annotations

import torch
from torch import Tensor

from segmnist.scene.randomness import key_of

ROUNDS = 10
_LOW = 0xFFFFFFFF


def round_keys(seed: int) -> list[tuple[int, int]]:
    """Return the two key words of each round."""
    key0, key1 = key_of(seed)
    return [((key0 + i * 0x9E3779B9) & _LOW, (key1 + i * 0xBB67AE85) & _LOW) for i in range(ROUNDS)]


def philox(counter: tuple[Tensor, Tensor, Tensor, Tensor], keys: Tensor) -> Tensor:
    """Return the four random words of each counter, `(...,4)` int64 in 0..2^32-1.

    counter: four int64 tensors of words, which broadcast; after three rounds all have one shape. keys: `round_keys`, `(10,2)`
    int64. A product of two words may wrap to a negative number; its lower and upper half are right all the same.
    """
    a, b, c, d = counter
    for i in range(ROUNDS):
        product0, product1 = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = (
            ((product1 >> 32) ^ b ^ keys[i, 0]) & _LOW,
            product1 & _LOW,
            ((product0 >> 32) ^ d ^ keys[i, 1]) & _LOW,
            product0 & _LOW,
        )
    return torch.stack((a, b, c, d), dim=-1)


def words(clip_words: Tensor, word1: Tensor, keys: Tensor, num_words: int) -> Tensor:
    """Return random words `(B,T,num_words)` int64, those of `randomness.words` for each clip and frame.

    clip_words: the lower and the upper word of each clip id, `(B,2)` int64. word1: purpose, split and frame, `(T,)` int64.
    """
    index = torch.arange(-(-num_words // 4), device=keys.device)
    low, high = clip_words[:, 0, None, None], clip_words[:, 1, None, None]
    return philox((index, word1[:, None], low, high), keys).flatten(-2)[..., :num_words]
