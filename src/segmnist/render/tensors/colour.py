"""Frames in colour in tensors: tints of the surfaces seen, times the grey levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segmnist.render.tensors.inputs import NO_NOISE, SceneTensors, Style, Tables
from segmnist.render.tensors.noise import with_sensor_noise
from segmnist.render.tensors.philox import words
from segmnist.scene.colours import colours_of, packed_tints
from segmnist.scene.parameters import TILE
from segmnist.scene.spec import SceneSpec


class Palette(NamedTuple):
    """The colours of a scene on a device, int64: those of `segmnist.scene.colours`."""

    tints: Tensor
    """`(B,2K+256)` packed."""
    tiles: Tensor
    cells: Tensor

    def part(self, clips: slice) -> Palette:
        """Return the colours of some clips."""
        return Palette(*(tensor[clips] for tensor in self))


def palette_of(
    spec: SceneSpec, clip_ids: NDArray[Any], *, split: str, seed: int, device: torch.device
) -> Palette:
    """Return the colours of clips on a device."""
    colours = colours_of(spec, clip_ids, split=split, seed=seed)
    arrays = (packed_tints(colours), colours.tiles.view(np.int64), colours.cells)
    return Palette(*(torch.from_numpy(array).to(device) for array in arrays))


def colour(
    scene: SceneTensors, palette: Palette, tables: Tables, style: Style, out: Mapping[str, Tensor]
) -> None:
    """Write `rgb` `(B,T,H,W,3)` uint8, given what it is made of: `noiseless`, `instance` and `shape_instance`."""
    digit, shape = (out[name].to(torch.int64) for name in ("instance", "shape_instance"))
    (H, W), num_digits = digit.shape[2:], scene.y.shape[1]
    surface = torch.where(digit > 0, digit, torch.where(shape > 0, num_digits + shape, 0))
    flat = surface.flatten(1)
    tile, cell = (of.gather(1, flat).view(surface.shape) for of in (palette.tiles, palette.cells))
    y, x = (torch.arange(side, device=digit.device) for side in (H, W))
    i = (y[:, None] - _corners(scene.shape_y, num_digits, surface)) // cell % TILE
    j = (x - _corners(scene.shape_x, num_digits, surface)) // cell % TILE
    place = 2 * surface + (tile >> (TILE * i + j) & 1)
    clip_words = scene.clip_words.to(torch.int64) & 0xFFFFFFFF
    if style.noise != NO_NOISE:
        bits = words(clip_words, tables.hue_words, tables.keys, -(-H * W // 4)).to(torch.int32)
        hues = bits.view(torch.uint8)[..., : H * W].reshape(surface.shape)
        place = torch.where(surface == 0, 2 * palette.tiles.shape[1] + hues.to(torch.int64), place)
    shaded = out["noiseless"].to(torch.int64) * palette.tints.gather(1, place.flatten(1)).view(place.shape)
    parts = torch.stack([shaded >> shift & 0xFF for shift in (8, 24, 40)], dim=-1).to(torch.uint8)
    out["rgb"][:] = with_sensor_noise(parts, clip_words, tables.colour_sensor_words, tables, style)


def _corners(place: Tensor, num_digits: int, surface: Tensor) -> Tensor:
    """Return where the texture that each pixel shows begins, along y or x; `place`: `(B,S,T)`, that of the shapes."""
    of_surfaces = torch.nn.functional.pad(place.to(torch.int64), (0, 0, 1 + num_digits, 0)).transpose(1, 2)
    return of_surfaces.gather(2, surface.flatten(2)).view(surface.shape)
