"""SceneSpec: every range and switch from which scenes are drawn. Frozen, validated once, saved as TOML."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, Unpack, get_args, get_origin, get_type_hints

import msgspec
import numpy as np

from segmnist.classes import MOST_CLASSES
from segmnist.errors import BadArgument, did_you_mean
from segmnist.html_hooks import html_of
from segmnist.scene.fixed_point import FULL_TURN, to_angle
from segmnist.scene.spec_fields import (
    CorruptionName,
    CountRange,
    Range,
    ShapeKind,
    SpecFields,
    TextureKind,
)
from segmnist.text_file import parsed_toml, read_text
from segmnist.whole_file import replace_file

MAX_DURATION = 65_536
"""Frames that a clip may span (num_frames x frame_stride): the frame has 16 bits of the random address."""

MAX_SIDE = 8192
"""Pixels that a side of the frame may have.

Places are Q16 in 32 bits: a frame with the widest walls around it ends at (8,192 + 1,024) 2^16 < 2^30. A random word times the
room between the walls stays below 2^32 (8,192 + 2 * 1,024) 2^16 < 2^62, the columns of a row in two halves of a word below
2^15 each, and areas below 2^26. A test draws the far corner of such frames.
"""

MOST_BYTES = 1 << 20
"""Bytes of TOML that a spec may have."""


@dataclass(frozen=True)
class Limits:
    """What a field of the spec may hold: the range of each of its numbers, the unit, and what it is for."""

    low: float
    high: float
    unit: str
    about: str


SECTIONS = {
    "height": "Frame and time",
    "num_digits_range": "Digits",
    "num_shapes_range": "Shapes",
    "noise_density": "Noise and background",
    "hue_range": "Colour",
    "corruption": "Corruption",
    "twins": "Twins",
    "glyphs_per_class": "Countable scenes",
}
"""The sections of the spec: the first field of each, and its title."""


def _field(default: Any, low: float, high: float, unit: str, about: str) -> Any:
    return dataclasses.field(
        default=default, metadata={"limits": Limits(low, high, unit, about), "about": about}
    )


def _choice(default: Any, about: str) -> Any:
    """Return a field without numbers: a choice, a switch, words or pairs."""
    return dataclasses.field(default=default, metadata={"about": about})


@dataclass(frozen=True, kw_only=True)
class SceneSpec:
    """Everything that may vary between clips; the defaults are the `standard` preset.

    A `*_range` is a (low, high) pair, both ends included. Sizes are in pixels, angles in degrees counter-clockwise
    as seen, speeds in pixels per frame. Raises `BadArgument` for any value outside its limits.

    >>> SceneSpec(height=48, width=80, num_digits_range=(1, 4)).width
    80
    >>> SceneSpec(num_frames=0)
    Traceback (most recent call last):
    segmnist.errors.BadArgument: num_frames=0 is not permitted: expected 1..10000 frames
    """

    # The frame and time.
    height: int = _field(64, 16, MAX_SIDE, "px", "frame height")
    width: int = _field(64, 16, MAX_SIDE, "px", "frame width")
    num_frames: int = _field(30, 1, 10_000, "frames", "frames in a clip")
    frame_stride: int = _field(1, 1, 100, "frames", "draw every k-th frame of the motion")

    # The digits.
    num_digits_range: CountRange = _field((2, 3), 0, 64, "digits", "digits in a clip")
    classes: tuple[int, ...] = _field(
        (), 0, MOST_CLASSES - 1, "class", "digit classes that occur; without any, all that the digits have"
    )
    speed_range: Range = _field((1.0, 5.0), 0, 64, "px/frame", "speed of a digit")
    acceleration_range: Range = _field((0.0, 0.0), -1, 1, "px/frame^2", "acceleration along its path")
    wall_margin: float = _field(0.0, 0, 1024, "px", "how far outside the frame the walls stand")
    angle_range: Range = _field((0.0, 359.99), -360, 360, "deg", "angle at the first frame")
    rotation_rate_range: Range = _field((-9.0, 9.0), -180, 180, "deg/frame", "rotation of a digit")
    scale_range: Range = _field((1.0, 1.0), 0.25, 32, "", "size of a digit relative to its glyph")
    scale_change_range: Range = _field(
        (1.0, 1.0), 0.25, 32, "", "size of a digit at the end of the clip relative to the start"
    )
    pulse_range: Range = _field(
        (0.0, 0.0), 0, 0.75, "", "how far a digit swells and shrinks in turn, as a share of its size"
    )
    pulse_period_range: CountRange = _field((15, 30), 2, MAX_DURATION, "frames", "frames that a pulse takes")
    brightness_range: Range = _field((0.25, 1.0), 0, 4, "", "both ends of the ramp of a digit's brightness")
    entry_frame_range: CountRange = _field(
        (0, 0), -MAX_DURATION, MAX_DURATION, "frames", "frame of the motion at which a digit comes"
    )
    lifespan_range: CountRange = _field(
        (MAX_DURATION, MAX_DURATION), 1, MAX_DURATION, "frames", "frames of the motion that a digit stays for"
    )
    fade_frames: int = _field(
        0,
        0,
        MAX_DURATION,
        "frames",
        "frames over which a digit's brightness rises as it comes, and falls as it goes",
    )
    ink_threshold: int = _field(64, 1, 255, "grey", "a glyph's pixel is ink from this value on")
    ink_offset: int = _field(0, 0, 254, "grey", "taken from the ink's value before it is scaled")
    num_depth_swaps_range: CountRange = _field((0, 0), 0, 64, "swaps", "times that two digits swap depth")
    blend: Literal["over", "max"] = _choice(
        "over", "what is seen where digits overlap: the nearer digit, or the brighter one"
    )
    """`over`: the digit with the larger depth. `max`: the one whose grey level there is highest, of equal ones the nearer.
    Either way every digit lies over shapes and noise."""
    digit_motion: Literal["reflect", "origin", "markov", "clamp"] = _choice(
        "reflect",
        "how digits move: bounce at the walls, the 2020 code's motion, bounce and turn at random, or that of 2015",
    )
    """`reflect`: position reflected at the walls. `origin`: the 2020 code's whole-numbered motion and late turn.
    `markov`: reflected too, and with `turn_odds` a frame the velocity is drawn anew. `clamp`: the Moving MNIST of 2015: stopped
    at the wall and turned around, in whole pixels."""
    turn_odds: float = _field(0.0, 0, 1, "", "chance a frame that `markov` motion draws its velocity anew")
    cut_corners: bool = _choice(False, "keep a turned glyph inside its upright box, as the 2020 code does")

    # The shapes behind them.
    num_shapes_range: CountRange = _field((6, 12), 0, 64, "shapes", "shapes in a clip")
    shape_kinds: tuple[ShapeKind, ...] = _choice(
        ("rectangle", "ellipse", "triangle"), "kinds of shape that occur"
    )
    shape_size_range: CountRange = _field((6, 36), 1, 2048, "px", "height and width of a shape")
    shape_speed_range: Range = _field((0.5, 2.5), 0, 64, "px/frame", "speed of a shape")
    shape_level_range: CountRange = _field((0, 255), 0, 255, "grey", "grey level of a shape")
    shape_motion: Literal["reflect", "origin"] = _choice(
        "reflect", "every shape on its own, or one rigid layer that drifts, as in the 2020 code"
    )
    grey_levels: tuple[int, ...] = _field(
        (), 0, 255, "grey", "if given: flat digits and shapes, only of these levels"
    )

    # What lies where no shape is.
    noise_density: float = _field(1.0, 0, 1, "", "share of the bare background that is pepper noise")
    noise_level_range: CountRange = _field((0, 255), 0, 255, "grey", "levels of the pepper noise")
    noise_distribution: Literal["uniform", "origin"] = _choice(
        "uniform", "uniform over its levels, or the 2020 code's: N(127, 127), truncated, modulo 256"
    )
    background_level: int = _field(0, 0, 255, "grey", "the bare background where no noise is")

    # What lies over everything.
    sensor_sigma: float = _field(0.0, 0, 128, "grey", "Gaussian sensor noise over the whole frame")

    # The colours of `rgb`, which change nothing of the grey video.
    hue_range: Range = _field((0.0, 359.99), -360, 360, "deg", "hues of digits, shapes and ground in `rgb`")
    saturation_range: Range = _field((0.5, 1.0), 0, 1, "", "saturations of these hues; 0 is grey")
    texture_kinds: tuple[TextureKind, ...] = _choice(
        ("plain",), "patterns of two colours on shapes and still ground in `rgb`"
    )
    texture_size_range: CountRange = _field((2, 6), 1, 64, "px", "side of a texture's cells")

    # What happens to the finished video. The truths stay those of the scene.
    corruption: CorruptionName = _choice("none", "what the finished video is corrupted by")
    corruption_severity: int = _field(0, 0, 5, "", "how much it is corrupted; 0 is not at all")

    # Twins: classes that look alike once turned by half, as 6 and 9 do.
    twins: tuple[tuple[int, int], ...] = _choice(
        (), "pairs of classes whose labels are drawn independently of all that is seen"
    )
    twin_odds: float = _field(0.5, 0, 1, "", "chance that the label is the first of its pair")

    # Countable scenes. With a step, only low, low + step, ... up to high occur, all equally likely; 0 is a continuum.
    glyphs_per_class: int = _field(0, 0, 10_000, "glyphs", "only the first glyphs of each class; 0 is all")
    position_step: float = _field(
        0.0, 0, 1024, "px", "lattice of first positions, from the upper left wall on"
    )
    speed_step: float = _field(0.0, 0, 64, "px/frame", "lattice of speeds")
    direction_step: float = _field(0.0, 0, 360, "deg", "lattice of directions; divides a full turn")
    angle_step: float = _field(0.0, 0, 360, "deg", "lattice of first angles")
    rotation_rate_step: float = _field(0.0, 0, 180, "deg/frame", "lattice of rotation rates")
    scale_step: float = _field(0.0, 0, 32, "", "lattice of sizes")
    brightness_step: float = _field(0.0, 0, 4, "", "lattice of both ends of the brightness ramp")
    num_backgrounds: int = _field(
        0, 0, 10_000, "", "if given: the shapes are those of one of the first clips"
    )
    pools: Literal["split", "shared"] = _choice(
        "split", "glyphs and numbered backgrounds: each split has its own, or all splits share those of train"
    )

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, _checked(field, getattr(self, field.name)))
        _check_together(self)

    def __hash__(self) -> int:
        # Kept, as every draw looks up what it needs by spec.
        known: int | None = self.__dict__.get("_hash")
        if known is None:
            known = hash(tuple(getattr(self, field.name) for field in dataclasses.fields(self)))
            object.__setattr__(self, "_hash", known)
        return known

    def __getstate__(self) -> dict[str, Any]:
        # Another process hashes text to other numbers.
        return {name: value for name, value in self.__dict__.items() if name != "_hash"}

    def replace(self, **changes: Unpack[SpecFields]) -> SceneSpec:
        """Return a copy with some fields changed; lists become tuples. Raises `BadArgument` as the class does."""
        return from_dict({**self.to_dict(), **changes})

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values that JSON and TOML can hold."""
        return {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}

    def to_canonical(self) -> dict[str, Any]:
        """Return the fields that differ from the defaults, as plain values: the form that is hashed.

        A field added later, at a default that changes nothing, leaves the sums of all older specs as they were.
        """
        return {
            f.name: _plain(value)
            for f in dataclasses.fields(self)
            if (value := getattr(self, f.name)) != f.default
        }

    def to_toml(self, path: str | Path | None = None) -> str:
        """Return the spec as TOML text with a comment for each field, and write it to `path` if one is given."""
        text = "".join(_toml_line(field, getattr(self, field.name)) for field in dataclasses.fields(self))
        if path is not None:
            replace_file(Path(path), text.encode())
        return text

    @classmethod
    def from_toml(cls, source: str | Path) -> SceneSpec:
        """Read a spec from a TOML file (a `Path`, or a `str` that ends in .toml) or from TOML text.

        Fields that are not named keep their defaults. Raises `BadArgument` for unknown fields or bad values.

        >>> SceneSpec.from_toml("num_frames = 5").num_frames
        5
        """
        is_file = isinstance(source, Path) or (source.endswith(".toml") and "\n" not in source)
        try:
            text = read_text(Path(source).expanduser(), MOST_BYTES) if is_file else str(source)
            return from_dict(parsed_toml(text))
        except (OSError, UnicodeDecodeError) as error:
            raise BadArgument("spec", str(source), "a readable TOML file", str(error)) from None
        except tomllib.TOMLDecodeError as error:
            raise BadArgument("spec", str(source)[:80], "valid TOML", str(error)) from None

    @property
    def max_digits(self) -> int:
        """Rows that a batch needs for its digits."""
        return self.num_digits_range[1]

    @property
    def max_shapes(self) -> int:
        """Rows that a batch needs for its shapes."""
        return self.num_shapes_range[1]

    @property
    def smallest_scale(self) -> float:
        """The smallest that a digit may be at any time, relative to its glyph, to 12 decimals."""
        least = self.scale_range[0] * min(self.scale_change_range[0], 1.0) * (1 - self.pulse_range[1])
        return round(least, 12)

    @property
    def largest_scale(self) -> float:
        """The largest that a digit may be at any time, relative to its glyph, to 12 decimals."""
        most = self.scale_range[1] * max(self.scale_change_range[1], 1.0) * (1 + self.pulse_range[1])
        return round(most, 12)

    @property
    def duration(self) -> int:
        """Frames of motion that a clip spans, drawn or skipped."""
        return self.num_frames * self.frame_stride

    def _repr_html_(self) -> str:
        return html_of(self)


