"""Family: every scene of one digit that a solvable spec can draw, with its probability and its pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.oracle.lattice import Axis, Floats, Integers, lattice, lattice_probabilities
from segmnist.oracle.likelihood import BARE
from segmnist.oracle.pictures import Pictures, draw_pictures
from segmnist.oracle.solvable import check_solvable
from segmnist.oracle.swaps import SwapPatterns, swap_patterns
from segmnist.render.engine import render
from segmnist.scene.fixed_point import FULL_TURN, sine_table
from segmnist.scene.parameters import parameters_of
from segmnist.scene.sample import check_fits, glyph_pool, pool_split, sample, twin_table
from segmnist.scene.spec import SceneSpec

BYTES_A_POSE = 64
"""Memory a hypothesis and frame takes while the family is built."""


@dataclass(frozen=True, eq=False)
class Family:
    """All that one digit can be and do: N hypotheses, the same for every digit of a clip.

    Where motion is a Markov chain, a hypothesis is a state of it: a position and a velocity, beside what never
    changes; its `prior` is that of the first frame. `pose` holds `(N,T)` int64 arrays `y`, `x`, `angle`, `scale`,
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
    count_prior: Floats
    """`(max_digits + 1,)` P(a clip has so many digits)."""
    swaps: SwapPatterns
    """In which frames two digits have swapped depths."""

    @property
    def num_hypotheses(self) -> int:
        """Scenes of one digit, N; a clip has N^2."""
        return len(self.prior)

    @property
    def max_digits(self) -> int:
        """The most digits that a clip has."""
        return len(self.count_prior) - 1

    @property
    def num_pixels(self) -> int:
        """Pixels of a frame."""
        return self.spec.height * self.spec.width

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

    def cover(self, t: int, weight: Floats) -> Floats:
        """Return the summed weight of the hypotheses that cover each pixel of frame t, `(P,)`.

        weight: `(N,)`, such as the posterior of one digit.
        """
        pictures = self.pictures[t]
        of_picture = np.bincount(self.picture_of[:, t], weight, len(pictures))
        of_entry = np.repeat(of_picture, np.diff(pictures.start))
        return np.bincount(pictures.pixel, of_entry, self.num_pixels).astype(np.float64)


def build_family(spec: SceneSpec, bank: DigitBank, split: str, seed: int, max_bytes: int) -> Family:
    """Return the family of a spec.

    Raises `BadArgument` for a spec outside the solvable ones, a digit larger than the frame, or a family
    larger than `max_bytes`.
    """
    check_solvable(spec)
    check_fits(spec, bank)
    count = _count(spec, bank, split)
    check_bytes(count * spec.num_frames * BYTES_A_POSE, max_bytes, f"{count:,} hypotheses")
    values, prior = _hypotheses(spec, bank, split)
    pose = _poses(spec, bank, values)
    pictures, picture_of = draw_pictures(spec, bank, values["glyph"], pose, max_bytes)
    twins = twin_table(spec, bank.classes)[bank.labels[values["glyph"]]]
    first = parameters_of(spec, *bank.images.shape[1:]).twin_odds / 2.0**32
    class_odds = np.zeros((count, 10))
    rows = np.arange(count)
    np.add.at(class_odds, (rows, twins[:, 0]), first)
    np.add.at(class_odds, (rows, twins[:, 1]), 1 - first)
    backgrounds = _backgrounds(spec, bank, split, seed)
    return Family(
        spec, bank, values["glyph"], pose, prior, class_odds, pictures, picture_of,
        backgrounds, lattice_probabilities(len(backgrounds)), _count_prior(spec), swap_patterns(spec),
    )  # fmt: skip


def _count_prior(spec: SceneSpec) -> Floats:
    """Return P(a clip has so many digits), `(max_digits + 1,)`."""
    low, high = spec.num_digits_range
    return np.concatenate([np.zeros(low), lattice_probabilities(high - low + 1)])


def check_bytes(needed: int, max_bytes: int, what: str) -> None:
    """Raise `BadArgument` if more memory is needed than permitted."""
    if needed > max_bytes:
        fix = f"{what} need {needed:,} bytes; lower glyphs_per_class or coarsen a *_step"
        raise BadArgument("max_bytes", max_bytes, f"{needed:,} or more", fix)


def headings(spec: SceneSpec, bank: DigitBank) -> dict[str, Axis]:
    """Return the `speed` and `direction` lattices of a digit: Q16 px a frame, hundredths of a degree."""
    p = parameters_of(spec, *bank.images.shape[1:])
    return {
        "speed": lattice(p.speed_low, p.speed_high, p.speed_step),
        "direction": lattice(0, FULL_TURN - 1, p.direction_step),
    }


def walls(spec: SceneSpec, bank: DigitBank, scale: int) -> dict[str, tuple[int, int]]:
    """Return for `y` and `x` the least position of a digit's centre and the room from there on, Q16."""
    p = parameters_of(spec, *bank.images.shape[1:])
    sizes = {"y": (p.glyph_height, p.height), "x": (p.glyph_width, p.width)}
    lows = {name: (glyph * scale >> 1) - p.wall_margin for name, (glyph, _) in sizes.items()}
    return {name: (lows[name], (frame << 16) - 2 * lows[name]) for name, (_, frame) in sizes.items()}


