"""What the sampling kernel is given: a spec as whole numbers, lookup tables, and the arrays to fill."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from numpy.typing import NDArray

from segmnist.scene.fixed_point import to_angle, to_q16
from segmnist.scene.spec import SceneSpec

RECTANGLE, ELLIPSE, TRIANGLE_UP, TRIANGLE_DOWN = range(4)
"""Kinds of shape in a Scene. A circle is an ellipse of equal sides."""

KIND_CODES = {"rectangle": RECTANGLE, "ellipse": ELLIPSE, "circle": -ELLIPSE, "triangle": TRIANGLE_UP}
"""What the sampling kernel draws from; the sign tells a circle from an ellipse."""


TILE = 8
"""Cells along a side of the square that a texture repeats."""


class Tables(NamedTuple):
    """What a random word picks from, and the sine table."""

    pool: NDArray[Any]
    """`(G,)` int32: the bank's rows that digits are drawn from."""
    labels: NDArray[Any]
    """`(n,)` uint8: the class of each of the bank's rows."""
    twins: NDArray[Any]
    """`(10,2)` int64: the two labels that a glyph of each class may bear."""
    kinds: NDArray[Any]
    """`(K,)` int64: `KIND_CODES` of the spec's kinds of shape."""
    levels: NDArray[Any]
    """`(L,)` int64: the spec's grey levels, none if any level may occur."""
    sine: NDArray[Any]
    """`fixed_point.sine_table`."""


class SceneArrays(NamedTuple):
    """The arrays of a Scene that sampling fills, under the names that they have there."""

    num_digits: NDArray[Any]
    glyph: NDArray[Any]
    label: NDArray[Any]
    y: NDArray[Any]
    x: NDArray[Any]
    angle: NDArray[Any]
    scale: NDArray[Any]
    brightness: NDArray[Any]
    depth: NDArray[Any]
    num_shapes: NDArray[Any]
    shape_kind: NDArray[Any]
    shape_height: NDArray[Any]
    shape_width: NDArray[Any]
    shape_apex: NDArray[Any]
    shape_level: NDArray[Any]
    shape_y: NDArray[Any]
    shape_x: NDArray[Any]


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
    change_low: int
    change_high: int
    pulse_low: int
    pulse_high: int
    period_low: int
    period_high: int
    brightness_low: int
    brightness_high: int
    entry_low: int
    entry_high: int
    lifespan_low: int
    lifespan_high: int
    fade_frames: int
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
    clamped_digits: int
    turn_odds: int
    position_step: int
    speed_step: int
    direction_step: int
    angle_step: int
    rate_step: int
    scale_step: int
    brightness_step: int
    twin_odds: int
    num_backgrounds: int
    shared_pools: int


@lru_cache(maxsize=64)
def parameters_of(spec: SceneSpec, glyph_height: int, glyph_width: int) -> SamplingParameters:
    """Return the spec's numbers in fixed point, for glyphs of this size in pixels."""

    def q16(name: str, pair: tuple[float, float]) -> dict[str, int]:
        return {f"{name}_low": to_q16(pair[0]), f"{name}_high": to_q16(pair[1])}

    def angles(name: str, pair: tuple[float, float]) -> dict[str, int]:
        return {f"{name}_low": to_angle(pair[0]), f"{name}_high": to_angle(pair[1])}

    def counts(name: str, pair: tuple[int, int]) -> dict[str, int]:
        return {f"{name}_low": pair[0], f"{name}_high": pair[1]}

    return SamplingParameters(
        height=spec.height,
        width=spec.width,
        num_frames=spec.num_frames,
        frame_stride=spec.frame_stride,
        glyph_height=glyph_height,
        glyph_width=glyph_width,
        **counts("digits", spec.num_digits_range),
        **q16("speed", spec.speed_range),
        **q16("acceleration", spec.acceleration_range),
        wall_margin=to_q16(spec.wall_margin),
        **angles("angle", spec.angle_range),
        **angles("rate", spec.rotation_rate_range),
        **q16("scale", spec.scale_range),
        **q16("change", spec.scale_change_range),
        **q16("pulse", spec.pulse_range),
        **counts("period", spec.pulse_period_range),
        **q16("brightness", spec.brightness_range),
        **counts("entry", spec.entry_frame_range),
        **counts("lifespan", spec.lifespan_range),
        fade_frames=spec.fade_frames,
        **counts("swaps", spec.num_depth_swaps_range),
        origin_digits=int(spec.digit_motion == "origin"),
        markov_digits=int(spec.digit_motion == "markov"),
        clamped_digits=int(spec.digit_motion == "clamp"),
        turn_odds=round(spec.turn_odds * 2**32),
        **counts("shapes", spec.num_shapes_range),
        **counts("size", spec.shape_size_range),
        **q16("shape_speed", spec.shape_speed_range),
        **counts("level", spec.shape_level_range),
        origin_shapes=int(spec.shape_motion == "origin"),
        position_step=to_q16(spec.position_step),
        speed_step=to_q16(spec.speed_step),
        direction_step=to_angle(spec.direction_step),
        angle_step=to_angle(spec.angle_step),
        rate_step=to_angle(spec.rotation_rate_step),
        scale_step=to_q16(spec.scale_step),
        brightness_step=to_q16(spec.brightness_step),
        twin_odds=round(spec.twin_odds * 2**32),
        num_backgrounds=spec.num_backgrounds,
        shared_pools=int(spec.pools == "shared"),
    )