def field_names() -> list[str]:
    """Return the names of the spec's fields, in order."""
    return [f.name for f in dataclasses.fields(SceneSpec)]


def sections() -> dict[str, list[str]]:
    """Return the titles of the spec's sections, and the fields in each, in order."""
    titled: dict[str, list[str]] = {}
    for name in field_names():
        title = SECTIONS.get(name, next(reversed(titled), ""))
        titled.setdefault(title, []).append(name)
    return titled


def about_of(name: str) -> str:
    """Return what a field is for, in a phrase."""
    about: str = next(f for f in dataclasses.fields(SceneSpec) if f.name == name).metadata["about"]
    return about


def limits_of(name: str) -> Limits | None:
    """Return the limits of a numeric field, or None for a choice or a switch."""
    field = next(f for f in dataclasses.fields(SceneSpec) if f.name == name)
    return field.metadata.get("limits")


def choices_of(name: str) -> tuple[str, ...]:
    """Return the words that a field may hold, or that its items may; none for a number or a switch."""
    return _choices(_field_types()[name])


def check_names(names: list[str]) -> None:
    """Raise `BadArgument` for the first name that is no field of the spec, with the nearest that is."""
    for name in names:
        if name not in field_names():
            fix = did_you_mean(name, field_names()) or "`segmnist show standard` lists the fields"
            raise BadArgument("field", name, "a field of SceneSpec", fix)


