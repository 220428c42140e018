"""Checkpoints: all that a run needs to go on, or a model to predict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from segmnist.errors import BadArgument, CorruptData
from segmnist.whole_file import replacing

CHECKPOINT = "checkpoint.pt"


def save(
    place: Path, settings: dict[str, Any], step: int, model: nn.Module, optimiser: torch.optim.Optimizer
) -> None:
    """Write a checkpoint in place of the old one; a kill or a full disk leaves one of the two whole."""
    state = {
        "settings": settings,
        "step": step,
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    # To a file, not a path: torch would put the temporary name into the archive.
    with replacing(place) as [temporary], temporary.open("wb") as file:
        torch.save(state, file)


def restore(
    place: Path,
    settings: dict[str, Any],
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    device: torch.device,
) -> int:
    """Load a checkpoint and return its step. Raises `BadArgument` for one of other settings."""
    state = read_checkpoint(place, device)
    if state["settings"] != settings:
        stored = state["settings"]
        name = next(n for n in stored | settings if stored.get(n) != settings.get(n))
        fix = "resume with the settings that it began with"
        raise BadArgument(name, settings.get(name), f"{stored.get(name)!r}, as in {place}", fix)
    load_weights(model, state, place)
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])


def load_weights(model: nn.Module, state: dict[str, Any], place: Path) -> None:
    """Put a checkpoint's weights into a model. Raises `CorruptData` where they do not fit."""
    try:
        model.load_state_dict(state["model"])
    except RuntimeError:
        name = state["settings"]["model"]
        raise CorruptData(f"{place}: its weights do not fit {name} as it is here; train it again") from None


def read_checkpoint(place: Path, device: torch.device) -> dict[str, Any]:
    """Return what `save` wrote. Nothing in it is executed. Raises `CorruptData` for any other file."""
    try:
        state: dict[str, Any] = torch.load(place, map_location=device, weights_only=True)
        state["settings"], state["step"], state["model"], state["optimiser"]
    except FileNotFoundError:
        raise BadArgument("checkpoint", str(place), "a file that `segmnist train` wrote") from None
    except Exception as error:  # torch.load raises many kinds, and all mean the same
        reason = str(error).partition("\n")[0][:100]
        raise CorruptData(f"{place}: not a checkpoint of segmnist train: {reason}") from None
    return state
