"""The presets: a table of functions that return a spec."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Unpack, cast

from segmnist.errors import BadArgument, did_you_mean
from segmnist.scene.spec import SceneSpec
from segmnist.scene.spec_fields import SpecFields


def standard() -> SceneSpec:
    """Default: 2-3 turning digits over moving shapes and noise that changes every frame."""
    return SceneSpec()


def origin() -> SceneSpec:
    """The distribution that the published 2020 code draws from, quirks included."""
    return SceneSpec(
        digit_motion="origin",
        speed_range=(2, 6),
        angle_range=(0, 359),
        rotation_rate_range=(0, 9),
        brightness_range=(0.1, 1.5),
        ink_threshold=2,
        ink_offset=1,
        cut_corners=True,
        num_shapes_range=(10, 25),
        shape_kinds=("rectangle", "circle", "triangle"),
        shape_size_range=(2, 85),
        shape_level_range=(0, 254),
        shape_motion="origin",
        noise_distribution="origin",
    )


def clean() -> SceneSpec:
    """Digits on black: motion, rotation, brightness and occlusion, and nothing else."""
    return SceneSpec(num_shapes_range=(0, 0), noise_density=0.0)


def noise() -> SceneSpec:
    """Digits before pepper noise, without shapes."""
    return SceneSpec(num_shapes_range=(0, 0))


def shapes() -> SceneSpec:
    """Digits before moving shapes, without noise."""
    return SceneSpec(noise_density=0.0)


def crowded() -> SceneSpec:
    """6-12 digits that occlude one another and sometimes swap depth."""
    return SceneSpec(num_digits_range=(6, 12), num_depth_swaps_range=(0, 4))


def camouflage() -> SceneSpec:
    """Flat digits and shapes of only four grey levels, so that neighbours often have the same one."""
    return SceneSpec(grey_levels=(60, 120, 180, 240), num_shapes_range=(8, 16))


def ambigram() -> SceneSpec:
    """Sixes and nines at every angle: the two labels of a digit are equally likely, whatever is seen."""
    return SceneSpec(classes=(6, 9), twins=((6, 9),), twin_odds=0.5)


def exact() -> SceneSpec:
    """Exactly solvable: two faint digits from countably many scenes, under sensor noise."""
    return SceneSpec(
        height=32,
        width=32,
        num_frames=8,
        num_digits_range=(2, 2),
        glyphs_per_class=2,
        scale_range=(0.5, 0.5),
        position_step=9.0,
        speed_range=(2.0, 2.0),
        direction_step=90.0,
        angle_step=90.0,
        rotation_rate_range=(-15.0, 15.0),
        rotation_rate_step=30.0,
        brightness_range=(0.25, 0.25),
        twins=((6, 9),),
        num_shapes_range=(0, 0),
        noise_density=0.0,
        sensor_sigma=40.0,
    )


def passing() -> SceneSpec:
    """Digits leave the frame and come back, so that a model must remember them."""
    return SceneSpec(wall_margin=32.0, speed_range=(2.0, 5.0))


def come_and_go() -> SceneSpec:
    """Digits come and go, fade in and out, grow, shrink and pulse."""
    return SceneSpec(
        num_frames=40,
        num_digits_range=(5, 8),
        scale_range=(0.6, 1.0),
        scale_change_range=(0.6, 1.6),
        pulse_range=(0.0, 0.25),
        entry_frame_range=(-15, 30),
        lifespan_range=(10, 30),
        fade_frames=4,
    )


def long() -> SceneSpec:
    """Clips of 300 frames, to test memory."""
    return SceneSpec(num_frames=300)


def large() -> SceneSpec:
    """Frames of 256x256 with everything four times as large."""
    return SceneSpec(
        height=256,
        width=256,
        scale_range=(3.0, 5.0),
        speed_range=(4.0, 20.0),
        shape_size_range=(24, 144),
        shape_speed_range=(2.0, 10.0),
    )


def moving_mnist() -> SceneSpec:
    """The look of the Moving MNIST of 2015: two upright digits on black, of which the brighter shows, for frame prediction."""
    return SceneSpec(
        num_frames=20,
        num_digits_range=(2, 2),
        digit_motion="clamp",
        speed_range=(3.6, 3.6),
        angle_range=(0.0, 0.0),
        rotation_rate_range=(0.0, 0.0),
        brightness_range=(1.0, 1.0),
        ink_threshold=1,
        blend="max",
        num_shapes_range=(0, 0),
        noise_density=0.0,
    )


def colour() -> SceneSpec:
    """Textured shapes on a textured ground of one grey level, for `rgb`: under sensor noise, in each channel its own."""
    return SceneSpec(
        noise_density=0.0,
        background_level=128,
        sensor_sigma=6.0,
        texture_kinds=("plain", "stripes", "checker", "patches"),
    )


PresetName = Literal[
    "standard", "origin", "clean", "noise", "shapes", "crowded", "camouflage", "ambigram", "exact", "passing",
    "come-and-go", "long", "large", "moving-mnist", "colour",
]  # fmt: skip
"""The names of the presets, for type checkers."""

PRESETS: dict[str, Callable[[], SceneSpec]] = {
    make.__name__.replace("_", "-"): make
    for make in (
        standard,
        origin,
        clean,
        noise,
        shapes,
        crowded,
        camouflage,
        ambigram,
        exact,
        passing,
        come_and_go,
        long,
        large,
        moving_mnist,
        colour,
    )
}


def preset(name: PresetName, **changes: Unpack[SpecFields]) -> SceneSpec:
    """Return the named preset's spec, with any fields changed.

    Raises `BadArgument` for an unknown name or field, or a value out of range.

    >>> preset("standard", num_frames=8).num_frames
    8
    >>> preset("standrd")
    Traceback (most recent call last):
    segmnist.errors.BadArgument: preset='standrd' is not permitted: expected standard, origin, ...; did you mean standard?
    """
    spec = PRESETS[check_preset(name)]()
    return spec.replace(**changes) if changes else spec


def check_preset(name: str) -> PresetName:
    """Return the name; raise `BadArgument` for one that is no preset's."""
    if name not in PRESETS:
        raise BadArgument("preset", name, ", ".join(PRESETS), did_you_mean(str(name), PRESETS))
    return cast(PresetName, name)
