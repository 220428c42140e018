"""Checkpoints: all that a run needs to go on, or a model to predict."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import torch

from segmnist.baselines.baseline import Baseline
from segmnist.baselines.settings import Settings
from segmnist.errors import BadArgument, CorruptData, shortened
from segmnist.whole_file import replacing

LAST, BEST = "checkpoint.pt", "best.pt"
"""The state after the last step that was kept, and that of the validation with the lowest NLL."""

KEYS: dict[str, Any] = {
    "settings": dict, "step": int, "seconds": float, "hardware": str, "curve": list, "model": dict, "average": dict,
    "optimiser": list,
}  # fmt: skip
"""What a checkpoint holds, and of which type; `average` are the weights that predict."""


def save_checkpoint(place: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint in place of the old one; a kill or a full disk leaves one of the two whole."""
    assert state.keys() == set(KEYS)
    # To a file, not a path: torch would put the temporary name into the archive.
    with replacing(place) as [temporary], temporary.open("wb") as file:
        torch.save(state, file)


def read_checkpoint(place: Path, device: torch.device) -> dict[str, Any]:
    """Return what `save_checkpoint` wrote. Nothing in it is executed. Raises `CorruptData` for any other file."""
    try:
        _check_unpacked(place)
        state: dict[str, Any] = torch.load(place, map_location=device, weights_only=True)
        state.setdefault("hardware", "")  # older ones do not say where they were trained
        missing = [name for name in KEYS if name not in state]
        odd = [name for name in KEYS if name in state and not isinstance(state[name], KEYS[name])]
    except FileNotFoundError:
        raise BadArgument(
            "checkpoint", str(place), "a file that is there, as `segmnist train` writes"
        ) from None
    except Exception as error:  # torch.load raises many kinds, and all mean the same
        reason = str(error).partition("\n")[0][:100]
        raise CorruptData(f"{place}: not a checkpoint of segmnist train: {reason}") from None
    if missing:
        raise CorruptData(f"{place}: not a checkpoint of this segmnist train: it has no {missing[0]}")
    if not odd and not _is_progress(state):
        odd = ["progress"]
    if odd:
        raise CorruptData(
            f"{place}: not a checkpoint of segmnist train: its {odd[0]} is not as that writes it"
        )
    return state


def summary_of(place: Path) -> dict[str, Any]:
    """Return what a run has come to: its checkpoint, steps, minutes of training, and the scores of its last validation."""
    state = read_checkpoint(place, torch.device("cpu"))
    scores = state["curve"][-1]["scores"] if state["curve"] else {}
    return {
        "checkpoint": place,
        "step": state["step"],
        "minutes": state["seconds"] / 60,
        "validation": scores,
    }


class _Point(msgspec.Struct):
    """A point of the curve: the scores of a validation."""

    step: int
    minutes: float
    scores: dict[str, float]
    parts: dict[str, dict[str, float]]


def _is_progress(state: dict[str, Any]) -> bool:
    """Return whether step, seconds and curve are such as a run can have."""
    try:
        curve = msgspec.convert(state["curve"], list[_Point])
    except msgspec.ValidationError:
        return False
    return state["step"] >= 0 and 0 <= state["seconds"] < math.inf and all("nll" in p.scores for p in curve)


def _check_unpacked(place: Path) -> None:
    """Raise ValueError for an archive that unpacks to more bytes than it has; torch stores its members as they are."""
    with place.open("rb") as file, zipfile.ZipFile(file) as archive:
        if sum(member.file_size for member in archive.infolist()) > place.stat().st_size:
            raise ValueError("it is compressed")


def settings_of(state: dict[str, Any], place: Path) -> Settings:
    """Return a checkpoint's settings. Raises `CorruptData` where they are not such as `segmnist train` permits."""
    try:
        return msgspec.convert(state["settings"], Settings)
    except msgspec.ValidationError as error:
        raise CorruptData(f"{place}: its settings are not possible: {shortened(str(error))}") from None


def check_weights(weights: dict[str, Any], settings: Settings, place: Path) -> None:
    """Raise `CorruptData` where weights do not fit their model, before memory is taken for it."""
    found = {name: tuple(getattr(weight, "shape", ())) for name, weight in weights.items()}
    if found != settings.weight_shapes():
        raise _unfit(place, settings.model)
    # A view of one number may have any shape.
    if sum(weight.numel() * weight.element_size() for weight in weights.values()) > place.stat().st_size:
        raise CorruptData(f"{place}: its weights would take more bytes than the file has")


def _unfit(place: Path, model: str) -> CorruptData:
    return CorruptData(f"{place}: its weights do not fit {model} as it is here; train it again")


def check_settings(stored: dict[str, Any], settings: dict[str, Any], place: Path) -> None:
    """Raise `BadArgument` if a checkpoint is one of other settings."""
    for name in stored | settings:
        if stored.get(name) != settings.get(name):
            fix = "resume with the settings that it began with"
            begun = "none" if stored.get(name) is None else repr(stored[name])
            raise BadArgument(name, settings.get(name), f"{begun}, as in {place}", fix)


def settings_to_resume(place: Path, given: Mapping[str, Any]) -> Settings:
    """Return the settings of a checkpoint.

    given: settings that are asked for by name. Raises `BadArgument` for one that differs from the checkpoint's.
    """
    state = read_checkpoint(place, torch.device("cpu"))
    stored = settings_of(state, place)
    clips = ("suite", "spec", "dataset", "bank")
    begun = {} if given.keys() & set(clips) else {name: getattr(stored, name) for name in (*clips, "part")}
    asked = Settings.of(**{"model": stored.model, **begun, **given}).to_dict()
    # A spec or a data set in place of a suite is told by the suite's name.
    named = [name for name in asked if name in given or (name == "suite" and not begun)]
    check_settings({n: state["settings"].get(n) for n in named}, {n: asked[n] for n in named}, place)
    return stored


def load_weights(model: Baseline, weights: dict[str, Any], name: str, place: Path) -> None:
    """Put a checkpoint's weights into a model. Raises `CorruptData` where no training leaves such weights."""
    try:
        model.load_state_dict(weights)
    except (RuntimeError, TypeError, AttributeError):
        raise _unfit(place, name) from None
    try:
        model.check_values()
    except ValueError as error:
        raise CorruptData(f"{place}: no training of {name} leaves such weights: {error}") from None
