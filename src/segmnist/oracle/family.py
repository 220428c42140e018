"""Family: every scene that a solvable spec can draw, one digit at a time, with its probability and its
pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.oracle.likelihood import BARE
from segmnist.oracle.pictures import Pictures, draw_pictures
from segmnist.oracle.solvable import check_solvable
from segmnist.render.engine import render
from segmnist.scene.fixed_point import FULL_TURN, sine_table, to_angle, to_q16
from segmnist.scene.sample import glyph_pool, pool_split, sample, twin_table
from segmnist.scene.spec import SceneSpec

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

BYTES_A_POSE = 64
"""Of a hypothesis in one frame, while the family is built."""


@dataclass(frozen=True, eq=False)
class Family:
    """What one digit can be and do, all of it.

    The N hypotheses of one digit, equal in law for both digits of a clip; digit 1 lies in front of
    digit 0.

    Where motion is a Markov chain a hypothesis is a state of it: a position and a velocity, beside what never
    changes; its `prior` is that of the first frame. `pose` holds `(N,T)` int64 arrays `y`, `x`, `angle`,
    `brightness` in a Scene's units; `glyph (N,)` the bank's rows. `picture_of[h, t]` is the row of hypothesis
    h in `pictures[t]`.
    """

    spec: SceneSpec
    bank: DigitBank
    glyph: Integers
    pose: dict[str, Integers]
    prior: Floats
    """`(N,)`, sums to one: products of multiples of 2^-32, as the sampler draws them."""
    class_odds: Floats
    """`(N,10)` P(label | hypothesis): one label, or the two of a pair of twins."""
    pictures: tuple[Pictures, ...]
    picture_of: NDArray[np.int32]
    backgrounds: NDArray[np.int16]
    """`(B,T,P)` the grey level of each background's pixels; 256 where pepper noise is seen."""
    background_prior: Floats

    @property
    def num_hypotheses(self) -> int:
        """N: scenes of one digit; a clip has N^2."""
        return len(self.prior)

    @cached_property
    def first_alike(self) -> list[Integers]:
        """For each t, `(N,)` int64: hypotheses with one number look alike in all frames 0..t."""
        alike = np.zeros(self.num_hypotheses, np.int64)
        result = []
        for t, pictures in enumerate(self.pictures):
            key = alike * len(pictures) + self.picture_of[:, t]
            alike = np.unique(key, return_inverse=True)[1].reshape(-1)
            result.append(alike)
        return result


