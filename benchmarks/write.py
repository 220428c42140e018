"""Clips/s and CPU time of writing by format and executor, compared with the renderer and the disk alone; verify in GB/s.

    python benchmarks/write.py [--clips 512] [--ray]

Figures depend on the machine: compare ratios within a run. CPU times count all processes and depend less on what else runs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numcodecs import blosc, zstd

import history
from segmnist import ClipSource, preset
from segmnist.dataset import generate, plan_for, recipe_for, verify
from segmnist.dataset.commit import Books
from segmnist.dataset.local_store import LocalStore
from segmnist.dataset.manifest import FileSum, Receipt
from segmnist.formats.index_tables import TRUTHS as INDEX_TRUTHS


def best_seconds(
    work: Callable[[], object], repeats: int = 3, clock: Callable[[], float] = time.perf_counter
) -> float:
    times = []
    for _ in range(repeats):
        start = clock()
        work()
        times.append(clock() - start)
    return min(times)


def cpu_clock() -> float:
    """Return the CPU seconds of this process and of all processes that it has started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def renderer(num_clips: int, truth: tuple[str, ...]) -> tuple[float, float]:
    """Return the clips/s and the CPU milliseconds a clip of drawing alone."""
    source = ClipSource("standard", truth=truth)
    source.batch([0])

    def draw() -> None:
        for first in range(0, num_clips, 64):
            source.batch(range(first, min(first + 64, num_clips)))

    return num_clips / best_seconds(draw), 1e3 * best_seconds(draw, clock=cpu_clock) / num_clips


def written(num_clips: int, folder: Path, **options: object) -> tuple[float, float, int]:
    """Return the clips/s of writing a fresh data set, the CPU milliseconds a clip, and its bytes."""
    run = {name: options.pop(name) for name in ("num_workers", "executor") if name in options}
    recipe = recipe_for(preset("standard"), num_clips=num_clips, **options)

    def write() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        generate(recipe, folder, **run)

    seconds, cpu = best_seconds(write), best_seconds(write, clock=cpu_clock)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return num_clips / seconds, 1e3 * cpu / num_clips, size


