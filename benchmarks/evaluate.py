"""Speed and memory of scoring, and of training on clips that are drawn on the fly.

    python benchmarks/evaluate.py [--clips N] [--only speed|memory|training]

Prints each figure beside its target: the seconds to score 60,000 frames of hard maps, the growth of the peak memory over a
stream of clips, and the rate of training on the fly over that of training from memory-mapped files.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

import history
from segmnist.evaluate import Evaluation, Prediction
from segmnist.suites import evaluate, suite
from segmnist.suites.run import TRUTHS


def whole_suite(workers: int) -> dict[str, float]:
    """Time scoring of 60,000 stored frames as `segmnist evaluate` does it, with checksums and bootstrap."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "background.npy"
        np.save(place, np.full((2000, 30, 64, 64), 10, np.uint8))
        start = time.perf_counter()
        evaluate(place, "standard-v1", num_workers=workers)
        seconds = time.perf_counter() - start
    print(
        f"scoring standard-v1, 60,000 frames of hard maps, {workers} processes: {seconds:.1f} s, "
        f"{60_000 / seconds:,.0f} frames/s (target: under 60 s)"
    )
    return {f"scoring 60,000 frames, {workers} processes, s": seconds}


def memory(clips: int) -> dict[str, float]:
    """Measure the peak memory after each quarter of a stream of clips: it should not grow."""
    source = suite("standard-v1").parts[0].source("test", TRUTHS)
    evaluation = Evaluation()
    peaks = []
    for first in range(0, clips, 10):
        for clip in source[first : first + 10]:
            evaluation.add(clip.clip_id, clip.arrays, Prediction(clip.semantic))
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    quarters = [peaks[len(peaks) * q // 4 - 1] for q in (1, 2, 3, 4)]
    print(
        f"peak memory after each quarter of {clips} clips: {quarters} MiB; the last over the second "
        f"{quarters[3] / quarters[1]:.3f} (target: flat)"
    )
    return {"peak memory after the last quarter over the second": quarters[3] / quarters[1]}


def training(rounds: int, steps: int) -> dict[str, float]:
    """Measure the training rate on the fly over that from memory-mapped files: the median of interleaved rounds.

    It is measured by the clock and by the CPU time of all threads. CPU time is what counts on a machine without an
    idle core, and other programs do not disturb it.
    """
    import torch

    from segmnist.baselines import train as loop
    from segmnist.baselines.catalog import build

    settings = loop.Settings("unet", "tiny-v1", steps=steps, batch=8, width=16)
    model = build("unet", settings.width)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def train_on(batches: Iterable[Any]) -> tuple[float, float]:
        clock, cpu = time.perf_counter(), time.process_time()
        for clips in batches:
            loop._step(model, optimiser, clips, torch.device("cpu"), settings)
        return time.perf_counter() - clock, time.process_time() - cpu

    with tempfile.TemporaryDirectory() as folder:
        drawn = [clips for _, clips in loop._batches(settings, 0)]
        for name in ("video", "semantic"):
            np.save(Path(folder) / f"{name}.npy", np.concatenate([clips[name] for clips in drawn]))
        ratios = []
        for _ in range(rounds):
            fly = train_on(clips for _, clips in loop._batches(settings, 0))
            stored = train_on(_stored(Path(folder), settings.batch, steps))
            ratios.append([s / f for s, f in zip(stored, fly, strict=True)])
    found = dict(zip(("by the clock", "by CPU time"), zip(*ratios, strict=True), strict=True))
    for what, values in found.items():
        each = ", ".join(f"{value:.3f}" for value in values)
        print(
            f"training U-Net, tiny-v1, clips/s on the fly over memory-mapped, {what}: "
            f"{statistics.median(values):.3f}, median of {each} (target: .95 or more)"
        )
    return {
        f"training on the fly over memory-mapped, {what}": statistics.median(v) for what, v in found.items()
    }


def _stored(folder: Path, batch: int, steps: int) -> Iterator[SimpleNamespace]:
    video, semantic = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("video", "semantic"))
    for first in range(0, batch * steps, batch):
        rows = slice(first, first + batch)
        yield SimpleNamespace(video=np.array(video[rows]), semantic=np.array(semantic[rows]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=("speed", "memory", "training"))
    history.add_option(parser)
    arguments = parser.parse_args()
    measures: dict[str, float] = {}
    if arguments.only in (None, "memory"):
        measures |= memory(arguments.clips)
    if arguments.only in (None, "speed"):
        measures |= whole_suite(arguments.workers)
    if arguments.only in (None, "training"):
        measures |= training(rounds=7, steps=12)
    history.record("evaluate", measures, arguments.history)
