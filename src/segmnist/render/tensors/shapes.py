"""Shapes in tensors: on every row of the frame a shape covers one run of columns."""

from __future__ import annotations

import torch
from torch import Tensor

from segmnist.render.tensors.inputs import SceneTensors, Style
from segmnist.scene.parameters import ELLIPSE, RECTANGLE, TRIANGLE_DOWN


def shapes_seen(scene: SceneTensors, style: Style) -> Tensor:
    """Return which shape each pixel shows, `(s + 1) << 8 | level` of shape s, 0 where there is none: `(B,T,H,W)` int16."""
    (B, S, T), width = scene.shape_y.shape, style.width
    first, stop = _runs_in_frame(scene, style)
    code = (torch.arange(1, S + 1, device=first.device) << 8 | scene.shape_level).to(torch.int16)
    x = torch.arange(width, device=first.device, dtype=torch.int16)
    seen = first.new_zeros((B, T, style.height, width))
    for s in range(S):
        inside = (x >= first[:, s, :, :, None]) & (x < stop[:, s, :, :, None])
        seen = torch.where(inside, code[:, s, None, None, None], seen)
    return seen


def _runs_in_frame(scene: SceneTensors, style: Style) -> tuple[Tensor, Tensor]:
    """Return first and stop of the columns that each shape covers on each row of the frame, `(B,S,T,H)` int16."""
    y = torch.arange(style.height, device=scene.y.device)
    row = y - scene.shape_y[..., None]
    is_row = (row >= 0) & (row < scene.shape_height[:, :, None, None])
    place = row.clamp(0, style.longest_shape - 1).flatten(2)
    first, stop = (
        (run.gather(2, place).view(row.shape) + scene.shape_x[..., None]).clamp(0, style.width)
        for run in _runs(scene, style)
    )
    return first.to(torch.int16), torch.where(is_row, stop, 0).to(torch.int16)


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
