"""A training step's processor time by part, and training on the fly against training from memory-mapped files.

    python benchmarks/train.py [--models unet transformer] [--steps 12] [--rounds 7]

One thread, processor time, medians. `tiny-v1`, each model with its own settings. The second table compares the
same steps with batches that are drawn and with batches that are read: 1.0 means that drawing costs nothing.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import torch
from torch import nn

import history
from segmnist.baselines.batches import Batch, batches
from segmnist.baselines.settings import Settings
from segmnist.baselines.train import Run

CPU = torch.device("cpu")
PARTS = ("data", "forward", "backward", "clip", "optimiser")


def parts_of_a_step(settings: Settings, steps: int) -> dict[str, float]:
    """Return milliseconds of each part of a step, medians over the steps after the first two."""
    run = Run(settings, CPU)
    times: list[list[float]] = []
    # Drawn here and not ahead, so that its time is its own.
    with closing(batches(settings, 0, CPU)) as drawn:
        for _ in range(steps + 2):
            readings = [time.process_time()]
            video, target = next(drawn).to(CPU)
            readings.append(time.process_time())
            with torch.autocast("cpu", torch.bfloat16, enabled=run.bf16):
                loss = run.model.loss(video, target)
            readings.append(time.process_time())
            loss.backward()
            readings.append(time.process_time())
            nn.utils.clip_grad_norm_(run.model.parameters(), settings.clip)
            readings.append(time.process_time())
            run.optimiser.step(0.2)
            readings.append(time.process_time())
            times.append([1e3 * (b - a) for a, b in itertools.pairwise(readings)])
    return dict(zip(PARTS, map(statistics.median, zip(*times[2:])), strict=True))


def fly_over_stored(settings: Settings, steps: int, rounds: int) -> list[float]:
    """Return, for each round, the processor time of steps that read over that of steps that draw."""
    run = Run(settings, CPU)

    def seconds(source: Iterator[Batch]) -> float:
        began = run.seconds
        for _ in range(steps):
            run.take_step(source)
        return run.seconds - began

    with tempfile.TemporaryDirectory() as name, closing(batches(settings, 0, CPU)) as drawn:
        folder = Path(name)
        kept = list(itertools.islice(drawn, steps))
        for field in Batch._fields:
            np.save(folder / f"{field}.npy", np.stack([getattr(batch, field).numpy() for batch in kept]))
        ratios = []
        for _ in range(rounds):
            with closing(batches(settings, 0, CPU)) as fresh:
                fly = seconds(fresh)
            ratios.append(seconds(_stored(folder)) / fly)
    return ratios


def _stored(folder: Path) -> Iterator[Batch]:
    arrays = [np.load(folder / f"{field}.npy", mmap_mode="r") for field in Batch._fields]
    for step in range(len(arrays[0])):
        yield Batch(*(torch.from_numpy(np.array(array[step])) for array in arrays))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=["unet"])
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=7)
    history.add_option(parser)
    options = parser.parse_args()
    measures: dict[str, float] = {}
    torch.set_num_threads(1)
    print(f"{'milliseconds a step':24}" + "".join(f"{part:>11}" for part in (*PARTS, "all")))
    for model in options.models:
        found = parts_of_a_step(Settings.of(model, suite="tiny-v1"), options.steps)
        values = (*found.values(), sum(found.values()))
        measures |= {f"{model}, ms a step, {part}": value for part, value in found.items()}
        print(f"{model:24}" + "".join(f"{value:11.1f}" for value in values))
    print("\non the fly over memory-mapped, steps a second of processor time (target: .95 or more)")
    for model in options.models:
        ratios = fly_over_stored(Settings.of(model, suite="tiny-v1"), options.steps, options.rounds)
        each = ", ".join(f"{ratio:.3f}" for ratio in ratios)
        measures[f"{model}, on the fly over memory-mapped"] = statistics.median(ratios)
        print(f"{model:24}{statistics.median(ratios):.3f}, median of {each}")
    history.record("train", measures, options.history)


if __name__ == "__main__":
    main()
