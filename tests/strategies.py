"""Random valid worlds for property tests: banks of odd glyphs, specs that reach every field, and scenes drawn from both."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import segmnist
from segmnist import DigitBank, Scene, SceneSpec

MNIST_GLYPH = (28, 28)
SHAPE_KINDS = ("rectangle", "circle", "ellipse", "triangle")
SPLITS = ("train", "val", "test")

seeds = st.one_of(st.integers(0, 9), st.integers(0, (1 << 64) - 1))
clip_ids = st.one_of(st.integers(0, 99), st.integers(0, (1 << 63) - 1))
splits = st.sampled_from(SPLITS)


def upright(low: float, high: float, *, whole: bool = False) -> st.SearchStrategy[tuple[Any, Any]]:
    """A (low, high) pair, narrow, wide or of one value."""
    value = st.integers(int(low), int(high)) if whole else st.floats(low, high, allow_nan=False)
    return st.tuples(value, value).map(lambda pair: (min(pair), max(pair)))


@st.composite
def banks(draw: st.DrawFn, max_side: int = 15) -> DigitBank:
    """A bank of 140 random glyphs, ten classes in every split; height and width odd or even, from blank to full of ink."""
    height, width = draw(st.integers(4, max_side)), draw(st.integers(4, max_side))
    random = np.random.default_rng(draw(st.integers(0, 999)))
    images = random.integers(0, 256, (140, height, width))
    images[random.random(images.shape) >= draw(st.sampled_from([0.0, 0.1, 0.6, 1.0]))] = 0
    return DigitBank.from_arrays(images.astype(np.uint8), np.arange(140) % 10, name="random")


@st.composite
def specs(
    draw: st.DrawFn, glyph_shape: tuple[int, int] = MNIST_GLYPH, max_side: int = 72, max_frames: int = 5
) -> SceneSpec:
    """A small random spec that these glyphs fit into: every field varies, H, W and T differ from one another."""
    largest = min(max_side / max(glyph_shape), 5.0)
    scales = draw(st.one_of(st.just((1.0, 1.0)) if largest >= 1 else st.nothing(), upright(0.25, largest)))
    shortest = [max(16, int(np.ceil(side * scales[1]))) for side in glyph_shape]
    height = draw(_sides(shortest[0], max_side))
    width = draw(_sides(shortest[1], max_side).filter(lambda side: side != height))
    levels = st.lists(st.integers(1, 255), min_size=1, max_size=4, unique=True)
    return SceneSpec(
        height=height,
        width=width,
        num_frames=draw(st.integers(1, max_frames)),
        frame_stride=draw(st.integers(1, 4)),
        num_digits_range=draw(upright(0, 5, whole=True)),
        classes=tuple(draw(st.lists(st.integers(0, 9), min_size=1, unique=True))),
        speed_range=draw(st.one_of(upright(0, 6), upright(0, 64))),
        acceleration_range=draw(upright(-1, 1)),
        wall_margin=draw(st.one_of(st.just(0.0), st.floats(0, 80))),
        angle_range=draw(upright(-360, 360)),
        rotation_rate_range=draw(upright(-180, 180)),
        scale_range=scales,
        brightness_range=draw(upright(0, 4)),
        ink_threshold=draw(st.integers(1, 255)),
        ink_offset=draw(st.integers(0, 254)),
        num_depth_swaps_range=draw(upright(0, 6, whole=True)),
        digit_motion=draw(st.sampled_from(["reflect", "origin"])),
        cut_corners=draw(st.booleans()),
        num_shapes_range=draw(upright(0, 6, whole=True)),
        shape_kinds=tuple(draw(st.lists(st.sampled_from(SHAPE_KINDS), min_size=1, unique=True))),
        shape_size_range=draw(st.one_of(upright(1, 40, whole=True), upright(1, 300, whole=True))),
        shape_speed_range=draw(upright(0, 8)),
        shape_level_range=draw(upright(0, 255, whole=True)),
        shape_motion=draw(st.sampled_from(["reflect", "origin"])),
        grey_levels=draw(st.one_of(st.just(()), levels.map(tuple))),
        noise_density=draw(st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))),
        noise_level_range=draw(st.one_of(st.just((0, 255)), upright(0, 255, whole=True))),
        noise_distribution=draw(st.sampled_from(["uniform", "origin"])),
        background_level=draw(st.integers(0, 255)),
        sensor_sigma=draw(st.one_of(st.just(0.0), st.floats(0, 128))),
    )


def _sides(shortest: int, longest: int) -> st.SearchStrategy[int]:
    """Sides of a frame: the shortest there may be, multiples of 16, and any other."""
    blocks = [side for side in range(16, longest + 1, 16) if side >= shortest]
    return st.one_of(st.integers(shortest, longest), st.sampled_from([shortest, *blocks]))


@st.composite
def scenes(draw: st.DrawFn, max_side: int = 72, max_frames: int = 5, max_clips: int = 2) -> Scene:
    """A scene of one or more clips from a random bank and a random spec, at any address."""
    bank = draw(banks())
    spec = draw(specs(bank.images.shape[1:], max_side, max_frames))
    ids = draw(st.lists(clip_ids, min_size=1, max_size=max_clips))
    return segmnist.sample(spec, ids, split=draw(splits), seed=draw(seeds), bank=bank)
