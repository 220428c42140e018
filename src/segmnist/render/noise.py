"""Noise as whole-number tables: random bits to grey levels, the same on every machine."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from segmnist.render.numba_kernels.layout import GUIDE_BITS
from segmnist.scene.spec import SceneSpec


def is_plain_bytes(spec: SceneSpec) -> bool:
    """Return whether the pepper noise is uniform over all 256 levels everywhere: then a random byte is a pixel."""
    full = spec.noise_density == 1 and tuple(spec.noise_level_range) == (0, 255)
    return full and spec.noise_distribution == "uniform"


@lru_cache(maxsize=64)
def noise_table(spec: SceneSpec) -> NDArray[np.uint8]:
    """Return the grey level for each of 65,536 equally likely draws of a bare background pixel."""
    weights = np.zeros(256)
    if spec.noise_distribution == "origin":
        weights += _wrapped_normal(127.0, 127.0)
    else:
        low, high = spec.noise_level_range
        weights[low : high + 1] = 1.0 / (high - low + 1)
    weights *= spec.noise_density
    weights[spec.background_level] += 1.0 - spec.noise_density
    edges = np.rint(np.cumsum(weights) * 65_536).astype(np.int64)
    edges[-1] = 65_536
    table = np.repeat(np.arange(256, dtype=np.uint8), np.diff(edges, prepend=0))
    table.setflags(write=False)
    return table


def noise_odds(spec: SceneSpec) -> NDArray[np.float64]:
    """Return the odds of each grey level of a bare background pixel, `(256,)` float64, multiples of 2^-16."""
    return np.bincount(noise_table(spec), minlength=256) / 65_536


def noise_bits(spec: SceneSpec) -> float:
    """Return the bits that noise takes in a pixel of the bare background: the entropy of its pepper or sensor noise.

    The larger of the two, as both together have no more than 8 bits. The entropy of a Gaussian is log2(sigma sqrt(2 pi e)).

    >>> noise_bits(SceneSpec()), noise_bits(SceneSpec(noise_density=0))
    (8.0, 0.0)
    """
    odds = noise_odds(spec)
    odds = odds[odds > 0]
    pepper = float(odds @ np.log2(1 / odds))
    sensor = math.log2(max(1.0, spec.sensor_sigma * math.sqrt(2 * math.pi * math.e)))
    return max(pepper, sensor)


def _wrapped_normal(mean: float, sigma: float) -> NDArray[np.float64]:
    """Return P(trunc(N(mean, sigma)) mod 256 = k): truncation toward zero gives 0 the mass of (-1, 1)."""

    def mass_below(value: float) -> float:
        return 0.5 * (1 + math.erf((value - mean) / (sigma * math.sqrt(2))))

    weights = np.zeros(256)
    for whole in range(-1024, 1280):
        low = whole - 1 if whole <= 0 else whole
        high = whole + 1 if whole >= 0 else whole
        weights[whole % 256] += mass_below(high) - mass_below(low)
    return weights / weights.sum()


@lru_cache(maxsize=64)
def sensor_thresholds(sigma: float) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
    """Return the table that turns 32 random bits u into a rounded Gaussian deviation, and a guide into it.

    The deviation is `d - reach` where d counts the thresholds <= u; `reach = len(thresholds) // 2`.
    `guide[u >> (32 - GUIDE_BITS)]` is where the count may start. Few steps are left from there: a frame takes half the
    time that it takes with 256 entries.
    P(deviation) is thus exact to 2^-33.
    """
    reach = math.ceil(6.5 * sigma) + 1
    deviations = range(-reach, reach)
    shares = [0.5 * math.erfc(-(d + 0.5) / (sigma * math.sqrt(2))) for d in deviations]
    thresholds = np.array([round(share * 2**32) for share in shares], dtype=np.int64)
    starts = np.arange(1 << GUIDE_BITS, dtype=np.int64) << (32 - GUIDE_BITS)
    return thresholds, np.searchsorted(thresholds, starts, side="right").astype(np.int16)
