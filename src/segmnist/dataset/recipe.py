"""Recipe: about a kilobyte that names a data set of any size, to the last byte."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import numpy as np
import tomli_w
from numpy.typing import NDArray

from segmnist.classes import DIGITS, Classes
from segmnist.dataset.open_store import read_file
from segmnist.errors import BadArgument, CorruptData
from segmnist.formats import FOLDER, SHARDED, check_format, folder_truths
from segmnist.render.arrays import check_truths
from segmnist.scene import spec as scene_spec
from segmnist.scene.randomness import check_address
from segmnist.scene.sample import check_classes
from segmnist.scene.spec import SceneSpec
from segmnist.text_file import decoded, parsed_toml
from segmnist.version import GENERATOR_VERSION
from segmnist.whole_file import replace_file

MAX_CLIPS_PER_SHARD = 65_536

MAX_CLIP_IDS = 1_000_000
"""Clips that a recipe can list one by one; others count from a first clip."""

MOST_BYTES = 24 << 20
"""Bytes that the file of a recipe may have: more than those of any that can be made."""

ALWAYS_WRITTEN = ("spec", "split", "seed", "bank_sha256", "generator_version")
"""Fields that the canonical form holds even at their defaults: what names the clips' pixels."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a stored data set is made from; `plan_id` is the SHA-256 of its canonical JSON.

    The clips are `first_clip .. first_clip + num_clips - 1`, or exactly `clip_ids` where those are given
    (num_clips is then their number). A folder format says itself which truths it stores; with `rgb` among
    truths, its frames are in colour. compress_video: what Zarr stores of `video` and `rgb`; data sets from before this
    field are compressed, and other formats have no choice. Raises `BadArgument` for any value outside its range.

    >>> recipe = Recipe(spec=SceneSpec(), split="test", num_clips=1000, bank_sha256="0" * 64)
    >>> Recipe.from_json(recipe.to_json()) == recipe
    True
    """

    spec: SceneSpec
    split: str = "train"
    seed: int = 0
    first_clip: int = 0
    num_clips: int = 0
    clip_ids: tuple[int, ...] = ()
    truths: tuple[str, ...] = ("semantic",)
    format: str = "zarr"
    clips_per_shard: int = 128
    index: bool = True
    compress_video: bool = True
    bank_sha256: str
    class_names: tuple[str, ...] = DIGITS.names
    generator_version: int = GENERATOR_VERSION

    def __post_init__(self) -> None:
        check_address(self.seed, self.split)
        # 1 and 1.0 are the same speed and must be the same recipe.
        object.__setattr__(self, "spec", scene_spec.from_dict(self.spec.to_dict()))
        object.__setattr__(self, "class_names", self.classes.names)
        check_classes(self.spec, self.classes)
        if sorted(self.spec.classes) == list(range(self.classes.background)):
            object.__setattr__(self, "spec", self.spec.replace(classes=()))  # to name all is to name none
        object.__setattr__(self, "truths", check_truths(self.truths))
        check_format(self.format)
        for name in ("index", "compress_video"):
            if not isinstance(getattr(self, name), bool):
                raise BadArgument(name, getattr(self, name), "true or false")
        if self.format != "zarr":
            object.__setattr__(self, "compress_video", True)
        if self.format in FOLDER:
            object.__setattr__(self, "truths", check_truths(folder_truths(self.format, self.truths)))
        if self.format not in SHARDED:
            object.__setattr__(self, "index", False)
        if self.clip_ids:
            _check_ids(self.clip_ids)
            object.__setattr__(self, "first_clip", 0)
            object.__setattr__(self, "num_clips", len(self.clip_ids))
        _check_between("first_clip", self.first_clip, 0, 2**63 - 1)
        _check_between("num_clips", self.num_clips, 1, 2**63 - 1 - self.first_clip)
        _check_between("clips_per_shard", self.clips_per_shard, 1, MAX_CLIPS_PER_SHARD)
        if len(self.bank_sha256) != 64 or set(self.bank_sha256) - set("0123456789abcdef"):
            raise BadArgument("bank_sha256", self.bank_sha256, "64 hexadecimal digits")
        _check_version(self.generator_version)

    @cached_property
    def classes(self) -> Classes:
        """The names of the digits' classes."""
        return Classes(self.class_names)

    def ids(self, start: int, stop: int) -> NDArray[np.int64]:
        """Return the ids of the clips in rows start..stop-1, `(stop - start,)` int64."""
        if self.clip_ids:
            return np.array(self.clip_ids[start:stop], np.int64)
        return np.arange(self.first_clip + start, self.first_clip + stop, dtype=np.int64)

    @property
    def plan_id(self) -> str:
        """SHA-256 of the canonical JSON, hexadecimal: two data sets with the same one have the same bytes."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @property
    def content_id(self) -> str:
        """SHA-256 that names the clips alone: the name to cite, whatever the format, truths and shard size.

        It is that of the canonical JSON of `spec` (what differs from the defaults), `bank_sha256`, `seed`,
        `split`, `generator_version` and `clips`, which is [first, number] or the list `clip_ids`.

        >>> recipe = Recipe(spec=SceneSpec(), num_clips=3, bank_sha256="0" * 64)
        >>> dataclasses.replace(recipe, format="npz", clips_per_shard=1).content_id == recipe.content_id
        True
        >>> dataclasses.replace(recipe, clip_ids=(0, 1, 2)).content_id == recipe.content_id
        True
        """
        content = {name: value for name, value in self.to_dict().items() if name in ALWAYS_WRITTEN}
        first = self.clip_ids[0] if self.clip_ids else self.first_clip
        if self.clip_ids not in ((), tuple(range(first, first + self.num_clips))):
            content["clip_ids"] = list(self.clip_ids)
        else:
            content["clips"] = [first, self.num_clips]
        return hashlib.sha256(canonical_json(content).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Return the canonical form: plain values, without what is at its default in the recipe and in its spec.

        So a field that a later release adds, at a default that changes nothing, leaves every old plan_id as
        it was. `split`, `seed`, `bank_sha256` and `generator_version` are always there.
        """
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        values = {
            name: value
            for name, value in self._full().items()
            if name in ALWAYS_WRITTEN or getattr(self, name) != defaults[name]
        }
        return {**values, "spec": self.spec.to_canonical()}

    def _full(self) -> dict[str, Any]:
        """Return every field of the recipe, and every field of its spec, as plain values."""
        values = {
            field.name: msgspec.to_builtins(getattr(self, field.name)) for field in dataclasses.fields(self)
        }
        values["spec"] = self.spec.to_dict()
        for name in ("first_clip", "num_clips") if self.clip_ids else ("clip_ids",):
            del values[name]
        return values

    def to_json(self) -> str:
        """Return the canonical JSON: sorted keys, no spaces, ASCII."""
        return canonical_json(self.to_dict())

    def to_toml(self, path: str | Path | None = None) -> str:
        """Return the recipe as TOML with every field spelled out; write it to `path` if one is given."""
        text = tomli_w.dumps(self._full())
        if path is not None:
            replace_file(Path(path), text.encode())
        return text

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Recipe:
        """Return the recipe with these fields. Raises `BadArgument` for unknown, missing or bad ones."""
        names = [field.name for field in dataclasses.fields(cls)]
        # Stored recipes carry it; whoever edits one should not have to mend it.
        values = {name: value for name, value in values.items() if name != "plan_id"}
        for name in values:
            if name not in names:
                raise BadArgument("recipe", name, ", ".join(names))
        # A newer version may have fields and ranges that we do not know: say that first.
        _check_version(values.get("generator_version", GENERATOR_VERSION))
        spec = scene_spec.from_dict(_table(values.get("spec", {}), "spec"))
        try:
            fields = msgspec.convert({k: v for k, v in values.items() if k != "spec"}, _typed_form())
        except msgspec.ValidationError as error:
            raise BadArgument(
                "recipe", "its fields", "a recipe as `segmnist recipe` prints it", str(error)
            ) from None
        return cls(spec=spec, **msgspec.structs.asdict(fields))

    def to_stored(self) -> bytes:
        """Return the bytes of a data set's recipe.json: the canonical JSON with the plan_id, and a newline."""
        return canonical_json({**self.to_dict(), "plan_id": self.plan_id}).encode() + b"\n"

    @classmethod
    def from_stored(cls, data: bytes) -> Recipe:
        """Return the recipe that `to_stored` wrote.

        Raises `CorruptData` where it is damaged, `BadArgument` for the recipe of another generator version.
        """
        if len(data) > MOST_BYTES:
            raise CorruptData(f"not a recipe: {len(data):,} bytes")
        try:
            values = _table(json.loads(data))
            plain = {name: value for name, value in values.items() if name != "plan_id"}
            intact = values.get("plan_id") == hashlib.sha256(canonical_json(plain).encode()).hexdigest()
        except (ValueError, RecursionError) as error:
            raise CorruptData(f"not a recipe: {error}") from None
        if not intact or canonical_json(values).encode() + b"\n" != data:
            raise CorruptData("its plan_id does not fit its content")
        return cls.from_dict(plain)

    @classmethod
    def from_json(cls, text: str | bytes) -> Recipe:
        """Return the recipe that `to_json` wrote. Raises `BadArgument` for anything else."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadArgument("recipe", _head(text), "JSON", str(error)) from None
        return cls.from_dict(_table(values))

    @classmethod
    def from_toml(cls, text: str) -> Recipe:
        """Return the recipe that `to_toml` wrote. Raises `BadArgument` for anything else."""
        try:
            return cls.from_dict(parsed_toml(text))
        except tomllib.TOMLDecodeError as error:
            raise BadArgument("recipe", _head(text), "TOML", str(error)) from None

    @classmethod
    def from_file(cls, path: str | Path) -> Recipe:
        """Return the recipe in a file, TOML or JSON, at a path or a URL. Raises `BadArgument` where it is neither."""
        try:
            text = decoded(read_file(path, MOST_BYTES))
        except (OSError, UnicodeDecodeError) as error:
            raise BadArgument("recipe", str(path), "a readable TOML or JSON file", str(error)) from None
        return cls.from_json(text) if text.lstrip().startswith("{") else cls.from_toml(text)

    def differences(self, other: Recipe) -> list[str]:
        """Return a line for each field, of the recipe or its spec, that the two do not share."""
        mine, theirs = ({**r._full(), **r.spec.to_dict()} for r in (self, other))
        names = [name for name in {**mine, **theirs} if name != "spec"]
        pairs = {name: (mine.get(name), theirs.get(name)) for name in names}
        return [f"{name}: {_head(a)} and {_head(b)}" for name, (a, b) in pairs.items() if a != b]


@cache
def _typed_form() -> type[msgspec.Struct]:
    """Return a form of a recipe's fields, its spec apart, that msgspec checks the types of."""
    types = get_type_hints(Recipe)
    fields = [
        (f.name, types[f.name], msgspec.NODEFAULT if f.default is dataclasses.MISSING else f.default)
        for f in dataclasses.fields(Recipe)
        if f.name != "spec"
    ]
    return msgspec.defstruct("RecipeFields", fields, kw_only=True)


