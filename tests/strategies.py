"""Random valid worlds for property tests: banks of odd glyphs, specs of every field, scenes of both."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import segmnist
from segmnist import DigitBank, Scene, SceneSpec

MNIST_GLYPH = (28, 28)
SHAPE_KINDS = ("rectangle", "circle", "ellipse", "triangle")
TEXTURE_KINDS = ("plain", "stripes", "checker", "patches")
CORRUPTED = ("none", "shot_noise", "motion_blur", "frame_freeze")
SPLITS = ("train", "val", "test")
BANK_SPLITS = {"train": (0, 100), "val": (100, 160), "test": (160, 240)}

seeds = st.one_of(st.integers(0, 9), st.integers(0, (1 << 64) - 1))
clip_ids = st.one_of(st.integers(0, 99), st.integers(0, (1 << 63) - 1))
splits = st.sampled_from(SPLITS)


def upright(low: float, high: float, *, whole: bool = False) -> st.SearchStrategy[tuple[Any, Any]]:
    """A (low, high) pair, narrow, wide or of one value."""
    value = st.integers(int(low), int(high)) if whole else st.floats(low, high, allow_nan=False)
    return st.tuples(value, value).map(lambda pair: (min(pair), max(pair)))


@st.composite
def banks(draw: st.DrawFn, max_side: int = 15) -> DigitBank:
    """A bank of 240 random glyphs, 6 or more of a class in every split; sides odd or even, blank to full."""
    height, width = draw(st.integers(4, max_side)), draw(st.integers(4, max_side))
    random = np.random.default_rng(draw(st.integers(0, 999)))
    images = random.integers(0, 256, (240, height, width))
    images[random.random(images.shape) >= draw(st.sampled_from([0.0, 0.1, 0.6, 1.0]))] = 0
    return DigitBank.from_arrays(images.astype(np.uint8), np.arange(240) % 10, BANK_SPLITS, name="random")


def named_bank(count: int, side: tuple[int, int] = (9, 7), name: str = "named") -> DigitBank:
    """A bank of this many classes, named "class 0" and so on, with three glyphs of each in every split."""
    random = np.random.default_rng(count)
    images = random.integers(0, 256, (9 * count, *side)).astype(np.uint8)
    splits = {split: (3 * count * i, 3 * count * (i + 1)) for i, split in enumerate(SPLITS)}
    names = [f"class {number}" for number in range(count)]
    return DigitBank.from_arrays(images, np.arange(9 * count) % count, splits, name, class_names=names)


@st.composite
def specs(
    draw: st.DrawFn,
    glyph_shape: tuple[int, int] = MNIST_GLYPH,
    max_side: int = 72,
    max_frames: int = 5,
    *,
    corrupted: bool = False,
) -> SceneSpec:
    """A small random spec that these glyphs fit into: every field varies, and H, W and T differ.

    corrupted: whether the finished video may be corrupted, after which few laws of scenes hold of it.
    """
    life = draw(_lives())
    growth, swing = life["scale_change_range"], life["pulse_range"][1]
    smallest = 0.2500001 / min(growth[0], 1.0) / (1 - swing)
    largest = min((max_side - 1) / max(glyph_shape), 5.0) / max(growth[1], 1.0) / (1 + swing)
    one = st.just((1.0, 1.0)) if smallest <= 1 <= largest else st.nothing()
    scales = draw(st.one_of(one, upright(smallest, max(smallest, largest))))
    shortest = [
        max(16, int(np.ceil(side * scales[1] * max(growth[1], 1.0) * (1 + swing)))) for side in glyph_shape
    ]
    height = draw(_sides(shortest[0], max_side))
    width = draw(_sides(shortest[1], max_side).filter(lambda side: side != height))
    levels = st.lists(st.integers(1, 255), min_size=1, max_size=4, unique=True)
    motion = draw(_motions())
    flat = draw(st.one_of(st.just(()), levels.map(tuple)))
    life["fade_frames"] = 0 if flat else life["fade_frames"]
    return SceneSpec(
        **motion,
        **life,
        **draw(_angles(motion["digit_motion"] == "origin")),
        height=height,
        width=width,
        num_frames=draw(st.integers(1, max_frames)),
        frame_stride=draw(st.integers(1, 4)),
        num_digits_range=draw(upright(0, 5, whole=True)),
        classes=tuple(draw(st.lists(st.integers(0, 9), min_size=1, unique=True))),
        wall_margin=draw(st.one_of(st.just(0.0), st.floats(0, 80))),
        scale_range=scales,
        ink_threshold=draw(st.integers(1, 255)),
        ink_offset=draw(st.integers(0, 254)),
        num_depth_swaps_range=draw(upright(0, 6, whole=True)),
        blend=draw(st.sampled_from(["over", "max"])),
        cut_corners=draw(st.booleans()),
        glyphs_per_class=draw(st.integers(0, 6)),
        num_backgrounds=draw(st.integers(0, 3)),
        pools=draw(st.sampled_from(["split", "shared"])),
        num_shapes_range=draw(upright(0, 6, whole=True)),
        shape_kinds=tuple(draw(st.lists(st.sampled_from(SHAPE_KINDS), min_size=1, unique=True))),
        shape_size_range=draw(st.one_of(upright(1, 40, whole=True), upright(1, 300, whole=True))),
        shape_speed_range=draw(upright(0, 8)),
        shape_level_range=draw(upright(0, 255, whole=True)),
        shape_motion=draw(st.sampled_from(["reflect", "origin"])),
        grey_levels=flat,
        noise_density=draw(st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))),
        noise_level_range=draw(st.one_of(st.just((0, 255)), upright(0, 255, whole=True))),
        noise_distribution=draw(st.sampled_from(["uniform", "origin"])),
        background_level=draw(st.integers(0, 255)),
        sensor_sigma=draw(st.one_of(st.just(0.0), st.floats(0, 128))),
        corruption=draw(st.sampled_from(CORRUPTED)) if corrupted else "none",
        corruption_severity=draw(st.integers(0, 5)),
        hue_range=draw(upright(-360, 360)),
        saturation_range=draw(st.one_of(st.just((0.0, 0.0)), upright(0, 1))),
        texture_kinds=tuple(draw(st.lists(st.sampled_from(TEXTURE_KINDS), min_size=1, unique=True))),
        texture_size_range=draw(upright(1, 64, whole=True)),
    )


@st.composite
def _motions(draw: st.DrawFn) -> dict[str, Any]:
    """The fields of motion; a lattice of steps goes with two of its kinds, acceleration with two."""
    motion = draw(st.sampled_from(["reflect", "origin", "markov", "clamp"]))
    fields = {
        "digit_motion": motion,
        "speed_range": draw(st.one_of(upright(0, 6), upright(0, 64))),
        "rotation_rate_range": draw(upright(-180, 180)),
        "brightness_range": draw(upright(0, 4)),
        "turn_odds": draw(st.floats(0, 1)),
    }
    if motion in ("reflect", "origin"):
        fields["acceleration_range"] = draw(upright(-1, 1))
    if motion != "origin":
        fields["position_step"] = draw(_steps(40))
        fields["speed_step"] = draw(_steps(4))
        fields["direction_step"] = draw(st.sampled_from([0.0, 7.5, 45.0, 90.0, 360.0]))
        fields["rotation_rate_step"] = draw(_steps(90))
        fields["scale_step"] = draw(_steps(2))
        fields["brightness_step"] = draw(_steps(2))
    return fields


@st.composite
def _lives(draw: st.DrawFn) -> dict[str, Any]:
    """The fields of coming, going, growing and pulsing; half of the time digits do nothing of it."""
    if draw(st.booleans()):
        return {"scale_change_range": (1.0, 1.0), "pulse_range": (0.0, 0.0), "fade_frames": 0}
    return {
        "scale_change_range": draw(st.one_of(st.just((1.0, 1.0)), upright(0.5, 2.0))),
        "pulse_range": draw(st.one_of(st.just((0.0, 0.0)), upright(0, 0.4))),
        "pulse_period_range": draw(upright(2, 30, whole=True)),
        "entry_frame_range": draw(upright(-8, 12, whole=True)),
        "lifespan_range": draw(st.one_of(upright(1, 12, whole=True), st.just((65_536, 65_536)))),
        "fade_frames": draw(st.integers(0, 6)),
    }


@st.composite
def _angles(draw: st.DrawFn, origin: bool) -> dict[str, Any]:
    """The fields of first angles, closed under half a turn where classes have twins."""
    pairs = draw(st.permutations(range(10)))
    count = draw(st.sampled_from([0, 0, 1, 5]))
    twins = tuple((pairs[2 * i], pairs[2 * i + 1]) for i in range(count))
    if twins:
        angles, steps = st.just((0.0, 359.99)), st.sampled_from([0.0] if origin else [0.0, 22.5, 90.0, 180.0])
    else:
        angles, steps = upright(-360, 360), st.just(0.0) if origin else _steps(90)
    return {
        "twins": twins,
        "twin_odds": draw(st.floats(0, 1)),
        "angle_range": draw(angles),
        "angle_step": draw(steps),
    }


def _steps(largest: float) -> st.SearchStrategy[float]:
    """Steps of a lattice; 0 is none."""
    return st.one_of(st.just(0.0), st.floats(0, largest))


def _sides(shortest: int, longest: int) -> st.SearchStrategy[int]:
    """Sides of a frame: the shortest there may be, multiples of 16, and any other."""
    blocks = [side for side in range(16, longest + 1, 16) if side >= shortest]
    return st.one_of(st.integers(shortest, longest), st.sampled_from([shortest, *blocks]))


@st.composite
def scenes(
    draw: st.DrawFn, max_side: int = 72, max_frames: int = 5, max_clips: int = 2, *, corrupted: bool = False
) -> Scene:
    """A scene of one or more clips from a random bank and a random spec, at any address."""
    bank = draw(banks())
    spec = draw(specs(bank.images.shape[1:], max_side, max_frames, corrupted=corrupted))
    ids = draw(st.lists(clip_ids, min_size=1, max_size=max_clips))
    return segmnist.sample(spec, ids, split=draw(splits), seed=draw(seeds), bank=bank)
