"""The speedrun: the best score on tiny-v1 after two minutes of processor time; docs/speedrun.md has the rules."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch

from segmnist.baselines.checkpoint import LAST
from segmnist.baselines.score import score
from segmnist.errors import BadArgument
from segmnist.evaluate.reports.results import save_result

FIXED: dict[str, Any] = {"suite": "tiny-v1", "minutes": 2.0}
"""What every entry has; all else is free."""

RESULT = "result.json"


def entered(given: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of an entry. Raises `BadArgument` for one that changes the suite or the budget."""
    for name in ("suite", "part", "spec", "dataset", "steps", "minutes"):
        if name in given:
            allowed = "nothing: a speedrun is two minutes of processor time on tiny-v1"
            raise BadArgument(name, given[name], allowed, "leave it out, or leave out --speedrun")
    return {**given, **FIXED, "validations": given.get("validations", 0)}


def finished(folder: Path, device: str, began: float) -> str:
    """Score the run's last checkpoint on the test clips, write the result file, and return a row for the table.

    began: `time.perf_counter()` at the start of the training, for the wall time.
    """
    wall = (time.perf_counter() - began) / 60
    result = score(folder / LAST, device=device)
    save_result(result, folder / RESULT)
    scores = result.parts[0].scores
    names = ("information_gained", "foreground_accuracy", "miou", "nll")
    values = [f"{scores[name].value:.4f}" for name in names]
    machine = f"{result.hardware}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    cells = [result.model, str(result.seed), *values, f"{result.minutes:.2f}", f"{wall:.2f}", machine]
    head = ["model", "seed", *names, "CPU minutes", "wall minutes", "machine"]
    return f"| {' | '.join(head)} |\n| {' | '.join(cells)} |\n{folder / RESULT}"