def from_dict(values: dict[str, Any]) -> SceneSpec:
    """Return the spec with these fields, the others at their defaults. Raises `BadArgument`."""
    check_names(list(values))
    return SceneSpec(**values)


@cache
def _field_types() -> dict[str, Any]:
    return get_type_hints(SceneSpec)


def _checked(field: dataclasses.Field[Any], value: Any) -> Any:
    """Return the value in its field's own type, lists as tuples; raise unless it has that type and its limits."""
    limits = field.metadata.get("limits")
    try:
        typed = msgspec.convert(_plain(value), _field_types()[field.name])
    except msgspec.ValidationError as error:
        reason = str(error).partition(" - at ")[0]
        raise BadArgument(field.name, value, _permitted(field), reason) from None
    numbers = typed if isinstance(typed, tuple) else (typed,)
    if limits and not all(limits.low <= number <= limits.high for number in numbers):  # NaN is in no range
        raise BadArgument(field.name, value, _format_range(limits))
    if field.name.endswith("_range") and numbers[0] > numbers[1]:
        raise BadArgument(field.name, value, "low <= high", f"write ({numbers[1]}, {numbers[0]})")
    return typed


def _permitted(field: dataclasses.Field[Any]) -> str:
    if isinstance(field.default, bool):
        return "True or False"
    limits, kind = field.metadata.get("limits"), _field_types()[field.name]
    allowed = _format_range(limits) if limits else ", ".join(_choices(kind))
    is_of_pairs = get_origin(next(iter(get_args(kind)), None)) is tuple
    example = (((6, 9),) if is_of_pairs else (6, 9)) if field.default == () else field.default
    return f"{allowed}, written like {example!r}" if allowed else f"a value like {example!r}"


