"""The few levels of brightness that digits come in, if they do."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

MAX_LEVELS = 4
FEWEST = 200
"""Digits that are needed to tell levels apart; of fewer, all have one level."""
APART = 2.0
"""Levels nearer to one another than so many standard deviations of a usual digit's mean are one."""
ROUNDS = 100
SURE = 0.95
"""A digit has a level that is at least so probable."""


class Mixture(NamedTuple):
    """K normal distributions whose variance is `variance` over the number of pixels."""

    offsets: Tensor  # (K,) float64
    shares: Tensor  # (K,) float64
    variance: float


class Brightness(nn.Module):
    """Levels of brightness, by how far a digit's mean grey level is from that of digits that look the same.

    They are found in the first batch: a mixture of normal distributions by EM, with the number of levels that has the lowest
    BIC (Bishop, Pattern Recognition and Machine Learning, 2006, sections 9.2 and 4.4).
    """

    offsets: Tensor
    shares: Tensor
    variance: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("offsets", "shares"):
            self.register_buffer(name, torch.zeros(MAX_LEVELS, dtype=torch.float64))
        self.register_buffer("variance", torch.zeros((), dtype=torch.float64))

    def add(self, distance: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return how much brighter digits are than is usual, `(D,)` float64, and for which that is sure, `(D,)` bool.

        distance: of their mean grey levels from those of the same look, `(D,)` float64. pixels: how many that is the mean of.
        """
        seen = pixels > 0
        if not self.shares.any():
            found = _levels(distance[seen], pixels[seen].double())
            number = len(found.offsets)
            self.offsets[:number], self.shares[:number] = found.offsets, found.shares
            self.variance.fill_(found.variance)
        known = Mixture(*self.levels(), float(self.variance))
        probability, level = _responsibilities(known, distance, pixels.double()).max(dim=1)
        return known.offsets[level], seen & (probability >= SURE)

    def levels(self) -> tuple[Tensor, Tensor]:
        """Return how much brighter each level is than is usual, and its share of the digits, `(K,)` float64 each."""
        number = max(int((self.shares > 0).sum()), 1)
        return self.offsets[:number], self.shares[:number].clamp(min=torch.finfo(torch.float64).tiny)


def _levels(distance: Tensor, pixels: Tensor) -> Mixture:
    """Return the mixture of one level or more that explains the digits best."""
    only = Mixture(distance.new_zeros(1), distance.new_ones(1), 1.0)
    if len(distance) < FEWEST:
        return only
    candidates = [_fitted(distance, pixels, number) for number in range(1, MAX_LEVELS + 1)]
    best, lowest = only._replace(variance=candidates[0].variance), _bic(candidates[0], distance, pixels)
    for found in candidates[1:]:
        deviation = math.sqrt(found.variance / float(pixels.median()))
        gaps = found.offsets.sort().values.diff()
        bic = _bic(found, distance, pixels)
        if bic < lowest and gaps.min() > APART * deviation:
            best, lowest = found, bic
    return best


def _fitted(distance: Tensor, pixels: Tensor, number: int) -> Mixture:
    """Return a mixture of so many levels, by EM."""
    ranks = (torch.arange(number, dtype=torch.float64, device=distance.device) + 0.5) / number
    offsets, shares = torch.quantile(distance, ranks), torch.full_like(ranks, 1 / number)
    variance = float((pixels * (distance - distance.median()).square()).mean())
    found = Mixture(offsets, shares, variance)
    for _ in range(ROUNDS):
        own = _responsibilities(found, distance, pixels)
        weight = own * pixels[:, None]
        offsets = (weight * distance[:, None]).sum(0) / weight.sum(0).clamp(min=1e-9)
        variance = float((weight * (distance[:, None] - offsets).square()).sum() / len(distance))
        found = Mixture(offsets, own.mean(0), max(variance, 1e-9))
    return found


def _log_densities(mixture: Mixture, distance: Tensor, pixels: Tensor) -> Tensor:
    """Return the log-densities of each digit with each level, `(D, K)` float64."""
    precision = pixels[:, None] / mixture.variance
    errors = (distance[:, None] - mixture.offsets).square()
    return mixture.shares.log() + 0.5 * (
        precision.clamp(min=1e-9).log() - math.log(2 * math.pi) - precision * errors
    )


def _responsibilities(mixture: Mixture, distance: Tensor, pixels: Tensor) -> Tensor:
    return _log_densities(mixture, distance, pixels).softmax(1)


def _bic(mixture: Mixture, distance: Tensor, pixels: Tensor) -> float:
    likelihood = float(_log_densities(mixture, distance, pixels).logsumexp(1).sum())
    return 2 * len(mixture.offsets) * math.log(len(distance)) - 2 * likelihood
