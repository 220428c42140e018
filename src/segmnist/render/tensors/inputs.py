"""What the program takes: a Scene on a device, sent in one copy, and the numbers that its code depends on."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from segmnist.digits.bank import DigitBank
from segmnist.render.derived import real_digits, real_shapes
from segmnist.render.noise import is_plain_bytes, noise_table, sensor_thresholds
from segmnist.render.tensors.philox import round_keys
from segmnist.scene.fixed_point import ONE, sine_table
from segmnist.scene.randomness import (
    PURPOSE_COLOUR_SENSOR,
    PURPOSE_HUE,
    PURPOSE_NOISE,
    PURPOSE_SENSOR,
    SPLITS,
)
from segmnist.scene.scene import Scene
from segmnist.scene.spec import SceneSpec

NO_NOISE, BYTE_NOISE, TABLE_NOISE = range(3)

LEAST_SCALE, MOST_BRIGHTNESS = 64, 1 << 22
"""The least scale, Q16, for which places in any glyph fit into 32 bits, and the most brightness for which levels do."""


_ROUNDING = 64
"""Q16 units by which a digit may exceed the largest scale of its spec: sizes, growth and pulses are rounded, by 33 at most."""


class Style(NamedTuple):
    """The numbers that the program's code depends on: those of the spec and of the bank, and a few bounds of the scene."""

    height: int
    width: int
    glyph_height: int
    glyph_width: int
    ink_threshold: int
    ink_offset: int
    flat_ink: bool
    brighter_is_seen: bool
    """Whether the brighter of two digits is seen where they overlap, not the nearer."""
    cut_corners: bool
    noise: int
    background_level: int
    background_class: int
    sensor_reach: int
    reach: int
    """Pixels from a digit's centre beyond which no digit has ink."""
    longest_shape: int
    """Height or width that no shape exceeds."""
    wide: bool
    """Whether places in the glyph or levels need 64 bits."""


class SceneTensors(NamedTuple):
    """A Scene's arrays on a device, int32 but for `glyph` (uint8); what is not drawn has scale or height 0."""

    glyph: Tensor
    """`(B,N,h,w)` the images themselves."""
    clip_words: Tensor
    """`(B,2)` lower and upper 32 bits of the clip id; as int32 they may be negative."""
    num_digits: Tensor
    label: Tensor
    shape_kind: Tensor
    shape_height: Tensor
    shape_width: Tensor
    shape_apex: Tensor
    shape_level: Tensor
    y: Tensor
    x: Tensor
    angle: Tensor
    scale: Tensor
    brightness: Tensor
    depth: Tensor
    shape_y: Tensor
    shape_x: Tensor

    def part(self, clips: slice, frames: slice) -> SceneTensors:
        """Return some frames of some clips, as views."""
        of_clips = {name: tensor[clips] for name, tensor in self._asdict().items()}
        over_time = ("y", "x", "angle", "scale", "brightness", "depth", "shape_y", "shape_x")
        return SceneTensors(**{**of_clips, **{name: of_clips[name][:, :, frames] for name in over_time}})


class Tables(NamedTuple):
    """What the program looks things up in, int64 but for `noise` (uint8)."""

    sine: Tensor
    keys: Tensor
    noise_words: Tensor
    """`(T,)` the second word of the address of each frame's noise; the next three of what their names say."""
    sensor_words: Tensor
    hue_words: Tensor
    colour_sensor_words: Tensor
    noise: Tensor
    """`(65536,)` grey level of each draw."""
    sensor: Tensor
    """Thresholds of the sensor's deviations."""
    spread: Tensor
    """`(256,)` the bits of a byte, each as a byte of its own."""

    def part(self, frames: slice) -> Tables:
        """Return the tables of some frames."""
        named = {name: part for name, part in self._asdict().items() if name in _OVER_TIME}
        return self._replace(**{name: part[frames] for name, part in named.items()})


_OVER_TIME = ("noise_words", "sensor_words", "hue_words", "colour_sensor_words")