def _choices(kind: Any) -> tuple[str, ...]:
    """Return the words that a field may hold, or that its items may."""
    if get_origin(kind) is Literal:
        return get_args(kind)
    return next((words for words in map(_choices, get_args(kind)) if words), ())


def _format_range(limits: Limits) -> str:
    return f"{limits.low:g}..{limits.high:g} {limits.unit}".strip()


def _toml_line(field: dataclasses.Field[Any], value: Any) -> str:
    """Return `name = value  # what it is: what it may be`; for values like these, JSON is TOML."""
    limits = field.metadata.get("limits")
    permitted = _format_range(limits) if limits else ", ".join(_choices(_field_types()[field.name]))
    about = ": ".join(filter(None, [field.metadata["about"], permitted]))
    line = f"{field.name} = {json.dumps(_plain(value))}"
    return f"{line:<44}  # {about}\n"


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    return [_plain(v) for v in value] if isinstance(value, tuple) else value


def _check_together(spec: SceneSpec) -> None:
    """Raise `BadArgument` where fields that are fine alone cannot go together."""
    if spec.duration > MAX_DURATION:
        fix = f"num_frames x frame_stride may be {MAX_DURATION} at most"
        raise BadArgument("frame_stride", spec.frame_stride, f"1..{MAX_DURATION // spec.num_frames}", fix)
    for name in ("classes", "shape_kinds", "texture_kinds"):
        value = getattr(spec, name)
        if len(set(value)) != len(value) or (name == "shape_kinds" and not value):
            raise BadArgument(name, value, "one or more different values")
    if any(level == 0 for level in spec.grey_levels) and spec.max_digits:
        raise BadArgument("grey_levels", spec.grey_levels, "1..255 where digits are drawn", "leave out 0")
    if spec.grey_levels and spec.fade_frames:
        raise BadArgument(
            "fade_frames", spec.fade_frames, "0 where grey_levels are given", "they fix all levels"
        )
    _check_scales(spec)
    _check_steps(spec)
    _check_twins(spec)


