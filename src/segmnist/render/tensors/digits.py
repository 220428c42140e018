"""Digits in tensors: one look into the glyph for each pixel, at the place that `segmnist.render.geometry` says."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from segmnist.render.tensors.inputs import SceneTensors, Style, Tables, diagonal_of
from segmnist.scene.fixed_point import FULL_TURN, ONE

DEPTH, NUMBER, LABEL = 24, 16, 8
"""Where the bytes of a code begin: the digit's depth plus one, its row plus one and its label; the grey level is the lowest.

Of two digits the nearer has the larger code, and 0 is no digit. Codes of what is behind the digits have depth 0.
"""

_ABOVE_LEVEL = 23
"""Bits of a code above the grey level: a depth is at most 64."""


class Poses(NamedTuple):
    """How digits lie in each frame, `(B,N,T)` each or `(B,T)` of one digit, and the codes of their glyphs' pixels.

    The glyph's pixel under a pixel i columns and j rows from that of the digit's centre is (floor v, floor u), Q16, with
    u = a i - b j + u0, v = b i + a j + v0; there is a border of one pixel around the glyph.
    """

    y: Tensor
    x: Tensor
    a: Tensor
    b: Tensor
    u0: Tensor
    v0: Tensor
    reach: Tensor
    """Pixels from the centre's pixel from which on there is no ink."""
    rest_y: Tensor
    """How far in its pixel the centre is, Q16; `rest_x` likewise."""
    rest_x: Tensor
    half_y: Tensor
    """Half the sides of the upright box that `cut_corners` keeps, Q16."""
    half_x: Tensor
    codes: Tensor
    """`(B,N,T,(h+2)(w+2))` int32, what each pixel of the glyph stands for, 0 without ink and around it."""

    def digit(self, n: int) -> Poses:
        """Return the poses of one digit."""
        return Poses(*(tensor[:, n] for tensor in self))


def poses_of(scene: SceneTensors, tables: Tables, style: Style) -> Poses:
    """Return how all digits lie in each frame."""
    scale = scene.scale.to(torch.int64)
    divisor = scale.clamp(min=1)
    a, b = _inverse_coefficients(scene.angle, divisor, tables.sine)
    rest_y, rest_x = scene.y & 0xFFFF, scene.x & 0xFFFF
    j, i = 0xFFFF - 2 * rest_y, 0xFFFF - 2 * rest_x
    half_diagonal = diagonal_of(style.glyph_height, style.glyph_width) << 15
    named = {
        "y": scene.y >> 16,
        "x": scene.x >> 16,
        "a": a,
        "b": b,
        "u0": ((a * i - b * j) >> 17) + (style.glyph_width << 15) + ONE,
        "v0": ((b * i + a * j) >> 17) + (style.glyph_height << 15) + ONE,
        "reach": half_diagonal // ((1 << 32) // divisor - 3).clamp(min=1) + 2,
        "rest_y": rest_y,
        "rest_x": rest_x,
        "half_y": style.glyph_height * scale >> 1,
        "half_x": style.glyph_width * scale >> 1,
    }
    return Poses(
        **{name: tensor.to(_whole(style)) for name, tensor in named.items()}, codes=_codes(scene, style)
    )


def ink_codes(pose: Poses, style: Style, y: Tensor, x: Tensor) -> Tensor:
    """Return the code of one digit's ink at pixels of the frame and outside, 0 without ink: `(B,T,rows,columns)` int32.

    y: the rows, `(rows,)` or `(B,T,rows)`; x: the columns likewise.
    """
    reach, a, b = pose.reach[..., None], pose.a[..., None], pose.b[..., None]
    dy, dx = y - pose.y[..., None], x - pose.x[..., None]
    j, i = (torch.minimum(torch.maximum(d, -reach), reach) for d in (dy, dx))
    u = (a * i + pose.u0[..., None])[:, :, None, :] - (b * j)[..., None]
    v = (b * i)[:, :, None, :] + (a * j + pose.v0[..., None])[..., None]
    (B, T, size), width = pose.codes.shape, style.glyph_width + 2
    first = torch.arange(0, B * T * size, size, device=y.device, dtype=torch.int32).view(B, T, 1, 1)
    # In place, as fresh memory costs more than the arithmetic.
    u.bitwise_right_shift_(16).clamp_(0, width - 1).add_(first)
    place = v.bitwise_right_shift_(16).clamp_(0, style.glyph_height + 1).mul_(width).add_(u)
    codes = pose.codes.flatten().index_select(0, place.flatten()).view(place.shape)
    if not style.cut_corners:
        return codes
    off_y = (dy.to(torch.int64) << 16) + 32_768 - pose.rest_y[..., None]
    off_x = (dx.to(torch.int64) << 16) + 32_768 - pose.rest_x[..., None]
    half_y, half_x = pose.half_y[..., None], pose.half_x[..., None]
    rows, columns = (off_y >= -half_y) & (off_y < half_y), (off_x >= -half_x) & (off_x < half_x)
    return torch.where(rows[..., None] & columns[:, :, None, :], codes, 0)


def brighter(one: Tensor, other: Tensor) -> Tensor:
    """Return, at each pixel, the code of the brighter of two digits; of equally bright ones that of the nearer."""
    one, other = (((code & 255) << _ABOVE_LEVEL) + (code >> LABEL) for code in (one, other))
    best = torch.maximum(one, other)
    return ((best & (1 << _ABOVE_LEVEL) - 1) << LABEL) + (best >> _ABOVE_LEVEL)


def _whole(style: Style) -> torch.dtype:
    return torch.int64 if style.wide else torch.int32


def _inverse_coefficients(angle: Tensor, scale: Tensor, sine: Tensor) -> tuple[Tensor, Tensor]:
    """Return (A, B) in Q16, as `geometry.inverse_coefficients` does."""
    quarter = FULL_TURN // 4
    sines, cosines = sine[angle], sine[angle + quarter]
    odd = 2 * (((cosines.abs() << 16) // scale) >> 15) + 1
    even = 2 * ((((sines.abs() << 16) // scale) + (1 << 14)) >> 15)
    turned_back = (angle >= quarter) & (angle < 3 * quarter)
    return torch.where(turned_back, -odd, odd), torch.where(sines < 0, -even, even)


def _codes(scene: SceneTensors, style: Style) -> Tensor:
    """Return what each pixel of each digit's glyph stands for in each frame, with a border of one pixel without ink."""
    value = scene.glyph[:, :, None].to(_whole(style))
    ink = torch.full_like(value, 255) if style.flat_ink else (value - style.ink_offset).clamp(min=1)
    level = (ink * scene.brightness[..., None, None] >> 16).clamp(max=255).to(torch.int32)
    number = torch.arange(1, scene.y.shape[1] + 1, device=value.device, dtype=torch.int32)
    digit = (number << NUMBER) + (scene.label << LABEL)
    digit = (scene.depth + 1 << DEPTH) + digit[:, :, None]
    is_ink = (value >= style.ink_threshold) & (scene.scale[..., None, None] > 0)
    codes = torch.where(is_ink, digit[..., None, None] + level, 0)
    return torch.nn.functional.pad(codes, (1, 1, 1, 1)).flatten(3)
