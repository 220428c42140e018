"""How grey levels scatter about their mean, counted: the noise of a video, whatever it is."""

from __future__ import annotations

import torch
from torch import Tensor, nn

BORROWED = 1000
"""Grey levels that a mean borrows from other means; what it has seen itself soon weighs more."""


class GreyLevels(nn.Module):
    """Counts of grey levels by the mean of their place, rounded, `(256, 256)`."""

    counts: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("counts", torch.zeros(256, 256, dtype=torch.int64))

    def add(self, means: Tensor, grey: Tensor, known: Tensor) -> None:
        """Count the grey levels, int64, of places whose mean is known; all of one shape."""
        cell = 256 * means[known].round().long() + grey[known]
        self.counts += torch.bincount(cell, minlength=256 * 256).reshape(256, 256)

    def log_likelihood(self) -> Tensor:
        """Return the log-probability of each grey level by the mean, `(256, 256)` float32."""
        counts, mean = self.counts.double(), torch.arange(256, device=self.counts.device)
        near = (-(mean[:, None] - mean).square() / 8).exp().double()
        # From means beside it, each with at most as many as are borrowed, and a little from all that was ever seen.
        borrowed = near @ (counts / (1 + counts.sum(1, keepdim=True) / BORROWED))
        borrowed += (counts.sum(0) + 1) / (counts.sum() + 256)
        shares = counts + BORROWED * borrowed / borrowed.sum(1, keepdim=True)
        return (shares / shares.sum(1, keepdim=True)).log().float()
