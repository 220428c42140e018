"""Training: a plain loop over clips drawn on the fly, whose state is the model, the optimiser and one integer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from segmnist.baselines.baseline import Baseline
from segmnist.baselines.catalog import build
from segmnist.baselines.checkpoint import CHECKPOINT, restore, save
from segmnist.errors import BadArgument, MissingDependency
from segmnist.render.clips import Clips
from segmnist.source import ClipSource
from segmnist.suites.catalog import suite


@dataclass(frozen=True)
class Settings:
    """Everything that a run's losses depend on.

    Step k trains on the suite's train clips k * batch .. (k + 1) * batch - 1: on their first `frames` frames,
    or all if that is None.
    """

    model: str
    suite: str = "standard-v1"
    steps: int = 1000
    batch: int = 8
    seed: int = 0
    learning_rate: float = 3e-3
    width: int = 16
    frames: int | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "frames"):
            value = getattr(self, name)
            if value is not None and not value >= 1:
                raise BadArgument(name, value, "1 or more")
        if not 0 < self.learning_rate < 1:
            raise BadArgument("learning_rate", self.learning_rate, "between 0 and 1")


def device_named(name: str) -> torch.device:
    """Return the device; `auto` is an accelerator where there is one. Raises `BadArgument` for one not here."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in ("cpu", "cuda") or (name == "cuda" and not torch.cuda.is_available()):
        raise BadArgument("device", name, "auto, cpu" + (", cuda" if torch.cuda.is_available() else ""))
    return torch.device(name)


def as_input(video: np.ndarray[Any, np.dtype[np.uint8]], device: torch.device) -> Tensor:
    """Return videos `(B, T, H, W)` uint8 as the models' input, `(B, T, 1, H, W)` float32 in 0..1."""
    return torch.from_numpy(video).to(device).unsqueeze(2).float() / 255


def train(
    settings: Settings,
    folder: str | Path,
    *,
    resume: bool = False,
    device: str = "auto",
    save_every: int = 200,
    report: Callable[[int, float], None] = lambda step, loss: None,
) -> Path:
    """Train a baseline and return the path of its checkpoint; `report` gets each step and its loss.

    Killed and resumed, a run goes through the same losses as one that was never stopped. Raises `BadArgument`
    where the folder holds a checkpoint and `resume` is not set, or one of other settings.
    """
    place, where = Path(folder) / CHECKPOINT, device_named(device)
    torch.manual_seed(settings.seed)
    model = build(settings.model, settings.width).to(where)
    optimiser = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate)
    if place.exists() and not resume:
        raise BadArgument("folder", str(folder), "a folder without a checkpoint", "give --resume to go on")
    first = restore(place, asdict(settings), model, optimiser, where) if place.exists() else 0
    with _logs(Path(folder), first) as logs:
        for step, clips in _batches(settings, first):
            for group in optimiser.param_groups:
                group["lr"] = settings.learning_rate * _schedule(step, settings.steps)
            loss = _step(model, optimiser, clips, where, settings)
            logs.add_scalar("loss", loss, step)
            report(step, loss)
            if (step + 1) % save_every == 0 or step + 1 == settings.steps:
                save(place, asdict(settings), step + 1, model, optimiser)
    return place


def _step(
    model: Baseline, optimiser: torch.optim.Optimizer, clips: Clips, device: torch.device, settings: Settings
) -> float:
    video = as_input(clips.video[:, : settings.frames], device)
    target = torch.from_numpy(clips.semantic[:, : settings.frames]).to(device).long()
    # bfloat16 has float32's range, so no loss scaling; on CPUs without it, float32 is faster.
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        loss = model.loss(video, target)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return loss.item()


def _schedule(step: int, steps: int) -> float:
    """Return the factor on the learning rate: up over the first twentieth, then down along a cosine to 0."""
    warm = max(1, steps // 20)
    return min((step + 1) / warm, 0.5 + 0.5 * math.cos(math.pi * step / steps))


def _batches(settings: Settings, first: int) -> Iterator[tuple[int, Clips]]:
    """Iterate over steps and their clips, the next drawn while this one trains; parts of a suite take turns."""
    sources = [part.source("train") for part in suite(settings.suite).parts]

    def draw(step: int) -> Clips:
        source: ClipSource = sources[step % len(sources)]
        return source.batch(np.arange(step * settings.batch, (step + 1) * settings.batch))

    with ThreadPoolExecutor(1) as ahead:
        waiting = ahead.submit(draw, first)
        for step in range(first, settings.steps):
            clips = waiting.result()
            if step + 1 < settings.steps:
                waiting = ahead.submit(draw, step + 1)
            yield step, clips


def _logs(folder: Path, first: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError:
        raise MissingDependency("training logs", "train") from None

    # What a killed run logged after its last checkpoint is taken back.
    return SummaryWriter(str(folder / "logs"), purge_step=first)