def lattice_probabilities(count: int) -> Floats:
    """Return P(k) of `word * count >> 32` for a random 32-bit word, `(count,)`: 1/count to within 2^-32."""
    edges = [-(-(k << 32) // count) for k in range(count + 1)]
    return np.diff(np.array(edges)) / 2.0**32


def build_family(spec: SceneSpec, bank: DigitBank, split: str, seed: int, max_bytes: int) -> Family:
    """Return the family of a spec; raise `BadArgument` if it is outside the solvable ones or larger than
    `max_bytes`."""
    check_solvable(spec)
    axes = _axes(spec, bank, split)
    count = int(np.prod([len(values) for values, _ in axes.values()]))
    check_bytes(count * spec.num_frames * BYTES_A_POSE, max_bytes, f"{count:,} hypotheses")
    values, prior = _product(axes)
    pose = _poses(spec, bank, values)
    pictures, picture_of = draw_pictures(spec, bank, values["glyph"], pose, max_bytes)
    twins = twin_table(spec)[bank.labels[values["glyph"]]]
    first = round(spec.twin_odds * 2**32) / 2.0**32
    class_odds = np.zeros((count, 10))
    rows = np.arange(count)
    np.add.at(class_odds, (rows, twins[:, 0]), first)
    np.add.at(class_odds, (rows, twins[:, 1]), 1 - first)
    backgrounds = _backgrounds(spec, bank, split, seed)
    return Family(
        spec, bank, values["glyph"], pose, prior, class_odds, pictures, picture_of,
        backgrounds, lattice_probabilities(len(backgrounds)),
    )  # fmt: skip


def check_bytes(needed: int, max_bytes: int, what: str) -> None:
    """Raise `BadArgument` if more memory is needed than permitted; says how much before any is taken."""
    if needed > max_bytes:
        fix = f"{what} need {needed:,} bytes; lower glyphs_per_class or coarsen a *_step"
        raise BadArgument("max_bytes", max_bytes, f"{needed:,} or more", fix)


def lattice(low: int, high: int, step: int) -> tuple[Integers, Floats]:
    """Return low, low + step, ... up to high, and their probabilities; low alone where step is 0."""
    values = np.arange(low, high + 1, step, dtype=np.int64) if step else np.array([low], np.int64)
    return values, lattice_probabilities(len(values))


def lattice_of(
    ends: tuple[float, float], step: float, in_fixed_point: Callable[[float], int]
) -> tuple[Integers, Floats]:
    """Return the lattice of a `*_range` and its `*_step`."""
    return lattice(in_fixed_point(ends[0]), in_fixed_point(ends[1]), in_fixed_point(step))


def spans(spec: SceneSpec, bank: DigitBank) -> dict[str, tuple[int, int]]:
    """Return for `y` and `x` the least position of a digit's centre and how far it may go from there, Q16."""
    scale, margin = to_q16(spec.scale_range[0]), to_q16(spec.wall_margin)
    sizes = zip("yx", bank.images.shape[1:], (spec.height, spec.width))
    lows = {name: ((glyph * scale >> 1) - margin, frame << 16) for name, glyph, frame in sizes}
    return {name: (low, frame - 2 * low) for name, (low, frame) in lows.items()}


def _axes(spec: SceneSpec, bank: DigitBank, split: str) -> dict[str, tuple[Any, Floats]]:
    """Return every independent draw of the sampler, its values and their probabilities; those of motion
    last."""
    pool = glyph_pool(spec, bank, split).astype(np.int64)
    step, room = to_q16(spec.position_step), spans(spec, bank)
    turn_step = to_angle(spec.direction_step)
    axes = {
        "glyph": (pool, lattice_probabilities(len(pool))),
        "angle": lattice_of(spec.angle_range, spec.angle_step, to_angle),
        "rate": lattice_of(spec.rotation_rate_range, spec.rotation_rate_step, to_angle),
    }
    motion = {
        "y": lattice(0, room["y"][1], step),
        "x": lattice(0, room["x"][1], step),
        "speed": lattice_of(spec.speed_range, spec.speed_step, to_q16),
        "direction": lattice(0, FULL_TURN - 1, turn_step),
    }
    if spec.grey_levels:
        factors = np.array([(level * 65_536 + 254) // 255 for level in spec.grey_levels], np.int64)
        return {**axes, "flat": (factors, lattice_probabilities(len(factors))), **motion}
    ramp = lattice_of(spec.brightness_range, spec.brightness_step, to_q16)
    return {**axes, "first": ramp, "last": ramp, **motion}


def _product(axes: dict[str, tuple[Any, Floats]]) -> tuple[dict[str, Integers], Floats]:
    """Return every combination, `(N,)` for each axis, and its probability."""
    indices = np.indices([len(values) for values, _ in axes.values()]).reshape(len(axes), -1)
    prior = np.ones(indices.shape[1])
    columns = {}
    for (name, (values, probabilities)), index in zip(axes.items(), indices):
        columns[name] = values[index]
        prior *= probabilities[index]
    return columns, prior / prior.sum()


def _poses(spec: SceneSpec, bank: DigitBank, values: dict[str, Integers]) -> dict[str, Integers]:
    """Return where each hypothesis is in each frame, `(N,T)`: the sampler's arithmetic, over all of them
    at once."""
    sine, quarter = sine_table(), FULL_TURN // 4
    t = np.arange(spec.num_frames) * spec.frame_stride
    toward = {"y": -sine[values["direction"]], "x": sine[values["direction"] + quarter]}
    pose = {"angle": (values["angle"][:, None] + values["rate"][:, None] * t) % FULL_TURN}
    for axis, (low, span) in spans(spec, bank).items():
        velocity = _scaled(values["speed"], toward[axis], axis)
        if spec.digit_motion == "markov":
            # A state of the chain: where it is and where it heads, the same in every frame.
            velocity *= 0
        acceleration = _scaled(np.int64(to_q16(spec.acceleration_range[0])), toward[axis], axis)
        place = values[axis][:, None] + velocity[:, None] * t + (acceleration[:, None] * t * t >> 1)
        pose[axis] = low + reflected(place, span)
    first = values.get("first", values.get("flat"))
    last = values.get("last", values.get("flat"))
    assert first is not None
    assert last is not None
    pose["brightness"] = first[:, None] + (last - first)[:, None] * t // spec.duration
    return pose


def _scaled(length: Any, toward: Integers, axis: str) -> Integers:
    """Return a length along a direction in Q16; y is rounded before its sign is turned, as in the sampler."""
    return np.asarray(-(length * -toward >> 30) if axis == "y" else length * toward >> 30)


def reflected(place: Integers, span: int) -> Integers:
    """Return positions in 0..span of points that went straight on through reflecting walls."""
    if span == 0:
        return np.zeros_like(place)
    folded = place % (2 * span)
    return np.where(folded <= span, folded, 2 * span - folded)


def _backgrounds(spec: SceneSpec, bank: DigitBank, split: str, seed: int) -> NDArray[np.int16]:
    """Return what lies behind the digits, `(B,T,P)`: the shapes of the first clips, drawn without digits
    and noise."""
    count = max(spec.num_backgrounds, 1) if spec.max_shapes else 1
    still = {"num_backgrounds": 0, "num_digits_range": (0, 0), "sensor_sigma": 0.0, "noise_density": 0.0}
    other = (spec.background_level + 1) % 256
    drawn = [
        render(
            sample(
                spec.replace(**still, background_level=level),
                np.arange(count),
                split=pool_split(spec, split),
                seed=seed,
                bank=bank,
            )
        )
        for level in (spec.background_level, other)
    ]
    levels = drawn[0].video.astype(np.int16)
    if spec.noise_density > 0:
        levels[drawn[0].video != drawn[1].video] = BARE
    return levels.reshape(count, spec.num_frames, -1)
