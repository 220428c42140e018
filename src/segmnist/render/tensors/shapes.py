"""Shapes in tensors: on every row of the frame a shape covers one run of columns."""

from __future__ import annotations

import torch
from torch import Tensor

from segmnist.render.tensors.inputs import SceneTensors, Style, Tables
from segmnist.scene.parameters import ELLIPSE, RECTANGLE, TRIANGLE_DOWN


def planes_of(scene: SceneTensors, style: Style) -> Tensor:
    """Return which shape each pixel shows, as if there were no digits, in bits: `(planes,B,T,H,words)` int64.

    Plane i has a bit a pixel, 64 in a word: binary digit i of s + 1 where shape s is seen, 0 where none is.
    """
    bits = _bits(scene, style)
    num_shapes, covered = bits.shape[1], bits.new_zeros((*bits.shape[:1], *bits.shape[2:]))
    planes = [covered] * num_shapes.bit_length()
    for s in reversed(range(num_shapes)):
        seen, covered = bits[:, s] & ~covered, covered | bits[:, s]
        planes = [plane | seen if (s + 1) >> i & 1 else plane for i, plane in enumerate(planes)]
    return torch.stack(planes) if planes else bits.new_zeros((0, *covered.shape))


def shapes_seen(planes: Tensor, tables: Tables, style: Style) -> Tensor:
    """Return s + 1 where the planes say that shape s is seen, 0 where none is: `(B,T,H,W)` uint8."""
    octets = planes.view(torch.uint8).to(torch.int32)
    numbers = planes.new_zeros(octets.shape[1:])
    for i in range(len(planes)):
        numbers = numbers | tables.spread.index_select(0, octets[i].flatten()).view(numbers.shape) << i
    return numbers.view(torch.uint8)[..., : style.width]


def _bits(scene: SceneTensors, style: Style) -> Tensor:
    """Return where each shape lies in the frame, a bit a pixel: `(B,S,T,H,words)` int64."""
    y = torch.arange(style.height, device=scene.y.device)
    row = y - scene.shape_y[..., None]
    is_row = (row >= 0) & (row < scene.shape_height[:, :, None, None])
    place = row.clamp(0, style.longest_shape - 1).flatten(2)
    first, stop = (
        run.gather(2, place).view(row.shape) + scene.shape_x[..., None] for run in _runs(scene, style)
    )
    word = torch.arange(0, style.width, 64, device=scene.y.device)
    until, before = (
        _lowest((column[..., None] - word).clamp(0, 64))
        for column in (torch.where(is_row, stop, 0).clamp(max=style.width), first)
    )
    return until & ~before


def _lowest(count: Tensor) -> Tensor:
    """Return words whose lowest `count` bits are set, 0 to 64 of them; a shift by 64 at once would do nothing."""
    half = count >> 1
    return ~(-1 << half << (count - half))


def _runs(scene: SceneTensors, style: Style) -> tuple[Tensor, Tensor]:
    """Return first and stop of the columns of each row of each shape, from its left edge on: `(B,S,rows)` int64.

    Derived from the inequalities in `reference.shape_mask`, solved for the column.
    """
    h, w, apex, kind = (
        tensor[:, :, None].to(torch.int64)
        for tensor in (scene.shape_height, scene.shape_width, scene.shape_apex, scene.shape_kind)
    )
    row, height = torch.arange(style.longest_shape, device=h.device), h.clamp(min=1)
    chord = _chord(h, w, row, style)
    below_apex = 2 * torch.where(kind == TRIANGLE_DOWN, h - 1 - row, row) + 1
    left, right = apex * (2 * h - below_apex), 2 * h * apex + (w - apex) * below_apex
    first, stop = (-(-edge // height) // 2 for edge in (left, right))
    is_ellipse, is_rectangle = kind == ELLIPSE, kind == RECTANGLE
    first = torch.where(is_rectangle, 0, torch.where(is_ellipse, (w - chord) // 2, first))
    stop = torch.where(is_rectangle, w, torch.where(is_ellipse, (w + 1 + chord) // 2, stop))
    return first.clamp(min=0), torch.minimum(stop, w)


def _chord(h: Tensor, w: Tensor, row: Tensor, style: Style) -> Tensor:
    """Return the largest k with (k h)^2 <= w^2 (h^2 - (2 row + 1 - h)^2), bit by bit; 0 outside the shape."""
    limit = w**2 * (h**2 - (2 * row + 1 - h) ** 2)
    chord = torch.zeros_like(limit)
    for bit in reversed(range(style.longest_shape.bit_length())):
        longer = chord + (1 << bit)
        chord = torch.where((longer * h) ** 2 <= limit, longer, chord)
    return chord
