"""Which specs have a posterior that can be computed exactly, and the field that puts another spec outside."""

from __future__ import annotations

from segmnist.errors import BadArgument
from segmnist.scene.fixed_point import FULL_TURN, to_angle, to_q16
from segmnist.scene.spec import SceneSpec

STEPPED = {
    "speed_range": "speed_step",
    "angle_range": "angle_step",
    "rotation_rate_range": "rotation_rate_step",
    "brightness_range": "brightness_step",
}


def check_solvable(spec: SceneSpec) -> None:
    """Raise `BadArgument`, naming the first field that puts the spec outside the exactly solvable family."""
    _require(spec, "num_digits_range", spec.num_digits_range == (2, 2), "(2, 2)")
    _require(spec, "num_depth_swaps_range", spec.num_depth_swaps_range == (0, 0), "(0, 0)")
    _require(spec, "sensor_sigma", spec.sensor_sigma > 0, "more than 0")
    _require(spec, "digit_motion", spec.digit_motion != "origin", "'reflect' or 'markov'")
    for name in ("scale_range", "acceleration_range"):
        low, high = getattr(spec, name)
        _require(spec, name, low == high, "two equal numbers")
    for name, step in STEPPED.items():
        low, high = getattr(spec, name)
        flat = name == "brightness_range" and spec.grey_levels
        _require(
            spec,
            step,
            low == high or getattr(spec, step) > 0 or bool(flat),
            f"more than 0, as {name} is wide",
        )
    _require(spec, "position_step", spec.position_step > 0, "more than 0")
    _require(spec, "direction_step", spec.direction_step > 0, "more than 0")
    known = spec.num_backgrounds > 0 or spec.max_shapes == 0
    _require(spec, "num_backgrounds", known, "1 or more, as there are shapes")
    if spec.digit_motion == "markov":
        _check_walk(spec)


def _check_walk(spec: SceneSpec) -> None:
    """Raise unless a wandering digit stays on the lattice of its first positions."""
    straight = to_angle(spec.direction_step) in (FULL_TURN // 4, FULL_TURN // 2)
    _require(spec, "direction_step", straight, "90 or 180 for digit_motion='markov'")
    step = to_q16(spec.position_step)
    speeds = (to_q16(spec.speed_range[0]), to_q16(spec.speed_step), to_q16(spec.speed_range[1]))
    on_lattice = all(speed % step == 0 for speed in speeds[: 2 if speeds[1] else 3])
    _require(spec, "speed_range", on_lattice, "multiples of position_step for digit_motion='markov'")
    _require(spec, "frame_stride", spec.frame_stride == 1, "1 for digit_motion='markov'")


def _require(spec: SceneSpec, name: str, holds: bool, permitted: str) -> None:
    if not holds:
        fix = "this puts the spec outside the exactly solvable family; preset 'exact' is inside"
        raise BadArgument(name, getattr(spec, name), permitted, fix)