def disk(folder: Path, num_bytes: int) -> float:
    """Return the bytes/s of writing files of 8 MiB, each synced as a shard is."""
    data = os.urandom(8 << 20)

    def write() -> None:
        for number in range(max(1, num_bytes // len(data))):
            with open(folder / f"{number}", "wb") as file:
                file.write(data)
                os.fsync(file.fileno())

    return max(1, num_bytes // len(data)) * len(data) / best_seconds(write)


def compression() -> dict[str, float]:
    """Print what each array of `standard` costs with each codec, and return the CPU milliseconds a clip."""
    clips = ClipSource("standard").batch(range(64))
    codecs: dict[str, Callable[[np.ndarray], bytes]] = {"none": np.ndarray.tobytes}
    for level in (-50, -20, -10, -5, -1, 1, 3, 6):
        codecs[f"zstd {level}"] = lambda values, level=level: zstd.compress(values, level)  # type: ignore[misc]
    for shuffle, how in ((0, "lz4"), (2, "bitshuffle lz4")):
        codecs[f"blosc {how}"] = lambda values, shuffle=shuffle: blosc.compress(values, b"lz4", 1, shuffle)  # type: ignore[misc]
    codecs["SHA-256"] = lambda values: hashlib.sha256(values).digest()
    measures = {}
    for name in ("video", "semantic"):
        pieces = [clip.reshape(-1) for clip in clips[name]]
        for codec, encode in codecs.items():
            seconds = best_seconds(
                lambda pieces=pieces, encode=encode: [encode(piece) for piece in pieces],  # type: ignore[misc]
                repeats=5,
                clock=time.thread_time,
            )
            size, cpu = sum(len(encode(piece)) for piece in pieces) / len(pieces), 1e3 * seconds / len(pieces)
            measures[f"{codec} on {name}, CPU ms a clip"] = cpu
            print(f"{codec:20} on {name:9} {size:8.0f} bytes {cpu:7.3f} CPU ms a clip")
    return measures


def planning(folder: Path) -> None:
    """Time a plan, and a resume with all receipts there: both grow with the number of shards alone."""
    for num_clips in (10_000, 100_000, 1_000_000):
        plan = plan_for(recipe_for(preset("standard"), num_clips=num_clips))
        root = folder / str(num_clips)
        books = Books(LocalStore(root))
        (root / "receipts").mkdir(parents=True)
        for shard in range(plan.num_shards):
            files = {f"{name}/c.{shard}.0.0.0": FileSum(10_000_000, "ab" * 32) for name in plan.layout.arrays}
            receipt = Receipt(plan.recipe.plan_id, shard, len(plan.layout.rows(shard)), files)
            (root / books.receipt_path(shard)).write_bytes(receipt.to_bytes())
        walk = best_seconds(lambda plan=plan: sum(len(plan.layout.rows(k)) for k in range(plan.num_shards)))  # type: ignore[misc]
        listing = best_seconds(books.done)
        reading = best_seconds(lambda plan=plan, books=books: sum(r.clips for r in books.receipts(plan)))  # type: ignore[misc]
        print(
            f"{num_clips:9,} clips, {plan.num_shards:5,} shards: plan {1e3 * walk:6.2f} ms, "
            f"resume {1e3 * listing:6.2f} ms, read all receipts {1e3 * reading:7.1f} ms"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=512)
    parser.add_argument("--ray", action="store_true")
    history.add_option(parser)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="segmnist-write-"))
    try:
        measures: dict[str, float] = {}
        (alone, least), (indexed, more) = (
            renderer(options.clips, truth) for truth in (("semantic",), ("semantic", *INDEX_TRUTHS))
        )
        for name, rate, cpu in (("renderer alone", alone, least), ("renderer, index truths", indexed, more)):
            measures |= {f"{name}, clips/s": rate, f"{name}, CPU ms a clip": cpu}
            print(f"{name:28} {rate:8.0f} clips/s {cpu:29.3f} CPU ms a clip")
        for name, how in {
            "zarr, no index": {"index": False, "num_workers": 1},
            "zarr": {"num_workers": 1},
            "zarr, no index, 2 workers": {"index": False, "num_workers": 2},
            "zarr, no index, compressed": {"index": False, "num_workers": 1, "compress_video": True},
            "origin-npy": {"format": "origin-npy", "num_workers": 1},
            "origin-h5": {"format": "origin-h5", "num_workers": 1},
        }.items():
            rate, cpu, size = written(options.clips, folder / "data", **how)
            measures |= {f"{name}, clips/s": rate, f"{name}, CPU ms a clip": cpu}
            print(
                f"{name:28} {rate:8.0f} clips/s {rate / alone:6.2f} x renderer {size / 1e6:8.1f} MB"
                f" {cpu:7.3f} CPU ms a clip: {least / cpu:.2f} x renderer"
            )
            if name == "zarr":
                seconds = best_seconds(lambda: verify(folder / "data"))
                measures["verify, GB/s"] = size / seconds / 1e9
                print(f"verify                   {size / seconds / 1e9:8.2f} GB/s")
                print(f"disk alone               {disk(folder, size) / 1e6:8.0f} MB/s")
        if options.ray:
            measures |= ray(options.clips, folder)
        measures |= compression()
        planning(folder)
        history.record("write", measures, options.history)
    finally:
        shutil.rmtree(folder)


def ray(num_clips: int, folder: Path) -> dict[str, float]:
    """Compare two Ray workers, which are already running, with two processes, which have to start."""
    import ray as cluster

    cluster.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    there, _, _ = written(num_clips, folder / "ray", index=False, executor="ray")
    here, _, _ = written(num_clips, folder / "local", index=False, num_workers=2)
    print(f"ray, 2 workers           {there:8.0f} clips/s {there / here:6.2f} x local, 2 workers")
    cluster.shutdown()
    return {"ray, 2 workers, clips/s": there, "local, 2 workers, clips/s": here}


if __name__ == "__main__":
    main()
