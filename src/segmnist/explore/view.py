"""View: what an address asks to see, parsed and bounded. No request can ask for more than a fixed cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segmnist.errors import BadArgument
from segmnist.explore.exhibit import Exhibit
from segmnist.explore.fields import changes_of, fields, parse_changes
from segmnist.oracle import OBSERVERS
from segmnist.render.arrays import Truth
from segmnist.render.memory import bytes_of
from segmnist.scene.presets import check_preset, preset
from segmnist.scene.randomness import SPLITS, Split, check_split
from segmnist.scene.spec import SceneSpec

MAX_SEED = 2**64 - 1
MAX_CLIP = 2**63 - 1
LAYERS: tuple[Truth, ...] = ("flow", "rgb")
"""Truths that a clip brings where they are asked for."""
MAX_CLIP_BYTES = 128 << 20
"""Memory that the arrays of one clip may take while it is drawn."""
MAX_TRACK = 65_536
"""Digits times frames of one clip."""


@dataclass(frozen=True)
class View:
    """One clip's address: a preset and its changes, the stored data set or a predicted part; and what to leave out."""

    preset: str
    changes: dict[str, Any]
    spec: SceneSpec
    split: Split = "train"
    seed: int = 0
    clip: int = 0
    without: tuple[int, ...] = ()
    layers: tuple[Truth, ...] = ()
    observer: str = "offline"
    stored: bool = False
    part: str = ""


def view_from(query: Mapping[str, str], exhibit: Exhibit) -> View:
    """Return the view that an address asks for. Raises `BadArgument` for what is unknown or out of range."""
    texts = {name: query[name] for name in fields() if name in query}
    stored = _word("stored", query.get("stored", "false"), ("true", "false")) == "true"
    clip = whole("clip", query.get("clip", "0"), 0, MAX_CLIP)
    without = tuple(whole("without", part, 1, 64) for part in query.get("without", "").split(",") if part)
    asked = {_word("layers", part, LAYERS) for part in query.get("layers", "").split(",") if part}
    common: dict[str, Any] = {
        "clip": clip,
        "without": without,
        "layers": tuple(layer for layer in LAYERS if layer in asked),
        "observer": word(query, "observer", OBSERVERS, "offline"),
    }
    if stored or "part" in query:
        others = [*texts, *(name for name in ("preset", "split", "seed") if name in query)]
        if others:
            beside = "nothing beside stored=true or part"
            raise BadArgument(others[0], query[others[0]][:60], beside, "its recipe says it")
        return _stored_view(exhibit, common) if stored else _part_view(query["part"], exhibit, common)
    name = query.get("preset", "standard")
    base, changes = preset(check_preset(name)), parse_changes(texts)
    spec = base.replace(**changes) if changes else base
    split = check_split(_word("split", query.get("split", "train"), tuple(SPLITS)))
    seed = whole("seed", query.get("seed", "0"), 0, MAX_SEED)
    return View(name, changes_of(spec, base), spec, split, seed, **common)


def _stored_view(exhibit: Exhibit, common: dict[str, Any]) -> View:
    recipe = exhibit.recipe
    return View("stored", {}, recipe.spec, check_split(recipe.split), recipe.seed, stored=True, **common)


def _part_view(name: str, exhibit: Exhibit, common: dict[str, Any]) -> View:
    part = exhibit.part(name)
    if common["clip"] >= len(part.clip_ids):
        raise BadArgument(
            "clip", common["clip"], f"0..{len(part.clip_ids) - 1}", "no other clips are predicted"
        )
    return View(name or "stored", {}, part.spec, part.split, part.seed, part=name, **common)


def whole(name: str, text: str, low: int, high: int) -> int:
    """Return a whole number in low..high; raise `BadArgument` for anything else."""
    try:
        number = int(text) if len(text) <= 20 else high + 1
    except ValueError:
        number = high + 1
    if not low <= number <= high:
        raise BadArgument(name, text[:40], f"a whole number in {low}..{high}")
    return number


def real(name: str, text: str) -> float:
    """Return a finite number; raise `BadArgument` for anything else."""
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not abs(number) < float("inf"):
        raise BadArgument(name, text[:40], "a number")
    return number


def _word(name: str, text: str, words: Sequence[str]) -> str:
    if text not in words:
        raise BadArgument(name, text[:60], ", ".join(words))
    return text


def word(query: Mapping[str, str], name: str, words: Sequence[str], default: str) -> str:
    """Return one of some words; raise `BadArgument` for any other."""
    return _word(name, query.get(name, default), words)


def check_cost(spec: SceneSpec, names: Sequence[str]) -> int:
    """Return the bytes of one clip's arrays; raise `BadArgument` where they are more than one request may take."""
    needed = bytes_of(spec, 1, names)
    if needed > MAX_CLIP_BYTES:
        most = max(spec.num_frames * MAX_CLIP_BYTES // needed, 1)
        size = f"{spec.height}x{spec.width} with up to {spec.max_digits} digits"
        raise BadArgument("num_frames", spec.num_frames, f"{most} or fewer at {size} in the explorer")
    if spec.num_frames * spec.max_digits > MAX_TRACK:
        most = MAX_TRACK // spec.num_frames
        raise BadArgument("num_digits_range", spec.num_digits_range, f"up to {most} at so many frames")
    return needed
