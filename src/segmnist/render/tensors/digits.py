"""Digits in tensors: one look into the glyph for each pixel, at the place that `segmnist.render.geometry` says."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from segmnist.render.tensors.inputs import SceneTensors, Style, Tables, diagonal_of
from segmnist.scene.fixed_point import FULL_TURN

DEPTH, INSTANCE, LABEL = 19, 12, 8
"""Where in a code the digit's depth plus one, its row plus one, and its label begin; the grey level is below.

Of two digits the nearer has the larger code, and 0 is no digit.
"""


class Pose(NamedTuple):
    """How a digit lies in each frame, `(B,T)` each, and the codes of its glyph's pixels.

    The glyph's pixel under a pixel i columns and j rows from that of the digit's centre is (floor v, floor u), Q16, with
    u = a i - b j + u0, v = b i + a j + v0.
    """

    y: Tensor
    x: Tensor
    a: Tensor
    b: Tensor
    u0: Tensor
    v0: Tensor
    reach: Tensor
    """Pixels from the centre's pixel from which on there is no ink."""
    codes: Tensor
    """`(B,T,(h+2)(w+2))` int32, depth, row, label and level of each pixel of the glyph, 0 without ink and around it."""
    cut: tuple[Tensor, Tensor, Tensor, Tensor] | None
    """Offset of the centre in its pixel, y and x, and half the sides of the box that `cut_corners` keeps, all Q16."""


def pose_of(scene: SceneTensors, tables: Tables, style: Style, n: int) -> Pose:
    """Return how digit n lies in each frame."""
    scale = scene.scale[:, n].to(torch.int64)
    a, b = _inverse_coefficients(scene.angle[:, n], scale.clamp(min=1), tables.sine)
    centre_y, centre_x = scene.y[:, n].to(torch.int64), scene.x[:, n].to(torch.int64)
    rest_y, rest_x = centre_y & 0xFFFF, centre_x & 0xFFFF
    j, i = 0xFFFF - 2 * rest_y, 0xFFFF - 2 * rest_x
    u0 = ((a * i - b * j) >> 17) + (style.glyph_width << 15)
    v0 = ((b * i + a * j) >> 17) + (style.glyph_height << 15)
    half_diagonal = diagonal_of(style.glyph_height, style.glyph_width) << 15
    reach = half_diagonal // ((1 << 32) // scale.clamp(min=1) - 3).clamp(min=1) + 2
    dtype = torch.int64 if style.wide else torch.int32
    named = {"y": centre_y >> 16, "x": centre_x >> 16, "a": a, "b": b, "u0": u0, "v0": v0, "reach": reach}
    narrowed = {name: value.to(dtype) for name, value in named.items()}
    cut = None
    if style.cut_corners:
        cut = rest_y, rest_x, style.glyph_height * scale >> 1, style.glyph_width * scale >> 1
    return Pose(**narrowed, codes=_codes(scene, style, n), cut=cut)


def ink_codes(pose: Pose, style: Style, y: Tensor, x: Tensor) -> Tensor:
    """Return the code of the digit's ink at pixels of the frame and outside, 0 without ink: `(B,T,rows,columns)` int32.

    y: the rows, `(rows,)` or `(B,T,rows)`; x: the columns likewise.
    """
    reach = pose.reach[..., None]
    dy, dx = y - pose.y[..., None], x - pose.x[..., None]
    j, i = (torch.minimum(torch.maximum(d, -reach), reach) for d in (dy, dx))
    a, b = pose.a[..., None], pose.b[..., None]
    u = ((a * i + pose.u0[..., None])[:, :, None, :] - (b * j)[..., None]) >> 16
    v = ((b * i)[:, :, None, :] + (a * j + pose.v0[..., None])[..., None]) >> 16
    # The glyph has a border without ink.
    u, v = u.clamp(-1, style.glyph_width) + 1, v.clamp(-1, style.glyph_height) + 1
    place = v * (style.glyph_width + 2) + u
    codes = pose.codes.gather(2, place.flatten(2).to(torch.int64)).view(place.shape)
    if pose.cut is None:
        return codes
    rest_y, rest_x, half_y, half_x = (value[..., None] for value in pose.cut)
    off_y, off_x = (dy << 16) + 32_768 - rest_y, (dx << 16) + 32_768 - rest_x
    rows, columns = (off_y >= -half_y) & (off_y < half_y), (off_x >= -half_x) & (off_x < half_x)
    return torch.where(rows[..., None] & columns[:, :, None, :], codes, 0)


def instance_of(codes: Tensor) -> Tensor:
    """Return the digit's row plus one of each code, uint8, 0 for no digit."""
    return (codes >> INSTANCE & 127).to(torch.uint8)


def label_of(codes: Tensor) -> Tensor:
    """Return the label of each code, uint8."""
    return (codes >> LABEL & 15).to(torch.uint8)


def level_of(codes: Tensor) -> Tensor:
    """Return the grey level of each code, uint8."""
    return (codes & 255).to(torch.uint8)


def _inverse_coefficients(angle: Tensor, scale: Tensor, sine: Tensor) -> tuple[Tensor, Tensor]:
    """Return (A, B) in Q16, as `geometry.inverse_coefficients` does."""
    quarter = FULL_TURN // 4
    sines, cosines = sine[angle], sine[angle + quarter]
    odd = 2 * (((cosines.abs() << 16) // scale) >> 15) + 1
    even = 2 * ((((sines.abs() << 16) // scale) + (1 << 14)) >> 15)
    turned_back = (angle >= quarter) & (angle < 3 * quarter)
    return torch.where(turned_back, -odd, odd), torch.where(sines < 0, -even, even)


def _codes(scene: SceneTensors, style: Style, n: int) -> Tensor:
    """Return what each pixel of the glyph of digit n stands for in each frame, with a border of one pixel of no ink."""
    value = scene.glyph[:, n, None].to(torch.int64)
    ink = 255 if style.flat_ink else (value - style.ink_offset).clamp(min=1)
    brightness = scene.brightness[:, n, :, None, None].to(torch.int64)
    level = (ink * brightness >> 16).clamp(max=255)
    digit = (scene.depth[:, n] + 1) << DEPTH | (n + 1) << INSTANCE | scene.label[:, n, None] << LABEL
    is_ink = (value >= style.ink_threshold) & (scene.scale[:, n, :, None, None] > 0)
    codes = torch.where(is_ink, digit[..., None, None] | level, 0).to(torch.int32)
    return torch.nn.functional.pad(codes, (1, 1, 1, 1)).flatten(2)
