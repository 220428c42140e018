"""Every knob of a training run, on one page."""

from __future__ import annotations

import math
from dataclasses import Field, asdict, dataclass, fields
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_type_hints

import msgspec

from segmnist.baselines.catalog import build, model_class, weight_shapes
from segmnist.classes import DIGITS, Classes
from segmnist.dataset import recipe_of
from segmnist.digits.bank import DigitBank
from segmnist.digits.checks import MNIST_SHA256
from segmnist.errors import BadArgument
from segmnist.scene.spec import SceneSpec, from_dict
from segmnist.suites.catalog import Part, suite
from segmnist.suites.dataset_part import DatasetPart

if TYPE_CHECKING:
    from segmnist.baselines.baseline import Baseline

MAX_BATCH = 1 << 16
"""Clips of the largest step; those of `tiny-v1` then take 6 GB as the model's input and target."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that a run's weights depend on. `Settings.of("unet", minutes=2)` fills in the model's own defaults.

    A run ends after `steps` steps or after `minutes` of processor time (of wall time on a GPU), whichever is
    first; validation does not count. The learning rates rise over the first share `warmup` of the run, stay
    flat up to the share `flat`, then fall to 0 along a cosine.
    """

    model: str
    width: int = 16
    """Channels at full resolution, a multiple of 8."""
    seed: int = 0
    """Of the first weights, the order of the clips, and the model's own draws. Seeds share no clip that is drawn."""

    # What it trains on: a suite's parts in turn, or one part, or a spec of your own.
    suite: str | None = "tiny-v1"
    part: str | None = None
    spec: dict[str, Any] | None = None
    """A spec as plain values, in place of a suite."""
    dataset: str | None = None
    """The folder or URL of a data set with train clips and, for validations, val clips; `spec` is theirs."""
    bank: str | None = None
    """The file or folder of other digits than MNIST, with a spec or a data set."""
    bank_sha256: str | None = None
    """SHA-256 of these digits: a run goes on with the same ones."""
    class_names: tuple[str, ...] = DIGITS.names
    """Of the digits: what the model tells apart beside the background."""

    # For how long, and on how much a step.
    steps: int | None = None
    minutes: float | None = None
    batch: int = 8
    """Clips per step."""
    frames: int | None = 8
    """Frames of each clip: random ones if the model sees one at a time, else a random window; None for all."""

    # How it learns.
    muon_rate: float = 0.02
    """Of the weights of hidden layers, which Muon trains; 0 leaves them to AdamW."""
    muon_momentum: float = 0.95
    muon_decay: float = 0.01
    rate: float = 4e-3
    """Of all other weights, which AdamW trains."""
    decay: float = 0.02
    betas: tuple[float, float] = (0.9, 0.99)
    clip: float = 1.0
    """The largest norm of the gradient."""
    warmup: float = 0.04
    flat: float = 0.3
    average: float = 0.995
    """Decay of the moving average of the weights, which validates, predicts and is kept as the best."""
    precision: str = "auto"
    """`bf16`, `fp32`, or `auto`: bf16 on a GPU and on processors that have instructions for it."""

    # How often it is looked at.
    validations: int = 4
    val_clips: int = 50
    """Validation clips of each part that are scored each time."""

    @classmethod
    def of(cls, model: str, **changes: Any) -> Self:
        """Return the model's own settings with some changes. Raises `BadArgument` for any that is not possible."""
        known = {field.name for field in fields(cls)}
        for name in changes.keys() - known:
            raise BadArgument("settings", name, ", ".join(sorted(known)))
        values = {**model_class(model).defaults, **changes}
        if values.get("dataset") is not None:
            values["spec"] = recipe_of(values["dataset"], "train").spec.to_dict()
        if values.get("bank") is not None:
            digits = DigitBank.from_path(values["bank"])
            values |= {
                "bank": str(Path(values["bank"]).expanduser().absolute()),
                "bank_sha256": digits.sha256,
                "class_names": digits.classes.names,
                "spec": values.get("spec") or SceneSpec().to_dict(),
            }
        if isinstance(values.get("spec"), dict):
            values |= {"suite": None, "spec": from_dict(values["spec"]).to_dict()}
        if values.get("steps") is None and values.get("minutes") is None:
            values["steps"] = 1000
        if "frames" not in changes:
            # The default is what fits: clips of some suites are shorter.
            values["frames"] = None
            whole = cls(model=model, **values)
            wanted = model_class(model).defaults.get("frames", cls.frames)
            if wanted is not None:
                values["frames"] = min(wanted, whole.shortest_clip)
        return cls(model=model, **values)

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _typed(field, getattr(self, field.name)))
        self._check_ranges()
        self._check_source()
        self.weight_shapes()
        if self.frames is not None:
            self._check_frames(self.frames)

    def _check_source(self) -> None:
        """Raise `BadArgument` unless clips are those of a suite, or those of a spec, a data set or a bank."""
        if (self.suite is None) == (self.spec is None):
            raise BadArgument("suite, spec", (self.suite, self.spec), "one of the two", "leave out the other")
        kind, others = ("spec", ("part",)) if self.suite is None else ("suite", ("dataset", "bank"))
        for name in others:
            if getattr(self, name) is not None:
                raise BadArgument(name, getattr(self, name), f"none beside a {kind}", "leave one out")

    def _check_frames(self, frames: int) -> None:
        longest = self.clip_shape[0]
        if model_class(self.model).whole_clips and frames < longest:
            raise BadArgument("frames", frames, f"{longest}, all of a clip, for {self.model}", "leave it out")
        if frames > self.shortest_clip:
            raise BadArgument("frames", frames, f"1..{self.shortest_clip}, the frames of the shortest clips")

    def _check_ranges(self) -> None:
        for name in ("steps", "batch", "frames", "val_clips"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise BadArgument(name, value, "1 or more")
        if self.batch > MAX_BATCH:
            raise BadArgument("batch", self.batch, f"1..{MAX_BATCH}")
        if self.validations < 0:
            raise BadArgument("validations", self.validations, "0 or more")
        if not 0 <= self.seed < 1 << 30:
            raise BadArgument("seed", self.seed, "0..2^30-1")
        if self.minutes is not None and not 0 < self.minutes < math.inf:
            raise BadArgument("minutes", self.minutes, "more than 0, and finite")
        if not 0 <= self.warmup <= self.flat < 1:
            raise BadArgument("warmup, flat", (self.warmup, self.flat), "0 <= warmup <= flat < 1")
        for name in ("rate", "muon_rate", "decay", "muon_decay", "muon_momentum", "average"):
            if not 0 <= getattr(self, name) < 1:
                raise BadArgument(name, getattr(self, name), "0 or more, and below 1")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise BadArgument("betas", self.betas, "two numbers, each 0 or more, and below 1")
        if not self.clip > 0:
            raise BadArgument("clip", self.clip, "more than 0")
        if self.precision not in ("auto", "bf16", "fp32"):
            raise BadArgument("precision", self.precision, "auto, bf16, fp32")

    def parts(self) -> tuple[Part, ...]:
        """Return what is trained on and validated on; clips of the parts take turns."""
        digits = None if self.bank is None else _bank_at(self.bank, self.bank_sha256)
        if self.dataset is not None:
            val_clips = 0 if self.validations == 0 else recipe_of(self.dataset, "val").num_clips
            spec = from_dict(self.spec or {})
            return (DatasetPart("dataset", spec, val_clips, 0, bank=digits, place=self.dataset),)
        if self.spec is not None:
            return (Part("spec", from_dict(self.spec), self.val_clips, self.val_clips, bank=digits),)
        chosen = suite(str(self.suite))
        parts = chosen.parts if self.part is None else (chosen.part(self.part),)
        if any(part.given is not None for part in parts):
            fix = "baselines label frames that they see; examples/predict_frames.py trains one that predicts frames"
            raise BadArgument("suite", self.suite, "a suite that shows models whole clips", fix)
        return parts

    @property
    def train_specs(self) -> list[SceneSpec]:
        """Return the specs of the clips that are trained on; a data set need not be there any more."""
        if self.spec is not None:
            return [from_dict(self.spec)]
        return [part.train_spec for part in self.parts()]

    @property
    def digits_sha256(self) -> str:
        """Return the SHA-256 of the digits that are trained on."""
        return MNIST_SHA256 if self.bank_sha256 is None else self.bank_sha256

    @property
    def num_classes(self) -> int:
        """Return the number of classes of a pixel that the model tells apart."""
        return Classes(self.class_names).num_classes

    @property
    def shortest_clip(self) -> int:
        """Return the number of frames of the shortest clips that are trained on."""
        return min(spec.num_frames for spec in self.train_specs)

    @property
    def clip_shape(self) -> tuple[int, int, int]:
        """Return the frames, height and width that all clips trained on fit into."""
        specs = self.train_specs
        return (
            max(spec.num_frames for spec in specs),
            max(spec.height for spec in specs),
            max(spec.width for spec in specs),
        )

    def build(self) -> Baseline:
        """Return the untrained model."""
        return build(*self._architecture)

    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the model's weights by name. Raises `BadArgument` where there is no such model."""
        return weight_shapes(*self._architecture)

    @property
    def _architecture(self) -> tuple[str, int, int, tuple[int, int, int]]:
        """Return all that the shapes of the weights depend on."""
        return self.model, self.width, self.num_classes, self.clip_shape

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, as checkpoints hold them; those of digits only where these are others."""
        values = asdict(self)
        if self.bank is None:
            for name in ("bank", "bank_sha256", "class_names"):
                del values[name]
        return values


def _typed(field: Field[Any], value: Any) -> Any:
    """Return a setting in its field's own type. Raises `BadArgument` for a value of another type."""
    try:
        return msgspec.convert(_plain(value), _types()[field.name])
    except msgspec.ValidationError:
        raise BadArgument(field.name, value, f"a value of type {field.type}") from None


def _plain(value: Any) -> Any:
    """Return numbers of NumPy and torch as Python's, and paths as text: checkpoints hold nothing else."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value


@cache
def _types() -> dict[str, Any]:
    return get_type_hints(Settings)


@lru_cache(maxsize=4)
def _bank_at(place: str, sha256: str | None) -> DigitBank:
    """Return the digits at a place. Raises `BadArgument` where they are not those of this sum any more."""
    bank = DigitBank.from_path(place)
    if bank.sha256 != sha256:
        raise BadArgument(
            "bank", place, f"the digits with SHA-256 {str(sha256)[:12]}", "the file has changed"
        )
    return bank
