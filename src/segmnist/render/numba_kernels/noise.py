"""Random words by address, and the two kinds of noise made of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segmnist.compiled import subroutine
from segmnist.render.numba_kernels.blocks import address_of, copy_frame, fill_frame, uint16_at
from segmnist.render.numba_kernels.layout import BYTE_NOISE, GUIDE_BITS, NO_NOISE, Style, Tables
from segmnist.scene.randomness import PURPOSE_NOISE

Array = NDArray[Any]

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


class NoiseAddress(NamedTuple):
    """The frame, counted without stride, and the halves of the clip's id: with the seed and the split, the noise's key."""

    frame: int
    id_low: int
    id_high: int


@subroutine(is_apart=True)
def fill_random(
    words: Array, start: int, num_blocks: int, purpose: int, address: NoiseAddress, style: Style
) -> None:
    """Fill words[start : start + 4 num_blocks] with Philox4x32-10: 0.3, as LLVM does many blocks at once.

    A call for each block costs 2.4. What lies above the low 32 bits of a word is noise that only the products must not see.
    """
    fixed1 = np.uint64(purpose << 24 | style.split << 16 | address.frame)
    fixed2, fixed3 = np.uint64(address.id_low), np.uint64(address.id_high)
    first = np.uint64(start)
    for i in range(np.uint64(num_blocks)):
        a, b, c, d = np.uint64(i), fixed1, fixed2, fixed3
        k0, k1 = np.uint64(style.key0), np.uint64(style.key1)
        for _ in range(10):
            p0, p1 = (a & _LOW) * np.uint64(0xD2511F53), (c & _LOW) * np.uint64(0xCD9E8D57)
            a, b = (p1 >> _HALF) ^ b ^ k0, p1
            c, d = (p0 >> _HALF) ^ d ^ k1, p0
            k0, k1 = (k0 + np.uint64(0x9E3779B9)) & _LOW, (k1 + np.uint64(0xBB67AE85)) & _LOW
        at = first + np.uint64(4) * i
        words[at] = np.uint32(a)
        words[at + np.uint64(1)] = np.uint32(b)
        words[at + np.uint64(2)] = np.uint32(c)
        words[at + np.uint64(3)] = np.uint32(d)


@subroutine
def draw_background(
    pixels: Array,
    words: Array,
    start: int,
    size: int,
    scratch: Array,
    style: Style,
    tables: Tables,
    address: NoiseAddress,
) -> None:
    """Fill a frame, pixels[start : start + size], with its pepper noise.

    pixels: flat uint8; words: the same memory as uint32, if frames are whole blocks of random words; scratch: uint32, enough
    for the random words of a frame.
    """
    frame = address_of(pixels) + start
    if style.noise_kind == NO_NOISE:
        fill_frame(frame, size, style.background_level)
        return
    if style.noise_kind == BYTE_NOISE and size % 16 == 0:
        fill_random(words, start // 4, size // 16, PURPOSE_NOISE, address, style)
        return
    num_blocks = (size + 15) // 16 if style.noise_kind == BYTE_NOISE else (size + 7) // 8
    fill_random(scratch, 0, num_blocks, PURPOSE_NOISE, address, style)
    if style.noise_kind == BYTE_NOISE:
        copy_frame(frame, address_of(scratch), size)
        return
    first, draws = np.uint64(start), address_of(scratch)
    for i in range(np.uint64(size)):
        pixels[first + i] = tables.noise[uint16_at(draws + 2 * np.int64(i))]


@subroutine(is_apart=True)
def add_sensor_noise(
    pixels: Array,
    start: int,
    size: int,
    scratch: Array,
    style: Style,
    tables: Tables,
    address: NoiseAddress,
    purpose: int,
) -> None:
    """Add a rounded Gaussian deviation to each pixel of a frame, pixels[start : start + size], and clip to 0..255."""
    fill_random(scratch, 0, (size + 3) // 4, purpose, address, style)
    thresholds, guide = tables.sensor_thresholds, tables.sensor_guide
    # Places without a sign: Numba lets others count from the end, which takes a comparison each.
    first, end, reach = np.uint64(start), np.uint64(thresholds.shape[0]), np.int64(style.sensor_reach)
    for i in range(np.uint64(size)):
        bits = np.int64(scratch[i])
        count = np.uint64(guide[np.uint64(bits >> (32 - GUIDE_BITS))])
        while count < end and thresholds[count] <= bits:
            count += np.uint64(1)
        level = np.int64(pixels[first + i]) + np.int64(count) - reach
        pixels[first + i] = min(max(level, 0), 255)
