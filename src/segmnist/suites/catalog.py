"""The suites: lists of parts, each a spec with fixed validation and test clips.

A suite never changes; a changed one gets a new version and its own checksums.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmnist.classes import DIGITS, Classes
from segmnist.corruptions.corrupt import CLEAN, CORRUPTIONS, SEVERITIES
from segmnist.dataset.plan import recipe_for
from segmnist.dataset.recipe import Recipe, canonical_json
from segmnist.digits.bank import DigitBank
from segmnist.digits.checks import MNIST_SHA256
from segmnist.errors import BadArgument, did_you_mean
from segmnist.render.arrays import check_truths
from segmnist.scene.presets import PresetName, preset
from segmnist.scene.randomness import check_split
from segmnist.scene.spec import SceneSpec, check_names, from_dict
from segmnist.source import ClipSource

TrainClips = Callable[[NDArray[np.int64]], tuple[NDArray[np.uint8], NDArray[np.uint8]]]
"""Ids `(B,)` -> videos and classes of train clips, both `(B, T, H, W)` uint8."""

SEED = 0
"""The seed of every suite's fixed splits; clip ids run from 0."""


@dataclass(frozen=True)
class Part:
    """One spec and how many clips of it are scored: one level of a sweep, or the whole suite.

    train: the spec of train clips where it is another one, as models for corrupted clips learn from clean ones.
    given: the frames that a model sees, from the first on, where it is to predict the others; those are scored. Without it a
    model sees all frames, and all are scored.
    """

    name: str
    spec: SceneSpec
    val_clips: int
    test_clips: int
    train: SceneSpec | None = None
    given: int | None = None
    bank: DigitBank | None = None
    """The digits; None is MNIST."""

    @property
    def train_spec(self) -> SceneSpec:
        """The spec of train clips."""
        return self.spec if self.train is None else self.train

    @property
    def scored_frames(self) -> int:
        """Frames of a clip that are scored."""
        return self.spec.num_frames - (self.given or 0)

    @property
    def classes(self) -> Classes:
        """The names of the digits' classes."""
        return DIGITS if self.bank is None else self.bank.classes

    @property
    def bank_sha256(self) -> str:
        """SHA-256 of the digits."""
        return MNIST_SHA256 if self.bank is None else self.bank.sha256

    def num_clips(self, split: str) -> int:
        """Return the clips of `val` or `test`. Raises `BadArgument` for train, which has no end."""
        if split not in ("val", "test"):
            raise BadArgument("split", split, "val, test", "train sets are drawn without end and not scored")
        return self.val_clips if split == "val" else self.test_clips

    def first(self, num_clips: int | None) -> Part:
        """Return the same part with the first clips only, or as it is for None. Raises `BadArgument` for less than one."""
        if num_clips is None:
            return self
        if num_clips < 1:
            raise BadArgument("num_clips", num_clips, "1 or more")
        val, test = (min(num_clips, number) for number in (self.val_clips, self.test_clips))
        return replace(self, val_clips=val, test_clips=test)

    def source(self, split: str, truth: tuple[str, ...] = ("semantic",)) -> ClipSource:
        """Return the clips of a split; val and test end, train does not."""
        length = None if split == "train" else self.num_clips(split)
        spec = self.train_spec if split == "train" else self.spec
        return ClipSource(
            spec,
            split=check_split(split),
            seed=SEED,
            truth=check_truths(truth),
            length=length,
            bank=self.bank,
        )

    def train_clips(self) -> TrainClips:
        """Return the function that draws train clips by id, without end."""
        source = self.source("train")

        def draw(clip_ids: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
            clips = source.batch(clip_ids)
            return clips.video, clips.semantic

        return draw

    def row_of(self, clip_id: int, split: str) -> int:
        """Return the number that a clip's prediction has: of a suite, the clip's id."""
        return clip_id

    def content_id(self, split: str) -> str:
        """Return the SHA-256 that names the clips of `val` or `test`: the `content_id` of their recipe."""
        clips = Recipe(
            spec=self.spec, num_clips=self.num_clips(split), split=split, seed=SEED,
            bank_sha256=self.bank_sha256, class_names=self.classes.names,
        )  # fmt: skip
        return clips.content_id

    def recipe(self, split: str, truth: tuple[str, ...] = ("semantic", "instance")) -> Recipe:
        """Return the recipe of `val` or `test` as a data set on disk, which `segmnist.dataset.generate` writes.

        >>> suite("exact-v1").part("sigma-20").recipe("test").num_clips
        200
        """
        num_clips = self.num_clips(split)
        return recipe_for(
            self.spec,
            num_clips=num_clips,
            split=check_split(split),
            seed=SEED,
            truth=check_truths(truth),
            bank=self.bank,
        )


@dataclass(frozen=True)
class Suite:
    """A name with its version, a sentence, and the parts."""

    name: str
    about: str
    parts: tuple[Part, ...]

    def num_clips(self, split: str) -> int:
        """Return the clips of all parts."""
        return sum(part.num_clips(split) for part in self.parts)

    def num_frames(self, split: str) -> int:
        """Return the frames of all parts."""
        return sum(part.num_clips(split) * part.spec.num_frames for part in self.parts)

    def content_id(self, split: str) -> str:
        """Return the SHA-256 that names the clips of `val` or `test`: the name to cite.

        That of the part where there is one, else the SHA-256 of the canonical JSON list of the parts' ids.

        >>> suite("standard-v1").content_id("test")[:12]
        'a387044fc546'
        """
        ids = [part.content_id(split) for part in self.parts]
        return ids[0] if len(ids) == 1 else hashlib.sha256(canonical_json(ids).encode()).hexdigest()

    def only(self, name: str) -> Suite:
        """Return the suite with one part alone. Raises `BadArgument` where it has no part of this name."""
        return Suite(self.name, self.about, (self.part(name),))

    def part(self, name: str) -> Part:
        """Return the part of this name. Raises `BadArgument` for any other."""
        for part in self.parts:
            if part.name == name:
                return part
        raise BadArgument("part", name, ", ".join(part.name for part in self.parts))


def suite_of(
    spec: SceneSpec | PresetName,
    num_clips: int = 200,
    *,
    name: str = "own",
    bank: DigitBank | None = None,
) -> Suite:
    """Return a suite of one part, `all`, for a spec of your own: as many val as test clips, without checksums.

    bank: digits of your own; scores are then of its classes. Raises `BadArgument` for an unknown preset, the name of a
    frozen suite, or no clips.

    >>> suite_of("exact", 50).num_clips("test")
    50
    """
    if name in SUITES:
        raise BadArgument("name", name, "a name that no frozen suite has", "such as own")
    if num_clips < 1:
        raise BadArgument("num_clips", num_clips, "1 or more")
    made = preset(spec) if isinstance(spec, str) else spec
    return Suite(name, "A spec of your own.", (Part("all", made, num_clips, num_clips, bank=bank),))


def sweep_of(
    spec: SceneSpec | PresetName,
    knob: str,
    values: Sequence[float],
    num_clips: int = 100,
    *,
    bank: DigitBank | None = None,
) -> Suite:
    """Return a suite with one part for each value of one field of a spec, from the lowest to the highest.

    knob: a field of numbers; of a range, both ends get the value. Each part has as many val as test clips. bank: digits of
    your own; scores are then of its classes. Raises `BadArgument` for an unknown preset or field, fewer than two values, one
    value twice, or no clips.

    >>> [part.name for part in sweep_of("exact", "sensor_sigma", [40, 20], 10).parts]
    ['sensor_sigma-20', 'sensor_sigma-40']
    """
    base = preset(spec) if isinstance(spec, str) else spec
    check_names([knob])
    if num_clips < 1:
        raise BadArgument("num_clips", num_clips, "1 or more")
    if len(set(values)) < len(values) or len(values) < 2:
        raise BadArgument("values", list(values), "two different numbers or more")
    present = getattr(base, knob)
    is_range = knob.endswith("_range")
    if isinstance(present, (str, bool)) or (isinstance(present, tuple) and not is_range):
        raise BadArgument("knob", knob, "a field that is a number or a range of numbers")
    parts = []
    for value in sorted(values):
        if value < 0:
            raise BadArgument("values", value, "0 or more")
        number = int(value) if float(value).is_integer() else value
        changed = from_dict({**base.to_dict(), knob: (number, number) if is_range else number})
        parts.append(Part(f"{knob}-{number:g}", changed, num_clips, num_clips, bank=bank))
    return Suite(f"{knob}-sweep", f"{knob} at {len(parts)} values.", tuple(parts))


def _whole(
    base: PresetName, val_clips: int = 500, test_clips: int = 2000, **changes: Any
) -> tuple[Part, ...]:
    return (Part("all", preset(base, **changes), val_clips, test_clips),)


def _sweep(
    base: PresetName, levels: dict[str, dict[str, Any]], val_clips: int = 50, test_clips: int = 200
) -> tuple[Part, ...]:
    return tuple(Part(name, preset(base, **fields), val_clips, test_clips) for name, fields in levels.items())


def _standard() -> tuple[Part, ...]:
    """The `standard` preset: 2,000 test clips of 30 frames."""
    return _whole("standard")


def _origin() -> tuple[Part, ...]:
    """The `origin` preset, the published 2020 distribution: 2,000 test clips of 30 frames."""
    return _whole("origin")


def _tiny() -> tuple[Part, ...]:
    """Eight frames of 32x32, one or two nearly upright digits, no noise: trains and scores on two CPU cores."""
    return _whole(
        "standard",
        val_clips=50,
        test_clips=200,
        height=32,
        width=32,
        num_frames=8,
        num_digits_range=(1, 2),
        speed_range=(0.5, 2.5),
        angle_range=(-20.0, 20.0),
        rotation_rate_range=(-1.0, 1.0),
        scale_range=(0.6, 0.6),
        brightness_range=(0.6, 1.0),
        num_shapes_range=(1, 3),
        shape_size_range=(3, 18),
        shape_speed_range=(0.25, 1.25),
        noise_density=0.0,
    )


def _exact_v1() -> tuple[Part, ...]:
    """Superseded by exact-v2: its splits share no glyph, so no model can learn from train what test asks for."""
    return _sweep("exact", {f"sigma-{sigma}": {"sensor_sigma": float(sigma)} for sigma in (20, 40, 80)})


def _exact_v2() -> tuple[Part, ...]:
    """Exactly solvable scenes whose ambiguity must be inferred; train, val and test draw from one family."""
    common: dict[str, Any] = {"pools": "shared", "glyphs_per_class": 1, "sensor_sigma": 80.0, "twins": ()}
    still = {
        "angle_range": (0.0, 0.0),
        "angle_step": 0.0,
        "rotation_rate_range": (0.0, 0.0),
        "rotation_rate_step": 0.0,
    }
    upright = common | still
    levels = {
        "small": upright
        | {
            "height": 24,
            "width": 24,
            "num_frames": 4,
            "classes": (0, 1, 7),
            "position_step": 5.0,
            "brightness_range": (0.16, 0.16),
        },
        "faint": common | {"brightness_range": (0.14, 0.14)},
        "many-glyphs": upright
        | {
            "classes": (3, 4, 5, 8, 9),
            "glyphs_per_class": 100,
            "position_step": 18.0,
            "direction_step": 180.0,
            "brightness_range": (0.17, 0.17),
        },
        "occluded": upright
        | {
            "height": 20,
            "width": 20,
            "num_digits_range": (2, 3),
            "position_step": 3.0,
            "speed_range": (1.0, 1.0),
            "brightness_range": (0.25, 0.25),
        },
        "camouflaged": upright
        | {
            "grey_levels": (25, 40, 55),
            "num_shapes_range": (4, 6),
            "shape_size_range": (8, 20),
            "num_backgrounds": 4,
        },
        "remembered": upright
        | {
            "digit_motion": "markov",
            "turn_odds": 0.2,
            "wall_margin": 15.0,
            "position_step": 8.0,
            "speed_range": (8.0, 8.0),
            "brightness_range": (0.2, 0.2),
        },
        "twins": common | {"glyphs_per_class": 2, "sensor_sigma": 40.0, "twins": ((6, 9),)},
    }
    return _sweep("exact", levels, 50, 300)


def _noise() -> tuple[Part, ...]:
    """Pepper noise on 0 to all of the bare background."""
    return _sweep("standard", {f"density-{d:g}": {"noise_density": d} for d in (0.0, 0.25, 0.5, 0.75, 1.0)})


def _shapes() -> tuple[Part, ...]:
    """0 to 32 shapes behind the digits."""
    return _sweep("standard", {f"shapes-{n}": {"num_shapes_range": (n, n)} for n in (0, 4, 8, 16, 32)})


def _occlusion() -> tuple[Part, ...]:
    """Four digits in ever smaller frames, so that they hide one another more and more."""
    sizes = (96, 64, 48, 40, 32)
    fields = {f"frame-{s}": {"height": s, "width": s, "num_digits_range": (4, 4)} for s in sizes}
    return _sweep("standard", fields)


def _rotation() -> tuple[Part, ...]:
    """Digits tilted by up to 0, 45, 90 and 180 degrees, and then turning as they move."""
    still = {"rotation_rate_range": (0.0, 0.0)}
    levels = {f"tilt-{a}": {"angle_range": (-float(a), float(a)), **still} for a in (0, 45, 90, 180)}
    return _sweep("standard", levels | {"turning": {}})


def _digits() -> tuple[Part, ...]:
    """1 to 8 digits."""
    return _sweep("standard", {f"digits-{n}": {"num_digits_range": (n, n)} for n in (1, 2, 3, 5, 8)})


def _length() -> tuple[Part, ...]:
    """Clips of 5 to 100 frames."""
    return _sweep("standard", {f"frames-{n}": {"num_frames": n} for n in (5, 10, 30, 100)}, 20, 100)


def _size() -> tuple[Part, ...]:
    """Everything at half, one and two times the size, in frames of 32, 64 and 128 pixels."""
    levels = {}
    for factor in (0.5, 1.0, 2.0):
        side = round(64 * factor)
        levels[f"side-{side}"] = {
            "height": side,
            "width": side,
            "scale_range": (factor, factor),
            "speed_range": (factor, 5 * factor),
            "shape_size_range": (round(6 * factor), round(36 * factor)),
            "shape_speed_range": (0.5 * factor, 2.5 * factor),
        }
    return _sweep("standard", levels, 20, 100)


def _corrupted() -> tuple[Part, ...]:
    """10 frames of `standard`, clean and under 12 corruptions of 5 severities each; train clips are clean."""
    levels: dict[str, dict[str, Any]] = {CLEAN: {"num_frames": 10}}
    for name in CORRUPTIONS:
        for severity in SEVERITIES:
            levels[f"{name}-{severity}"] = {
                "num_frames": 10, "corruption": name, "corruption_severity": severity,
            }  # fmt: skip
    clean = preset("standard")
    return tuple(replace(part, train=clean) for part in _sweep("standard", levels, 10, 40))


def _prediction() -> tuple[Part, ...]:
    """Frames and label maps to come: of Moving MNIST, ten after ten, and of a family with an exact answer."""
    faint = next(part for part in _exact_v2() if part.name == "faint")
    return (
        Part("moving-mnist", preset("moving-mnist"), 200, 1000, given=10),
        Part("faint", faint.spec, 50, 200, given=4),
    )


_PARTS: dict[str, Callable[[], tuple[Part, ...]]] = {
    "standard-v1": _standard,
    "origin-v1": _origin,
    "tiny-v1": _tiny,
    "exact-v1": _exact_v1,
    "exact-v2": _exact_v2,
    "noise-v1": _noise,
    "shapes-v1": _shapes,
    "occlusion-v1": _occlusion,
    "rotation-v1": _rotation,
    "digits-v1": _digits,
    "length-v1": _length,
    "size-v1": _size,
    "corrupted-v1": _corrupted,
    "prediction-v1": _prediction,
}

SUITES = tuple(_PARTS)
"""The names of all suites."""


def suite(name: str) -> Suite:
    """Return the suite of this name and version. Raises `BadArgument` for an unknown one.

    >>> suite("standard-v1").num_frames("test")
    60000
    """
    if name not in _PARTS:
        raise BadArgument("suite", name, ", ".join(SUITES), did_you_mean(str(name), SUITES))
    return Suite(name, (_PARTS[name].__doc__ or "").strip(), _PARTS[name]())