def style_of_spec(spec: SceneSpec, bank: DigitBank) -> Style:
    """Return the style of all scenes of a spec and a bank."""
    glyph_height, glyph_width = bank.images.shape[1:]
    if is_plain_bytes(spec):
        noise = BYTE_NOISE
    else:
        noise = TABLE_NOISE if spec.noise_density > 0 else NO_NOISE
    return Style(
        height=spec.height,
        width=spec.width,
        glyph_height=glyph_height,
        glyph_width=glyph_width,
        ink_threshold=spec.ink_threshold,
        ink_offset=spec.ink_offset,
        flat_ink=bool(spec.grey_levels),
        brighter_is_seen=spec.blend == "max",
        cut_corners=spec.cut_corners,
        noise=noise,
        background_level=spec.background_level,
        background_class=bank.classes.background,
        sensor_reach=len(sensor_thresholds(spec.sensor_sigma)[0]) // 2 if spec.sensor_sigma else 0,
        reach=reach_of(math.ceil(spec.largest_scale * ONE) + _ROUNDING, glyph_height, glyph_width),
        # A circle of the 2020 code has an odd diameter, of three pixels at the least.
        longest_shape=max(spec.shape_size_range[1] + 1, 3),
        wide=not _is_narrow(int(spec.smallest_scale * ONE), math.ceil(spec.brightness_range[1] * ONE)),
    )


def style_of(scene: Scene) -> Style:
    """Return the style of a scene: that of its spec, unless the scene was edited beyond the spec's bounds."""
    style = style_of_spec(scene.spec, scene.bank)
    largest, sides = int(scene.scale.max(initial=1)), (scene.shape_height, scene.shape_width)
    least, brightest = (
        int(scene.scale[scene.scale > 0].min(initial=ONE)),
        int(scene.brightness.max(initial=0)),
    )
    return style._replace(
        reach=max(style.reach, reach_of(largest, style.glyph_height, style.glyph_width)),
        longest_shape=max(style.longest_shape, *(int(side.max(initial=1)) for side in sides)),
        wide=style.wide or not _is_narrow(least, brightest),
    )


def _is_narrow(least_scale: int, most_brightness: int) -> bool:
    return least_scale >= LEAST_SCALE and most_brightness <= MOST_BRIGHTNESS


def diagonal_of(glyph_height: int, glyph_width: int) -> int:
    """Return a whole number above a glyph's diagonal."""
    return math.isqrt(glyph_height**2 + glyph_width**2) + 1


def reach_of(scale: int, glyph_height: int, glyph_width: int) -> int:
    """Return how many pixels from the pixel of its centre a digit of this scale, Q16, has no ink any more.

    1/scale, the length of (A, B) in `geometry`, is rounded, by less than three units in all.
    """
    return (diagonal_of(glyph_height, glyph_width) << 15) // max((1 << 32) // scale - 3, 1) + 2


def scene_tensors(scene: Scene, device: torch.device) -> SceneTensors:
    """Return a scene on a device; all its numbers travel in one copy, its glyphs in another."""
    is_digit, is_shape = real_digits(scene), real_shapes(scene)
    named = {
        **scene.arrays(),
        "clip_words": scene.clip_ids.view(np.int32).reshape(-1, 2),
        "scale": np.where(is_digit[:, :, None], np.maximum(scene.scale, 0), 0),
        "shape_height": np.where(is_shape, scene.shape_height, 0),
    }
    arrays = {name: named[name] for name in SceneTensors._fields if name != "glyph"}
    block = np.concatenate([array.astype(np.int32, copy=False).reshape(-1) for array in arrays.values()])
    stops = np.cumsum([array.size for array in arrays.values()]).tolist()
    parts = torch.from_numpy(block).to(device).tensor_split(stops[:-1])
    tensors = {name: part.reshape(array.shape) for (name, array), part in zip(arrays.items(), parts)}
    glyphs = scene.bank.images[np.where(is_digit, scene.glyph, 0)]
    return SceneTensors(glyph=torch.from_numpy(glyphs).to(device), **tensors)


@lru_cache(maxsize=16)
def tables_of(spec: SceneSpec, seed: int, split: str, device: torch.device) -> Tables:
    """Return the tables of scenes on a device."""
    frames = np.arange(spec.num_frames, dtype=np.int64) * spec.frame_stride
    octets = np.arange(256, dtype=np.uint8)[:, None]

    def words(purpose: int) -> Tensor:
        return torch.from_numpy(frames + (purpose << 24 | SPLITS[split] << 16)).to(device)

    return Tables(
        sine=torch.tensor(sine_table(), device=device),
        keys=torch.tensor(round_keys(seed), device=device),
        noise_words=words(PURPOSE_NOISE),
        sensor_words=words(PURPOSE_SENSOR),
        hue_words=words(PURPOSE_HUE),
        colour_sensor_words=words(PURPOSE_COLOUR_SENSOR),
        noise=torch.tensor(noise_table(spec), device=device),
        sensor=torch.tensor(sensor_thresholds(spec.sensor_sigma or 1.0)[0], device=device),
        spread=torch.tensor(
            np.unpackbits(octets, axis=1, bitorder="little").view(np.int64)[:, 0], device=device
        ),
    )
