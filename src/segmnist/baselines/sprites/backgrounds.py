"""A few backgrounds: what clips show where no digit is, sorted into as many means as there may be."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

BLOCK = 4
"""Clips are compared by means over blocks of this many pixels a side, in which there is less noise."""
DOUBT = 10
"""Two backgrounds are one if their squared distance is less than this many times what is expected of noise."""
ROUNDS = 5
"""How often the first batch is sorted anew."""


class Backgrounds(nn.Module):
    """K mean videos `(T, H, W)`, by mini-batch k-means over the pixels without digits.

    After Sculley, Web-scale k-means clustering, WWW 2010; the first means are clips of the first batch, each the
    farthest from those before (Gonzalez, Clustering to minimize the maximum intercluster distance, TCS 1985).
    """

    light: Tensor
    counts: Tensor

    def __init__(self, num_backgrounds: int, clip_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.register_buffer("light", torch.zeros(num_backgrounds, *clip_shape, dtype=torch.float64))
        self.register_buffer("counts", torch.zeros(num_backgrounds, *clip_shape, dtype=torch.int64))

    def add(self, grey: Tensor, bare: Tensor) -> Tensor:
        """Sort clips in and return their backgrounds, `(B,)` int64.

        grey: `(B, T, H, W)` int64, bare: the same in bool, where no digit is.
        """
        if self.counts.any():
            nearest = self.nearest(grey, bare)
        else:
            nearest = self._sorted(grey, bare)
        self._put(grey, bare, nearest)
        return nearest

    def _sorted(self, grey: Tensor, bare: Tensor) -> Tensor:
        """Return the backgrounds of the clips of the first batch."""
        features = _coarse(grey, bare)
        nearest = _farthest_apart(features, len(self.counts))
        for _ in range(ROUNDS):
            self._put(grey, bare, nearest)
            nearest = _without_doubles(self.nearest(grey, bare), features)
            self.light.zero_()
            self.counts.zero_()
        return nearest

    def nearest(self, grey: Tensor, bare: Tensor) -> Tensor:
        """Return which background is most like each clip where that is bare, `(B,)` int64; both `(B, T, H, W)`."""
        means = self.means()
        distance = torch.cdist(_coarse(grey, bare), _coarse(means, torch.ones_like(means)))
        distance[:, ~self.counts.flatten(1).any(dim=1)] = torch.inf
        return distance.argmin(dim=1)

    def means(self) -> Tensor:
        """Return the mean grey levels, `(K, T, H, W)` float64; a pixel that was never bare has the mean of all."""
        everywhere = self.light.sum() / self.counts.sum().clamp(min=1)
        return torch.where(self.counts > 0, self.light / self.counts.clamp(min=1), everywhere)

    def _put(self, grey: Tensor, bare: Tensor, nearest: Tensor) -> None:
        self.light.index_add_(0, nearest, (grey * bare).double())
        self.counts.index_add_(0, nearest, bare.long())


def _coarse(clips: Tensor, bare: Tensor) -> Tensor:
    """Return the means over the bare pixels of each block of clips `(B, T, H, W)`, `(B, F)` float32."""
    light, share = (
        functional.avg_pool2d(x.float(), BLOCK, ceil_mode=True).flatten(1) for x in (clips * bare, bare)
    )
    everywhere = light.sum() / share.sum().clamp(min=1)
    return torch.where(share > 0, light / share.clamp(min=BLOCK**-2), everywhere)


def _farthest_apart(features: Tensor, count: int) -> Tensor:
    """Return which of `count` rows, each far from those chosen before, is nearest to each of all, `(B,)` int64."""
    chosen = [0]
    for _ in range(count - 1):
        chosen.append(int(torch.cdist(features, features[chosen]).amin(dim=1).argmax()))
    return torch.cdist(features, features[chosen]).argmin(dim=1)


def _without_doubles(nearest: Tensor, features: Tensor) -> Tensor:
    """Return the groups of rows `(B, F)`, with those made one whose means differ by no more than chance explains."""
    nearest = nearest.clone()
    means: dict[int, tuple[Tensor, int, float]] = {}
    for group in sorted(set(nearest.tolist())):
        rows = features[nearest == group]
        for other, (mean, size, scatter) in means.items():
            # Of means of n and m rows that scatter alike.
            chance = max(scatter, _scatter(rows)) * (1 / len(rows) + 1 / size)
            if (rows.mean(0) - mean).square().mean() < DOUBT * chance:
                nearest[nearest == group] = other
                break
        else:
            means[group] = rows.mean(0), len(rows), _scatter(rows)
    return nearest


def _scatter(rows: Tensor) -> float:
    """Return the mean variance of a column."""
    return float((rows - rows.mean(0)).square().sum() / max(len(rows) - 1, 1) / rows.shape[1])
