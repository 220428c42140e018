"""Random words by address, and the two kinds of noise made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segmnist.render.kernels.layout import BYTE_NOISE, NO_NOISE, Style, Tables
from segmnist.scene.randomness import PURPOSE_NOISE, PURPOSE_SENSOR

Array = NDArray[Any]

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


@njit(nogil=True, cache=True)
def fill_random(words: Array, word1: int, id_low: int, id_high: int, key0: int, key1: int) -> None:
    """Fill `words` with Philox4x32-10: 0.3, as LLVM does 8 blocks at once; a call for each block costs 2.4."""
    fixed1, fixed2, fixed3 = np.uint64(word1), np.uint64(id_low), np.uint64(id_high)
    for i in range(words.shape[0] // 4):
        a, b, c, d = np.uint64(i), fixed1, fixed2, fixed3
        k0, k1 = np.uint64(key0), np.uint64(key1)
        for _ in range(10):
            p0, p1 = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
            a, b = (p1 >> _HALF) ^ b ^ k0, p1 & _LOW
            c, d = (p0 >> _HALF) ^ d ^ k1, p0 & _LOW
            k0, k1 = (k0 + np.uint64(0x9E3779B9)) & _LOW, (k1 + np.uint64(0xBB67AE85)) & _LOW
        words[4 * i] = np.uint32(a)
        words[4 * i + 1] = np.uint32(b)
        words[4 * i + 2] = np.uint32(c)
        words[4 * i + 3] = np.uint32(d)


@njit(nogil=True, cache=True)
def draw_background(
    pixels: Array, scratch: Array, style: Style, tables: Tables, frame: int, id_low: int, id_high: int
) -> None:
    """Fill a frame, `(H*W,)` uint8, with its pepper noise."""
    if style.noise_kind == NO_NOISE:
        pixels[:] = style.background_level
        return
    word1 = PURPOSE_NOISE << 24 | style.split << 16 | frame
    if style.noise_kind == BYTE_NOISE and pixels.shape[0] % 16 == 0:
        fill_random(pixels.view(np.uint32), word1, id_low, id_high, style.key0, style.key1)
        return
    fill_random(scratch, word1, id_low, id_high, style.key0, style.key1)
    if style.noise_kind == BYTE_NOISE:
        pixels[:] = scratch.view(np.uint8)[: pixels.shape[0]]
    else:
        draws = scratch.view(np.uint16)
        for i in range(pixels.shape[0]):
            pixels[i] = tables.noise[draws[i]]


@njit(nogil=True, cache=True)
def add_sensor_noise(
    pixels: Array, scratch: Array, style: Style, tables: Tables, frame: int, id_low: int, id_high: int
) -> None:
    """Add a rounded Gaussian deviation to each pixel of a frame, `(H*W,)` uint8, and clip to 0..255."""
    word1 = PURPOSE_SENSOR << 24 | style.split << 16 | frame
    fill_random(scratch, word1, id_low, id_high, style.key0, style.key1)
    thresholds, guide = tables.sensor_thresholds, tables.sensor_guide
    for i in range(pixels.shape[0]):
        bits = np.int64(scratch[i])
        count = guide[bits >> 24]
        while count < thresholds.shape[0] and thresholds[count] <= bits:
            count += 1
        pixels[i] = min(max(np.int64(pixels[i]) + count - style.sensor_reach, 0), 255)
