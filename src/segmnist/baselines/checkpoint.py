"""Checkpoints: all that a run needs to go on, or a model to predict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from segmnist.errors import BadArgument, CorruptData
from segmnist.whole_file import replacing

LAST, BEST = "checkpoint.pt", "best.pt"
"""The state after the last step that was kept, and that of the validation with the lowest NLL."""

KEYS = ("settings", "step", "seconds", "curve", "model", "average", "optimiser")
"""What a checkpoint holds; `average` are the weights that predict."""


def save_checkpoint(place: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint in place of the old one; a kill or a full disk leaves one of the two whole."""
    assert state.keys() == set(KEYS)
    # To a file, not a path: torch would put the temporary name into the archive.
    with replacing(place) as [temporary], temporary.open("wb") as file:
        torch.save(state, file)


def read_checkpoint(place: Path, device: torch.device) -> dict[str, Any]:
    """Return what `save_checkpoint` wrote. Nothing in it is executed. Raises `CorruptData` for any other file."""
    try:
        state: dict[str, Any] = torch.load(place, map_location=device, weights_only=True)
        missing = [name for name in KEYS if name not in state]
    except FileNotFoundError:
        raise BadArgument("checkpoint", str(place), "a file that `segmnist train` wrote") from None
    except Exception as error:  # torch.load raises many kinds, and all mean the same
        reason = str(error).partition("\n")[0][:100]
        raise CorruptData(f"{place}: not a checkpoint of segmnist train: {reason}") from None
    if missing:
        raise CorruptData(f"{place}: not a checkpoint of this segmnist train: it has no {missing[0]}")
    return state


def check_settings(stored: dict[str, Any], settings: dict[str, Any], place: Path) -> None:
    """Raise `BadArgument` if a checkpoint is one of other settings."""
    for name in stored | settings:
        if stored.get(name) != settings.get(name):
            fix = "resume with the settings that it began with"
            raise BadArgument(name, settings.get(name), f"{stored.get(name)!r}, as in {place}", fix)


def load_weights(model: nn.Module, weights: dict[str, Any], name: str, place: Path) -> None:
    """Put a checkpoint's weights into a model. Raises `CorruptData` where they do not fit."""
    try:
        model.load_state_dict(weights)
    except RuntimeError:
        raise CorruptData(f"{place}: its weights do not fit {name} as it is here; train it again") from None
