"""Training: a plain loop over clips drawn on the fly. `Settings` has all knobs.

A run is a function of its settings: its whole state is in one checkpoint, and killed and resumed it ends with
the same weights (on one machine, with one number of threads; with a budget in minutes, time decides).
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from segmnist.baselines.batches import Batch, batches
from segmnist.baselines.checkpoint import (
    BEST,
    LAST,
    check_settings,
    load_weights,
    read_checkpoint,
    save_checkpoint,
)
from segmnist.baselines.device import device_named, machine, trains_in_bf16
from segmnist.baselines.optimiser import Optimiser
from segmnist.baselines.run_folder import the_only_run
from segmnist.baselines.run_logs import RunLogs, summary_writer
from segmnist.baselines.settings import Settings
from segmnist.baselines.validate import validate
from segmnist.errors import BadArgument, CorruptData, SegmnistError
from segmnist.urls import is_url, url_of

STEPS_A_REPORT = 10
"""Losses are fetched so many at a time, so that a GPU need not wait for each."""


class Progress(NamedTuple):
    """Steps done, the share of the run, the losses since the last report, and the last validation's scores."""

    step: int
    fraction: float
    losses: list[float]
    scores: dict[str, float]


def train(
    settings: Settings,
    folder: str | Path,
    *,
    resume: bool = False,
    device: str = "auto",
    draw_threads: int | None = None,
    save_every: int = 200,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Path:
    """Train a baseline and return the path of its last checkpoint.

    The folder gets `checkpoint.pt` every `save_every` steps and at the end, `best.pt` at the validation with the
    lowest NLL, `validation.png`, `validation.json` with the curve, and TensorBoard logs. Raises `BadArgument`
    where the folder holds a checkpoint and `resume` is not set, or one of other settings, and `SegmnistError`
    where another process trains there, or the loss is no number any more.
    """
    if save_every < 1:
        raise BadArgument("save_every", save_every, "1 or more")
    if is_url(folder):
        raise BadArgument("folder", url_of(folder), "a local folder", "copy it to the store afterwards")
    folder, place = Path(folder), Path(folder) / LAST
    if folder.exists() and not folder.is_dir():
        raise BadArgument("folder", str(folder), "a folder, or a new name", "a file of this name is there")
    if place.exists() and not resume:
        fix = "name another folder, or give --resume to go on"
        raise BadArgument("folder", str(folder), "a folder without a checkpoint", fix)
    run = Run(settings, device_named(device))
    threads = draw_threads or (4 if run.device.type == "cuda" else 1)
    for part in settings.parts():
        # The kernels are compiled before the clock starts, and what cannot be read leaves no folder.
        part.train_clips()(np.arange(1))
    summary_writer()  # that it is missing is said before there is a folder
    with the_only_run(folder):
        if place.exists():
            run.restore(place)
        drawn = batches(settings, run.step, run.device, threads)
        with closing(drawn), RunLogs(folder, run.step) as logs:
            _go_on(run, drawn, logs, folder, save_every, report)
    return place


def _go_on(
    run: Run,
    drawn: Iterator[Batch],
    logs: RunLogs,
    folder: Path,
    save_every: int,
    report: Callable[[Progress], None],
) -> None:
    """Take the steps that are left, with a report, a validation and a checkpoint where they are due."""
    taken: list[Taken] = []
    first = run.step + 1
    while not run.is_over:
        due = run.validations_due
        taken.append(run.take_step(drawn))
        validates, saves = run.validations_due > due, run.step % save_every == 0 or run.is_over
        # The first is reported at once: ten steps of a large model may take a minute.
        if validates or saves or run.step == first or run.step % STEPS_A_REPORT == 0:
            losses = logs.add_steps(taken, run.step)
            taken = []
            if not all(map(math.isfinite, losses)):
                raise SegmnistError(f"the loss is no number at step {run.step}; lower the learning rates")
            report(Progress(run.step, run.fraction, losses, run.last_scores))
        if validates:
            picture = run.validate()
            logs.add_validation(run.curve, picture, run.step)
            if run.is_best:
                save_checkpoint(folder / BEST, run.state())
            report(Progress(run.step, run.fraction, [], run.last_scores))
        if saves:
            save_checkpoint(folder / LAST, run.state())


class Taken(NamedTuple):
    """What a step leaves: its loss and the gradient's norm, still on the device, and the learning rates' factor."""

    loss: Tensor
    gradient_norm: Tensor
    rate_factor: float


class Run:
    """The state of a run: a model, the moving average of its weights, the optimisers, and where it stands."""

    def __init__(self, settings: Settings, device: torch.device) -> None:
        self.settings, self.device = settings, device
        torch.manual_seed(settings.seed)
        self.model = settings.build().to(device)
        self.average = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.optimiser = Optimiser(self.model, settings)
        self.bf16 = trains_in_bf16(settings.precision, device)
        self.clock = time.perf_counter if device.type == "cuda" else time.process_time
        self.step, self.seconds = 0, 0.0
        self.curve: list[dict[str, Any]] = []

    @property
    def fraction(self) -> float:
        """Return the share of the run that is over, 0..1: of the steps or of the minutes, whichever is larger."""
        steps, minutes = self.settings.steps, self.settings.minutes
        of_steps = self.step / steps if steps else 0.0
        of_time = self.seconds / (60 * minutes) if minutes else 0.0
        return min(1.0, max(of_steps, of_time))

    @property
    def is_over(self) -> bool:
        """Return whether the budget is spent."""
        return self.fraction >= 1

    @property
    def validations_due(self) -> int:
        """Return how many validations a run that stands here has had."""
        return int(self.fraction * self.settings.validations + 1e-9)  # 0.29 * 100 is a little less than 29

    @property
    def last_scores(self) -> dict[str, float]:
        """Return the scores of the last validation, the mean over the parts; empty before the first."""
        return self.curve[-1]["scores"] if self.curve else {}

    @property
    def is_best(self) -> bool:
        """Return whether no validation had a lower NLL than the last."""
        nll = [point["scores"]["nll"] for point in self.curve]
        return nll[-1] == min(nll)

    def take_step(self, drawn: Iterator[Batch]) -> Taken:
        """Update the weights once; the time that it takes, drawing included, counts."""
        began, fraction = self.clock(), self.fraction
        batch = next(drawn)
        # What a model draws in a step depends on the step alone, so that a resumed run draws the same.
        torch.manual_seed(self.settings.seed << 32 | self.step)
        video, target = batch.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            loss = self.model.loss(video, target)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        factor = self.optimiser.step(fraction)
        self.step += 1
        # Short at first, or the average would remember the untrained weights.
        decay = min(self.settings.average, self.step / (self.step + 9))
        with torch.no_grad():
            for mean, weight in zip(self.average.parameters(), self.model.parameters(), strict=True):
                mean.lerp_(weight, 1 - decay)
            for kept, buffer in zip(self.average.buffers(), self.model.buffers(), strict=True):
                kept.copy_(buffer)
        if self.step % STEPS_A_REPORT == 0:
            self._wait()
        self.seconds += self.clock() - began
        return Taken(loss.detach(), norm.detach(), factor)

    def _wait(self) -> None:
        """Wait for a GPU, which works behind, so that its time counts."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def validate(self) -> Any:
        """Score the averaged weights, add a point to the curve, and return a picture of some predictions."""
        scores, by_part, picture = validate(self.average, self.settings, str(self.device))
        point = {"step": self.step, "minutes": self.seconds / 60, "scores": scores, "parts": by_part}
        self.curve.append(point)
        return picture

    def state(self) -> dict[str, Any]:
        """Return all that `restore` needs."""
        return {
            "settings": self.settings.to_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "hardware": machine(self.device),
            "curve": self.curve,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }

    def restore(self, place: Path) -> None:
        """Go to where a checkpoint stands. Raises `BadArgument` for one of other settings."""
        state = read_checkpoint(place, self.device)
        check_settings(state["settings"], self.settings.to_dict(), place)
        load_weights(self.model, state["model"], self.settings.model, place)
        load_weights(self.average, state["average"], self.settings.model, place)
        try:
            self.optimiser.load_state_dict(state["optimiser"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise CorruptData(f"{place}: its optimiser is not one of these settings") from None
        self.step, self.seconds, self.curve = state["step"], state["seconds"], state["curve"]