def _hypotheses(spec: SceneSpec, bank: DigitBank, split: str) -> tuple[dict[str, Integers], Floats]:
    """Return all that the sampler draws for a digit, `(N,)` for each draw, and the probabilities.

    The draws are independent, but for the position: the room between the walls depends on the scale. Those
    that a wandering digit changes come last, the last of them varying fastest.
    """
    parts = []
    scales, odds = _scales(spec, bank)
    for scale, share in zip(scales, odds):
        values, prior = _product(_axes(spec, bank, split, int(scale)))
        parts.append(({**values, "scale": np.full(len(prior), scale)}, share * prior))
    joined = {name: np.concatenate([values[name] for values, _ in parts]) for name in parts[0][0]}
    return joined, np.concatenate([prior for _, prior in parts])


def _scales(spec: SceneSpec, bank: DigitBank) -> Axis:
    p = parameters_of(spec, *bank.images.shape[1:])
    return lattice(p.scale_low, p.scale_high, p.scale_step)


def _axes(spec: SceneSpec, bank: DigitBank, split: str, scale: int) -> dict[str, Axis]:
    """Return every independent draw of a digit of this scale: its values and their probabilities."""
    p = parameters_of(spec, *bank.images.shape[1:])
    pool = glyph_pool(spec, bank, split).astype(np.int64)
    room = walls(spec, bank, scale)
    axes = {
        "glyph": (pool, lattice_probabilities(len(pool))),
        "angle": lattice(p.angle_low, p.angle_high, p.angle_step),
        "rate": lattice(p.rate_low, p.rate_high, p.rate_step),
    }
    ramp = lattice(p.brightness_low, p.brightness_high, p.brightness_step)
    shine = {"first": ramp, "last": ramp}
    if spec.grey_levels:
        factors = np.array([(level * 65_536 + 254) // 255 for level in spec.grey_levels], np.int64)
        shine = {"flat": (factors, lattice_probabilities(len(factors)))}
    motion = {
        "y": lattice(0, room["y"][1], p.position_step),
        "x": lattice(0, room["x"][1], p.position_step),
        **headings(spec, bank),
    }
    return {**axes, **shine, **motion}


def _count(spec: SceneSpec, bank: DigitBank, split: str) -> int:
    """Return N, without making the N hypotheses."""
    scales, _ = _scales(spec, bank)
    return sum(
        math.prod(len(values) for values, _ in _axes(spec, bank, split, int(scale)).values())
        for scale in scales
    )


def _product(axes: dict[str, Axis]) -> tuple[dict[str, Integers], Floats]:
    """Return every combination, `(N,)` for each axis, and its probability."""
    indices = np.indices([len(values) for values, _ in axes.values()]).reshape(len(axes), -1)
    prior = np.ones(indices.shape[1])
    columns = {}
    for (name, (values, probabilities)), index in zip(axes.items(), indices):
        columns[name] = values[index]
        prior *= probabilities[index]
    return columns, prior / prior.sum()


def _poses(spec: SceneSpec, bank: DigitBank, values: dict[str, Integers]) -> dict[str, Integers]:
    """Return the pose of each hypothesis in each frame, `(N,T)`, by the sampler's arithmetic."""
    p, sine, quarter = parameters_of(spec, *bank.images.shape[1:]), sine_table(), FULL_TURN // 4
    t = np.arange(spec.num_frames) * spec.frame_stride
    toward = {"y": -sine[values["direction"]], "x": sine[values["direction"] + quarter]}
    scale = values["scale"]
    pose = {
        "angle": (values["angle"][:, None] + values["rate"][:, None] * t) % FULL_TURN,
        "scale": np.repeat(scale[:, None], len(t), axis=1),
    }
    # A hypothesis of a wandering digit is a state, where it is and where it heads: the same in every frame.
    moves = spec.digit_motion != "markov"
    acceleration = np.full_like(scale, p.acceleration_low)
    for axis in ("y", "x"):
        velocity = moves * _scaled(values["speed"], toward[axis], axis)
        place = values[axis][:, None] + velocity[:, None] * t
        place += _scaled(acceleration, toward[axis], axis)[:, None] * t * t >> 1
        pose[axis] = np.empty_like(place)
        for size in np.unique(scale):
            low, span = walls(spec, bank, int(size))[axis]
            pose[axis][scale == size] = low + reflected(place[scale == size], span)
    first = values.get("first", values.get("flat"))
    last = values.get("last", values.get("flat"))
    assert first is not None
    assert last is not None
    pose["brightness"] = first[:, None] + (last - first)[:, None] * t // spec.duration
    return pose


def _scaled(length: Integers, toward: Integers, axis: str) -> Integers:
    """Return a length along a direction in Q16; y is rounded before its sign is turned, as in the sampler."""
    return np.asarray(-(length * -toward >> 30) if axis == "y" else length * toward >> 30)


def reflected(place: Integers, span: int) -> Integers:
    """Return positions in 0..span of points that went straight on through reflecting walls."""
    if span == 0:
        return np.zeros_like(place)
    folded = place % (2 * span)
    return np.where(folded <= span, folded, 2 * span - folded)


def _backgrounds(spec: SceneSpec, bank: DigitBank, split: str, seed: int) -> NDArray[np.int16]:
    """Return what lies behind the digits, `(B,T,P)`: the shapes of the first clips."""
    count = max(spec.num_backgrounds, 1) if spec.max_shapes else 1
    empty = spec.replace(num_backgrounds=0, num_digits_range=(0, 0), sensor_sigma=0.0, noise_density=0.0)
    other = (spec.background_level + 1) % 256
    drawn = [
        render(
            sample(
                empty.replace(background_level=level),
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