def canonical_json(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, ASCII, no NaN.

    >>> canonical_json({"b": [1, 2.5], "a": None})
    '{"a":null,"b":[1,2.5]}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _check_ids(ids: tuple[int, ...]) -> None:
    if len(ids) > MAX_CLIP_IDS:
        raise BadArgument(
            "clip_ids", f"{len(ids):,} ids", f"{MAX_CLIP_IDS:,} at most", "make several data sets"
        )
    for clip_id in ids:
        _check_between("clip_ids", clip_id, 0, 2**63 - 1)
    if len(set(ids)) != len(ids):
        raise BadArgument("clip_ids", f"{len(ids)} ids, {len(set(ids))} different", "each clip once")


def _check_between(name: str, value: int, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadArgument(name, value, f"a whole number in {low}..{high}")


def _check_version(version: Any) -> None:
    if version != GENERATOR_VERSION:
        fix = "install the segmnist release that has it" if isinstance(version, int) else ""
        raise BadArgument("generator_version", version, f"{GENERATOR_VERSION}, the one installed here", fix)


def _table(values: Any, name: str = "recipe") -> dict[str, Any]:
    if not isinstance(values, dict):
        raise BadArgument(name, _head(values), "a table of fields")
    return values


def _head(value: Any) -> str:
    text = repr(value) if not isinstance(value, (str, bytes)) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