def _check_scales(spec: SceneSpec) -> None:
    """Raise `BadArgument` for digits that grow or shrink beyond the limits of `scale_range`.

    The sizes are rounded to 12 decimals: 0.25 / 0.36 * 0.36 is below 0.25 in floating point.
    """
    low, high = spec.smallest_scale, spec.largest_scale
    limits = limits_of("scale_range")
    assert limits is not None
    if low < limits.low or high > limits.high:
        name = "pulse_range" if any(spec.pulse_range) else "scale_change_range"
        fix = f"with scale_range={spec.scale_range} digits are of size {low:g}..{high:g}"
        permitted = f"what keeps sizes in {_format_range(limits)}"
        raise BadArgument(name, getattr(spec, name), permitted, fix)


def _check_steps(spec: SceneSpec) -> None:
    """Raise `BadArgument` for a step that the motion cannot keep to."""
    steps = [name for name in field_names() if name.endswith("_step")]
    if spec.digit_motion == "origin" and any(getattr(spec, name) for name in steps):
        raise BadArgument("digit_motion", "origin", "'reflect' or 'markov' where a *_step is given")
    if spec.digit_motion in ("markov", "clamp") and any(spec.acceleration_range):
        permitted = f"(0, 0) for digit_motion={spec.digit_motion!r}"
        raise BadArgument("acceleration_range", spec.acceleration_range, permitted)
    direction_step = to_angle(spec.direction_step)
    if direction_step and FULL_TURN % direction_step:
        raise BadArgument("direction_step", spec.direction_step, "a divisor of 360 degrees, such as 45 or 90")


def _check_twins(spec: SceneSpec) -> None:
    """Raise `BadArgument` unless half a turn takes the set of first angles to itself, and no class has two twins."""
    paired = [label for pair in spec.twins for label in pair]
    if len(set(paired)) != len(paired) or not all(0 <= label < MOST_CLASSES for label in paired):
        expected = f"pairs of different classes in 0..{MOST_CLASSES - 1}, each class once"
        raise BadArgument("twins", spec.twins, expected)
    if not paired:
        return
    low, high = (to_angle(value) for value in spec.angle_range)
    step = max(to_angle(spec.angle_step), 1)
    count = (high - low) // step + 1
    if count * step != FULL_TURN or count % 2:
        fix = "angle_range=(0, 359.99) without a step, or an even number of steps to a full turn"
        raise BadArgument(
            "angle_range", spec.angle_range, "a set closed under half a turn where twins are", fix
        )
