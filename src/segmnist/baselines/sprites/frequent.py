"""A table of what is seen again and again, in bounded memory; what is rare gives way."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Places(NamedTuple):
    """Where keys stand in the table."""

    row: Tensor
    """Of each key, -1 where the table had no room for it, `(n,)` int64."""
    fresh: Tensor
    """Which keys are the first of theirs in a row that was empty or another's, `(n,)` bool."""


class FrequentKeys(nn.Module):
    """Counts of the most frequent keys of a stream.

    After Metwally, Agrawal and El Abbadi, Efficient computation of frequent and top-k elements in data streams, ICDT
    2005; a new key begins at its own count, as rare keys are to be told from frequent ones and not to be ranked.
    """

    keys: Tensor
    counts: Tensor
    idle: Tensor

    def __init__(self, num_rows: int) -> None:
        super().__init__()
        for name in ("keys", "counts", "idle"):
            self.register_buffer(name, torch.zeros(num_rows, dtype=torch.int64))

    def add(self, keys: Tensor) -> Places:
        """Count keys `(n,)` int64, none of them 0. New ones take the rows of those that are not more frequent."""
        unique, of_key, times = torch.unique(keys, return_inverse=True, return_counts=True)
        row = self.find(unique)
        known = row >= 0
        self.counts[row[known]] += times[known]
        self.idle += 1
        self.idle[row[known]] = 0
        # The most frequent new ones take the rows with the lowest counts, of these the ones not seen for longest.
        new = (~known).nonzero()[:, 0]
        new = new[times[new].argsort(descending=True, stable=True)]
        free = (self.counts * (1 << 24) - self.idle.clamp(max=(1 << 24) - 1)).argsort()[: len(new)]
        new = new[: len(free)]
        fits = self.counts[free] <= times[new]
        new, free = new[fits], free[fits]
        row[new] = free
        self.keys[free], self.counts[free], self.idle[free] = unique[new], times[new], 0
        is_new = torch.zeros(len(unique), dtype=torch.bool, device=keys.device)
        is_new[new] = True
        first = torch.full_like(unique, len(keys)).scatter_reduce(
            0, of_key, torch.arange(len(keys), device=keys.device), "amin"
        )
        fresh = torch.zeros(len(keys), dtype=torch.bool, device=keys.device)
        fresh[first[is_new]] = True
        return Places(row[of_key], fresh)

    def find(self, keys: Tensor) -> Tensor:
        """Return the rows of keys of any shape, -1 for those that are not in the table."""
        order = self.keys.argsort()
        at = torch.searchsorted(self.keys[order], keys).clamp(max=len(order) - 1)
        return torch.where(self.keys[order[at]] == keys, order[at], -1)
