"""What the kernels take, as named tuples: frame size, scene arrays, style, noise tables, outputs."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

Array = NDArray[Any]

NO_NOISE, BYTE_NOISE, TABLE_NOISE = range(3)

GUIDE_BITS = 14
"""Leading bits of a random word that look up where it lies among the sensor's thresholds; a table of 32 KB."""


class Frame(NamedTuple):
    """The size of a frame in pixels, and the words of 64 columns that its rows take."""

    height: int
    width: int
    words: int


class SceneArrays(NamedTuple):
    """A Scene's arrays, as described there, the bank's images, and the sine table."""

    clip_ids: Array
    num_digits: Array
    glyph: Array
    label: Array
    y: Array
    x: Array
    angle: Array
    scale: Array
    brightness: Array
    depth: Array
    num_shapes: Array
    shape_kind: Array
    shape_height: Array
    shape_width: Array
    shape_apex: Array
    shape_level: Array
    shape_y: Array
    shape_x: Array
    images: Array
    sine: Array


class Style(NamedTuple):
    """What holds for every frame of a spec.

    brighter_is_seen: where digits overlap, not the nearer but the brighter is seen, of equally bright ones the nearer.
    pad: zeros around a glyph, enough for any block of pixels that a row can touch.
    """

    frame_stride: int
    split: int
    key0: int
    key1: int
    ink_threshold: int
    ink_offset: int
    flat_ink: int
    brighter_is_seen: int
    cut_corners: int
    pad: int
    noise_kind: int
    background_level: int
    background_class: int
    sensor_reach: int


class Tables(NamedTuple):
    """Random bits to grey levels: see `render/noise.py`."""

    noise: Array
    sensor_thresholds: Array
    sensor_guide: Array


class Outputs(NamedTuple):
    """The drawn arrays of `render/arrays.py` by name, flat; zero-sized where not asked for.

    ink_bits: `(B,N,T,H,ceil(W/64))` int64, bit c of word w says whether the digit has ink in column 64 w + c; the others are
    uint8.
    """

    video: Array
    semantic: Array
    instance: Array
    amodal: Array
    beneath: Array
    shape_instance: Array
    background_layer: Array
    background_shape: Array
    digit_layers: Array
    noiseless: Array
    ink_bits: Array
