"""The specs that have an exact posterior: a list of permitted fields and values, anything else is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from segmnist.classes import BACKGROUND
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.oracle.swaps import check_swaps
from segmnist.scene.fixed_point import FULL_TURN, to_angle, to_q16
from segmnist.scene.spec import MAX_DURATION, SceneSpec


@dataclass(frozen=True)
class Rule:
    """The values of a field that the oracle can solve, in words and as a test of (value, spec)."""

    permitted: str
    holds: Callable[[Any, SceneSpec], bool]


ANY = Rule("any value", lambda value, spec: True)


def one_of(*choices: Any) -> Rule:
    """Return the rule of a field that may only hold one of these values."""
    return Rule(", ".join(map(repr, choices)), lambda value, spec: value in choices)


def some_of(*choices: Any) -> Rule:
    """Return the rule of a field that may only hold a tuple of some of these values."""
    return Rule(f"some of {', '.join(map(repr, choices))}", lambda value, spec: set(value) <= set(choices))


def step_of(name: str) -> Rule:
    """Return the rule of the step of a range: it is needed where the range is wide."""

    def holds(step: float, spec: SceneSpec) -> bool:
        low, high = getattr(spec, name)
        unused = name == "brightness_range" and bool(spec.grey_levels)
        return low == high or step > 0 or unused

    return Rule(f"more than 0, as {name} is wide", holds)


MORE_THAN_0 = Rule("more than 0", lambda value, spec: value > 0)
ONE_VALUE = Rule("two equal numbers", lambda value, spec: value[0] == value[1])

SOLVABLE = {
    # The frame and time.
    "height": ANY,
    "width": ANY,
    "num_frames": ANY,
    "frame_stride": Rule(
        "1 for digit_motion='markov'", lambda value, spec: value == 1 or spec.digit_motion != "markov"
    ),
    # The digits.
    "num_digits_range": Rule(
        "numbers in 0..3, the higher at least 1; (2, 2) for digit_motion='markov'",
        lambda value, spec: value == (2, 2) or (1 <= value[1] <= 3 and spec.digit_motion != "markov"),
    ),
    "classes": ANY,
    "speed_range": Rule(
        "multiples of position_step for digit_motion='markov'", lambda value, spec: _on_lattice(spec)
    ),
    "acceleration_range": ONE_VALUE,
    "wall_margin": ANY,
    "angle_range": ANY,
    "rotation_rate_range": ANY,
    "scale_range": Rule(
        "two equal numbers for digit_motion='markov'",
        lambda value, spec: value[0] == value[1] or spec.digit_motion != "markov",
    ),
    "scale_change_range": one_of((1.0, 1.0)),
    "pulse_range": one_of((0.0, 0.0)),
    "pulse_period_range": ANY,
    "brightness_range": ANY,
    "entry_frame_range": one_of((0, 0)),
    "lifespan_range": one_of((MAX_DURATION, MAX_DURATION)),
    "fade_frames": one_of(0),
    "ink_threshold": ANY,
    "ink_offset": ANY,
    "num_depth_swaps_range": Rule(
        "(0, 0); other numbers for digit_motion='reflect' and two digits at most",
        lambda value, spec: value == (0, 0) or (spec.digit_motion == "reflect" and spec.max_digits <= 2),
    ),
    "blend": one_of("over"),
    "digit_motion": one_of("reflect", "markov"),
    "turn_odds": ANY,
    "cut_corners": one_of(False, True),
    # The steps that make scenes countable.
    "glyphs_per_class": ANY,
    "position_step": MORE_THAN_0,
    "speed_step": step_of("speed_range"),
    "direction_step": Rule(
        "more than 0; 90 or 180 for digit_motion='markov'", lambda value, spec: _keeps_directions(value, spec)
    ),
    "angle_step": step_of("angle_range"),
    "rotation_rate_step": step_of("rotation_rate_range"),
    "scale_step": step_of("scale_range"),
    "brightness_step": step_of("brightness_range"),
    "num_backgrounds": Rule(
        "1 or more, as there are shapes", lambda value, spec: value > 0 or spec.max_shapes == 0
    ),
    "pools": one_of("split", "shared"),
    # Twins.
    "twins": ANY,
    "twin_odds": ANY,
    # What lies behind the digits is drawn by the renderer, so it may be whatever that draws now.
    "num_shapes_range": ANY,
    "shape_kinds": some_of("rectangle", "circle", "ellipse", "triangle"),
    "shape_size_range": ANY,
    "shape_speed_range": ANY,
    "shape_level_range": ANY,
    "shape_motion": one_of("reflect", "origin"),
    "grey_levels": ANY,
    "noise_density": ANY,
    "noise_level_range": ANY,
    "noise_distribution": one_of("uniform", "origin"),
    "background_level": ANY,
    # What lies over everything.
    "sensor_sigma": MORE_THAN_0,
    "corruption": one_of("none"),
    "corruption_severity": ANY,
    # Colours change nothing of the grey video, which is all that the oracle sees.
    "hue_range": ANY,
    "saturation_range": ANY,
    "texture_kinds": some_of("plain", "stripes", "checker", "patches"),
    "texture_size_range": ANY,
}
"""A field that is not listed here must keep its default, and a choice that is not listed is refused."""


def check_solvable(spec: SceneSpec) -> None:
    """Raise `BadArgument`, naming the first field that puts the spec outside the solvable family."""
    for field in dataclasses.fields(spec):
        value = getattr(spec, field.name)
        rule = SOLVABLE.get(field.name) or one_of(field.default)
        if not rule.holds(value, spec):
            fix = "this puts the spec outside the exactly solvable family; preset 'exact' is inside"
            raise BadArgument(field.name, value, rule.permitted, fix)
    check_swaps(spec)


def _keeps_directions(step: float, spec: SceneSpec) -> bool:
    """Return whether directions are countable, and along the axes where a digit wanders on the lattice."""
    return step > 0 and (spec.digit_motion != "markov" or to_angle(step) in (FULL_TURN // 4, FULL_TURN // 2))


def _on_lattice(spec: SceneSpec) -> bool:
    """Return whether a wandering digit stays on the lattice of its first positions."""
    step = to_q16(spec.position_step)
    if spec.digit_motion != "markov" or step == 0:
        return True
    speeds = (to_q16(spec.speed_range[0]), to_q16(spec.speed_step), to_q16(spec.speed_range[1]))
    return all(speed % step == 0 for speed in speeds[: 2 if speeds[1] else 3])


def check_bank(bank: DigitBank) -> None:
    """Raise `BadArgument` for digits of another number of classes than ten."""
    if bank.classes.background != BACKGROUND:
        found = f"{bank.name}, of {bank.classes.background} classes"
        raise BadArgument("bank", found, "digits of ten classes", "the oracle knows no other number of them")
