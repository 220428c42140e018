"""From a checkpoint to a result file: what a trained model scores on the suite that it was trained for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from segmnist.baselines.checkpoint import read_checkpoint, settings_of
from segmnist.baselines.predict import load_predictor
from segmnist.errors import BadArgument
from segmnist.evaluate.reports.results import Result
from segmnist.suites.catalog import Suite, suite
from segmnist.suites.results import result_of
from segmnist.suites.run import evaluate


def check_trained_on(checkpoint: str | Path, asked: Suite) -> None:
    """Raise `BadArgument` unless a checkpoint was trained on all parts that are asked for."""
    trained = settings_of(read_checkpoint(Path(checkpoint), torch.device("cpu")), Path(checkpoint))
    same_digits = all(part.bank_sha256 == trained.digits_sha256 for part in asked.parts)
    if same_digits and all(part.train_spec in trained.train_specs for part in asked.parts):
        return
    name = trained.suite or trained.dataset or "a spec of its own"
    what = f"trained on {name}{f' part {trained.part}' if trained.part else ''}"
    parts = f" part {asked.parts[0].name}" if len(asked.parts) == 1 and asked.parts[0].name != "all" else ""
    fix = "ask for what it was trained on with --suite and --part, or say --transfer"
    raise BadArgument("checkpoint", f"{checkpoint}, {what}", f"one trained on {asked.name}{parts}", fix)


def score(
    checkpoint: str | Path,
    *,
    split: str = "test",
    tracking: bool = False,
    observer: str | None = None,
    posteriors: Path | None = None,
    device: str = "auto",
    commit: str | None = None,
    progress: Callable[[int], None] = lambda clips: None,
) -> Result:
    """Return the result of a checkpoint on the part or parts that it was trained on.

    Its notes tell how it was trained, and its hardware where. `tracking`, `observer` and `posteriors` are those of
    `segmnist.suites.evaluate`. Raises `BadArgument` for a model that was trained on a spec and not on a suite.
    """
    settings = settings_of(read_checkpoint(Path(checkpoint), torch.device("cpu")), Path(checkpoint))
    if settings.suite is None:
        raise BadArgument("checkpoint", str(checkpoint), "a model that was trained on a suite")
    whole = suite(settings.suite)
    chosen = whole if settings.part is None else whole.only(settings.part)
    predict, model = load_predictor(checkpoint, device)
    parts = evaluate(
        predict,
        chosen,
        split=split,
        tracking=tracking,
        observer=observer,
        posteriors=posteriors,
        progress=progress,
    )
    return result_of(whole, parts, split, model, commit=commit, **how_trained(checkpoint))


def how_trained(checkpoint: str | Path) -> dict[str, Any]:
    """Return what a result says of a checkpoint's training: `seed`, `hardware`, `minutes`, `parameters`, `notes`."""
    state = read_checkpoint(Path(checkpoint), torch.device("cpu"))
    settings = settings_of(state, Path(checkpoint))
    steps = f"{state['step']} steps of {settings.batch} clips x {settings.frames or 'all'} frames"
    return {
        "seed": settings.seed,
        "hardware": state["hardware"],
        "minutes": round(state["seconds"] / 60, 4),
        "parameters": num_parameters(state["average"]),
        "notes": f"{steps}, width {settings.width}.",
    }


def num_parameters(weights: Mapping[str, torch.Tensor]) -> int:
    """Return how many numbers a model keeps; of networks these are the weights."""
    return sum(value.numel() for value in weights.values())
