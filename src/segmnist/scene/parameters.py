"""A SceneSpec as the whole numbers that the sampling kernel reads."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from segmnist.scene.fixed_point import to_angle, to_q16
from segmnist.scene.spec import SceneSpec

RECTANGLE, ELLIPSE, TRIANGLE_UP, TRIANGLE_DOWN = range(4)
"""Kinds of shape in a Scene. A circle is an ellipse of equal sides."""

KIND_CODES = {"rectangle": RECTANGLE, "ellipse": ELLIPSE, "circle": -ELLIPSE, "triangle": TRIANGLE_UP}
"""What the sampling kernel draws from; the sign tells a circle from an ellipse."""


class SamplingParameters(NamedTuple):
    """Whole numbers only: lengths, scales, speeds, brightness in Q16, angles in hundredths of a degree, odds in Q32."""

    height: int
    width: int
    num_frames: int
    frame_stride: int
    glyph_height: int
    glyph_width: int
    digits_low: int
    digits_high: int
    speed_low: int
    speed_high: int
    acceleration_low: int
    acceleration_high: int
    wall_margin: int
    angle_low: int
    angle_high: int
    rate_low: int
    rate_high: int
    scale_low: int
    scale_high: int
    brightness_low: int
    brightness_high: int
    swaps_low: int
    swaps_high: int
    origin_digits: int
    shapes_low: int
    shapes_high: int
    size_low: int
    size_high: int
    shape_speed_low: int
    shape_speed_high: int
    level_low: int
    level_high: int
    origin_shapes: int
    markov_digits: int
    turn_odds: int
    position_step: int
    speed_step: int
    direction_step: int
    angle_step: int
    rate_step: int
    brightness_step: int
    twin_odds: int
    num_backgrounds: int
    shared_pools: int


@lru_cache(maxsize=64)
def parameters_of(spec: SceneSpec, glyph_height: int, glyph_width: int) -> SamplingParameters:
    """Return the spec's numbers in fixed point, for glyphs of this size in pixels."""

    def q16(pair: tuple[float, float]) -> tuple[int, int]:
        return to_q16(pair[0]), to_q16(pair[1])

    def angles(pair: tuple[float, float]) -> tuple[int, int]:
        return to_angle(pair[0]), to_angle(pair[1])

    return SamplingParameters(
        spec.height, spec.width, spec.num_frames, spec.frame_stride, glyph_height, glyph_width,
        *spec.num_digits_range,
        *q16(spec.speed_range), *q16(spec.acceleration_range), to_q16(spec.wall_margin),
        *angles(spec.angle_range), *angles(spec.rotation_rate_range),
        *q16(spec.scale_range), *q16(spec.brightness_range),
        *spec.num_depth_swaps_range, int(spec.digit_motion == "origin"),
        *spec.num_shapes_range, *spec.shape_size_range, *q16(spec.shape_speed_range),
        *spec.shape_level_range, int(spec.shape_motion == "origin"),
        markov_digits=int(spec.digit_motion == "markov"), turn_odds=round(spec.turn_odds * 2**32),
        position_step=to_q16(spec.position_step), speed_step=to_q16(spec.speed_step),
        direction_step=to_angle(spec.direction_step), angle_step=to_angle(spec.angle_step),
        rate_step=to_angle(spec.rotation_rate_step), brightness_step=to_q16(spec.brightness_step),
        twin_odds=round(spec.twin_odds * 2**32), num_backgrounds=spec.num_backgrounds,
        shared_pools=int(spec.pools == "shared"),
    )  # fmt: skip
