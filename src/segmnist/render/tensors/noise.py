"""Pepper noise and sensor noise in tensors."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from segmnist.render.tensors.inputs import BYTE_NOISE, NO_NOISE, Style, Tables
from segmnist.render.tensors.philox import words


def background(clip_words: Tensor, tables: Tables, style: Style) -> Tensor:
    """Return the bare background `(B,T,H,W)` uint8, before any shape covers it."""
    size, shape = (
        style.height * style.width,
        (len(clip_words), len(tables.noise_words), style.height, style.width),
    )
    if style.noise == NO_NOISE:
        return clip_words.new_full(shape, style.background_level, dtype=torch.uint8)
    draws = 1 if style.noise == BYTE_NOISE else 2
    bits = words(clip_words, tables.noise_words, tables.keys, -(-size * draws // 4))
    if style.noise == BYTE_NOISE:
        levels = bits.to(torch.int32).view(torch.uint8)
    else:
        halves = torch.stack((bits & 0xFFFF, bits >> 16), dim=-1).flatten(-2)
        levels = tables.noise[halves]
    return levels[..., :size].reshape(shape)


def with_sensor_noise(
    video: Tensor, clip_words: Tensor, sensor_words: Tensor, tables: Tables, style: Style
) -> Tensor:
    """Return frames `(B,T,H,W)` or `(B,T,H,W,3)` uint8 as the sensor sees them: a deviation added, clipped to 0..255.

    sensor_words: `(T,)`, the second word of the addresses of the deviations.
    """
    if style.sensor_reach == 0:
        return video
    bits = words(clip_words, sensor_words, tables.keys, math.prod(video.shape[2:]))
    above = torch.searchsorted(tables.sensor, bits.contiguous(), right=True, out_int32=True)
    return (video + (above - style.sensor_reach).view(video.shape)).clamp(0, 255).to(torch.uint8)
