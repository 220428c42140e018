"""Noise of a sensor: Gaussian, shot and impulse noise, new in every frame."""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from segmnist.corruptions.draws import Draws

Frames = NDArray[np.uint8]

QUANTILE_BITS = 12
"""Noise takes one of 4,096 equally likely values: the middles of as many slices of its distribution."""


def gaussian_noise(video: Frames, sigma: int, draws: Draws) -> Frames:
    """Add noise N(0, sigma), in grey levels, to every pixel."""
    noisy = np.empty_like(video)
    for t, frame in enumerate(video):
        deviation = sigma * _normal_quantiles()[draws.of_frame(t, frame.shape) >> (32 - QUANTILE_BITS)]
        noisy[t] = np.clip(frame + (deviation + 128 >> 8), 0, 255)
    return noisy


def shot_noise(video: Frames, photons: int, draws: Draws) -> Frames:
    """Replace every pixel by a Poisson count of photons, of which a white pixel expects this many."""
    table = _poisson_quantiles(photons)
    noisy = np.empty_like(video)
    for t, frame in enumerate(video):
        noisy[t] = table[frame, draws.of_frame(t, frame.shape) >> (32 - QUANTILE_BITS)]
    return noisy


def impulse_noise(video: Frames, percent: int, draws: Draws) -> Frames:
    """Turn this share of the pixels black or white, each as often: salt and pepper."""
    noisy = video.copy()
    for t, frame in enumerate(noisy):
        word = draws.of_frame(t, frame.shape)
        hit = word < (percent << 32) // 100
        frame[hit] = np.where(word[hit] & 1, np.uint8(255), np.uint8(0))
    return noisy


@lru_cache(maxsize=1)
def _normal_quantiles() -> NDArray[np.int64]:
    """Return the quantiles of the normal distribution, in 1/256, `(4096,)` int64."""
    normal, number = NormalDist(), 1 << QUANTILE_BITS
    return np.array([round(256 * normal.inv_cdf((i + 0.5) / number)) for i in range(number)], np.int64)


@lru_cache(maxsize=8)
def _poisson_quantiles(photons: int) -> NDArray[np.uint8]:
    """Return the grey level for each grey level of the frame and each of 4,096 draws, `(256, 4096)` uint8."""
    number = 1 << QUANTILE_BITS
    middles = 2 * np.arange(number) + 1
    table = np.zeros((256, number), np.uint8)
    for grey in range(256):
        counts = np.searchsorted(_poisson_edges(grey, photons), middles, side="left")
        table[grey] = np.minimum((2 * 255 * counts + photons) // (2 * photons), 255)
    return table


def _poisson_edges(grey: int, photons: int) -> NDArray[np.int64]:
    """Return P(count <= k) in units of 1/8192 for k = 0, 1, ...; decimal arithmetic rounds alike on every machine."""
    top = 2 << QUANTILE_BITS
    with localcontext() as context:
        context.prec = 28
        mean = Decimal(grey * photons) / 255
        share = (-mean).exp()
        below, edges = share, [int(share * top)]
        while edges[-1] < top - 1:
            share = share * mean / len(edges)
            below += share
            edges.append(int(below * top))
    return np.array(edges, np.int64)
