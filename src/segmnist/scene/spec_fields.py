"""SpecFields: the fields of a SceneSpec as keywords of `preset` and `replace`, so that a type checker knows them."""

from __future__ import annotations

from typing import Literal, TypedDict

Range = tuple[float, float]
CountRange = tuple[int, int]
ShapeKind = Literal["rectangle", "circle", "ellipse", "triangle"]
CorruptionName = Literal[
    "none", "gaussian_noise", "shot_noise", "impulse_noise", "gaussian_blur", "motion_blur", "brightness", "contrast",
    "pixelate", "jpeg_compression", "frame_drop", "frame_freeze", "occluding_bars",
]  # fmt: skip
TextureKind = Literal["plain", "stripes", "checker", "patches"]


class SpecFields(TypedDict, total=False):
    """The fields that may be changed; `SceneSpec` says what each is for."""

    height: int
    width: int
    num_frames: int
    frame_stride: int
    num_digits_range: CountRange
    classes: tuple[int, ...]
    speed_range: Range
    acceleration_range: Range
    wall_margin: float
    angle_range: Range
    rotation_rate_range: Range
    scale_range: Range
    scale_change_range: Range
    pulse_range: Range
    pulse_period_range: CountRange
    brightness_range: Range
    entry_frame_range: CountRange
    lifespan_range: CountRange
    fade_frames: int
    ink_threshold: int
    ink_offset: int
    num_depth_swaps_range: CountRange
    blend: Literal["over", "max"]
    digit_motion: Literal["reflect", "origin", "markov", "clamp"]
    turn_odds: float
    cut_corners: bool
    num_shapes_range: CountRange
    shape_kinds: tuple[ShapeKind, ...]
    shape_size_range: CountRange
    shape_speed_range: Range
    shape_level_range: CountRange
    shape_motion: Literal["reflect", "origin"]
    grey_levels: tuple[int, ...]
    noise_density: float
    noise_level_range: CountRange
    noise_distribution: Literal["uniform", "origin"]
    background_level: int
    sensor_sigma: float
    corruption: CorruptionName
    corruption_severity: int
    hue_range: Range
    saturation_range: Range
    texture_kinds: tuple[TextureKind, ...]
    texture_size_range: CountRange
    twins: tuple[tuple[int, int], ...]
    twin_odds: float
    glyphs_per_class: int
    position_step: float
    speed_step: float
    direction_step: float
    angle_step: float
    rotation_rate_step: float
    scale_step: float
    brightness_step: float
    num_backgrounds: int
    pools: Literal["split", "shared"]
