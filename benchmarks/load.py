"""Clips/s of each loader, compared with the bare renderer and with loaders of stored arrays.

    python benchmarks/load.py [--rounds 5] [--clips 1024]

`standard`, video + semantic, batches of 32, two workers where a loader has workers. The loaders take turns, round after
round, and medians of the ratios within a round are printed. CPU time is the sum over all processes; unlike the rates, it
is the same on a busy machine.

`.npy, as usually written` is a Dataset whose __getitem__ copies a clip out of a memory map, with PyTorch's own collate.
`.npy, in our parcels` sends the same arrays through our shared memory: one indexed read per batch. It only copies, so it is
the upper limit for our loaders.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from torch.utils.data import DataLoader, Dataset

import history
from segmnist import ClipSource, render
from segmnist.dataset import generate, recipe_for
from segmnist.load import iterate
from segmnist.load.reader import Kinds
from segmnist.load.torch import EndlessClips, EndlessLoader, SegMNIST, collate
from segmnist.scene.presets import preset

BATCH, WORKERS = 32, 2
ARRAYS = ("video", "semantic")


class Npy(Dataset[Any]):
    """Memory-mapped arrays, loaded in the usual way."""

    def __init__(self, folder: Path) -> None:
        self.arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS}

    def __len__(self) -> int:
        return len(self.arrays["video"])

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        video, semantic = (torch.from_numpy(array[index].copy()) for array in self.arrays.values())
        return video[:, None], semantic


class NpyReader:
    """The same arrays as a source of our loaders."""

    def __init__(self, folder: Path) -> None:
        self.arrays = Npy(folder).arrays
        self.length = len(self.arrays["video"])
        self.kinds: Kinds = {"clip_id": ((), "int64")}
        self.kinds |= {name: (array.shape[1:], "uint8") for name, array in self.arrays.items()}

    def read(self, rows: Any, out: dict[str, Any] | None = None) -> dict[str, Any]:
        if out is None:
            return {"clip_id": np.asarray(rows), **{name: array[rows] for name, array in self.arrays.items()}}
        for name, array in self.arrays.items():
            np.take(array, rows, axis=0, out=out[name], mode="clip")
        return {"clip_id": np.asarray(rows), **{name: out[name] for name in ARRAYS}}


def through_parcels(folder: Path) -> SegMNIST:
    dataset = SegMNIST("standard", length=1)
    dataset.reader = NpyReader(folder)  # type: ignore[assignment]
    return dataset


def bare_renderer(num_clips: int) -> Iterator[Any]:
    """Draw with two threads into the same memory again and again; nothing is handed over."""
    source = ClipSource("standard", num_threads=WORKERS)
    first = source.batch(range(BATCH))
    out = {name: first[name] for name in ARRAYS}
    for start in range(0, num_clips, BATCH):
        yield render(source.scene(range(start, start + BATCH)), source.truth, num_threads=WORKERS, out=out)


def in_batches(rows: Iterable[Any]) -> Iterator[Any]:
    iterator = iter(rows)
    while batch := list(itertools.islice(iterator, BATCH)):
        yield batch


def contenders(folder: Path, num_clips: int) -> dict[str, Callable[[], Iterable[Any]]]:
    def loader(dataset: Any, **options: Any) -> Any:
        return DataLoader(dataset, BATCH, num_workers=WORKERS, **options)

    ours = {"collate_fn": collate}
    steps = num_clips // BATCH
    found: dict[str, Callable[[], Iterable[Any]]] = {
        "bare renderer, 2 threads": lambda: bare_renderer(num_clips),
        "torch: SegMNIST, generating": lambda: loader(SegMNIST("standard", length=num_clips), **ours),
        "torch: EndlessLoader": lambda: itertools.islice(
            EndlessLoader(EndlessClips("standard", batch_size=BATCH), num_workers=WORKERS), steps
        ),
        "torch: SegMNIST, stored as Zarr": lambda: loader(SegMNIST(folder / "zarr"), **ours),
        ".npy, as usually written": lambda: loader(Npy(folder)),
        ".npy, in our parcels": lambda: loader(through_parcels(folder), **ours),
        "NumPy iterate, 1 process": lambda: iterate("standard", BATCH, length=num_clips),
    }
    if importlib.util.find_spec("datasets"):
        from segmnist.load.huggingface import iterable_dataset

        found["Hugging Face stream, 1 process"] = lambda: in_batches(
            iterable_dataset("standard", length=num_clips).with_format("numpy")
        )
    if importlib.util.find_spec("grain"):
        import grain

        from segmnist.load.grain import GrainSource

        found["grain, 1 process"] = lambda: in_batches(
            grain.MapDataset.source(GrainSource("standard", length=num_clips))
        )
    return found


def speed(batches: Iterable[Any], num_clips: int) -> tuple[float, float]:
    """Return clips/s, and microseconds of CPU time per clip over all processes.

    The first four batches and the last four are not timed.
    """
    iterator = iter(batches)
    timed = num_clips // BATCH - 8
    for _ in range(4):
        next(iterator)
    start, used = time.perf_counter(), processor_seconds()
    for _ in range(timed):
        next(iterator)
    clips = timed * BATCH
    return clips / (time.perf_counter() - start), (processor_seconds() - used) / clips * 1e6


def processor_seconds() -> float:
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def store(folder: Path, num_clips: int) -> None:
    for name in ARRAYS:
        array = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.uint8, (num_clips, 30, 64, 64))
        for start, batch in zip(range(0, num_clips, BATCH), iterate("standard", BATCH)):
            array[start : start + BATCH] = batch[name]
    generate(recipe_for(preset("standard"), num_clips=num_clips), folder / "zarr", num_workers=WORKERS)


def first_batch(first_clip: int) -> float:
    """Return the seconds to a loader's first batch, starting at this clip."""
    stream = EndlessClips("standard", batch_size=BATCH, first_clip=first_clip)
    start = time.perf_counter()
    next(iter(EndlessLoader(stream)))
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clips", type=int, default=1024)
    history.add_option(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store(folder, options.clips)
        loaders = contenders(folder, options.clips)
        rounds = []
        for _ in range(options.rounds):
            rounds.append({label: speed(make(), options.clips) for label, make in loaders.items()})
            print(".", end="", flush=True)
    npy, bare = ".npy, as usually written", "bare renderer, 2 threads"
    print(
        f"\n{'loader':34}{'clips/s':>9}{'over bare':>11}{'over .npy':>11}{'CPU us/clip':>13}{'over bare':>11}"
    )
    measures: dict[str, float] = {}
    for label in loaders:
        rates, costs = ([r[label][i] for r in rounds] for i in (0, 1))
        over_bare, over_npy = (statistics.median(r[label][0] / r[o][0] for r in rounds) for o in (bare, npy))
        cost = statistics.median(r[label][1] / r[bare][1] for r in rounds)
        measures[f"{label}, clips/s"] = statistics.median(rates)
        measures[f"{label}, CPU us/clip"] = statistics.median(costs)
        print(
            f"{label:34}{statistics.median(rates):9.0f}{over_bare:11.2f}{over_npy:11.2f}"
            f"{statistics.median(costs):13.0f}{cost:11.2f}"
        )
    history.record("load", measures, options.history)
    near, far = (statistics.median(first_batch(clip) for _ in range(15)) for clip in (0, 10**9))
    print(
        f"first batch from clip 0: {near * 1e3:.1f} ms; from clip 10^9: {far * 1e3:.1f} ms ({far / near:.2f})"
    )


if __name__ == "__main__":
    main()
