"""Clips/s written by format and executor, compared with the renderer alone and the disk alone; verify in GB/s.

    python benchmarks/write.py [--clips 512] [--ray]

Figures depend on the machine: compare ratios within a run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from numcodecs import zstd

import history
from segmnist import ClipSource, preset
from segmnist.dataset import generate, plan_for, recipe_for, verify
from segmnist.dataset.commit import Books
from segmnist.dataset.local_store import LocalStore
from segmnist.dataset.manifest import FileSum, Receipt
from segmnist.formats.index_tables import TRUTHS as INDEX_TRUTHS


def best_seconds(work: Callable[[], object], repeats: int = 3) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def renderer(num_clips: int, truth: tuple[str, ...]) -> float:
    source = ClipSource("standard", truth=truth)
    source.batch([0])

    def draw() -> None:
        for first in range(0, num_clips, 64):
            source.batch(range(first, min(first + 64, num_clips)))

    return num_clips / best_seconds(draw)


def written(num_clips: int, folder: Path, **options: object) -> tuple[float, int]:
    """Return the clips/s of writing a fresh data set, and its bytes."""
    run = {name: options.pop(name) for name in ("num_workers", "executor") if name in options}
    recipe = recipe_for(preset("standard"), num_clips=num_clips, **options)

    def write() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        generate(recipe, folder, **run)

    seconds = best_seconds(write)
    return num_clips / seconds, sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def disk(folder: Path, num_bytes: int) -> float:
    """Return the bytes/s of writing files of 8 MiB, each synced as a shard is."""
    data = os.urandom(8 << 20)

    def write() -> None:
        for number in range(max(1, num_bytes // len(data))):
            with open(folder / f"{number}", "wb") as file:
                file.write(data)
                os.fsync(file.fileno())

    return max(1, num_bytes // len(data)) * len(data) / best_seconds(write)


def compression() -> None:
    clips = ClipSource("standard").batch(range(64))
    for name in ("video", "semantic"):
        for level in (-5, -1, 1, 3, 6):
            pieces = [clip.reshape(-1) for clip in clips[name]]
            seconds = best_seconds(
                lambda pieces=pieces, level=level: [zstd.compress(p, level) for p in pieces]  # type: ignore[misc]
            )
            size = sum(len(zstd.compress(piece, level)) for piece in pieces)
            ratio, speed = clips[name].nbytes / size, clips[name].nbytes / seconds / 1e6
            print(f"zstd {level:2d} on {name:9} {ratio:6.2f}:1 {speed:8.0f} MB/s")


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
        alone, indexed = (
            renderer(options.clips, truth) for truth in (("semantic",), ("semantic", *INDEX_TRUTHS))
        )
        measures = {"renderer alone, clips/s": alone, "renderer with index truths, clips/s": indexed}
        print(f"renderer alone           {alone:8.0f} clips/s")
        print(f"renderer, index truths   {indexed:8.0f} clips/s")
        for name, how in {
            "zarr, no index": {"index": False, "num_workers": 1},
            "zarr": {"num_workers": 1},
            "zarr, no index, 2 workers": {"index": False, "num_workers": 2},
            "origin-npy": {"format": "origin-npy", "num_workers": 1},
            "origin-h5": {"format": "origin-h5", "num_workers": 1},
        }.items():
            rate, size = written(options.clips, folder / "data", **how)
            measures[f"{name}, clips/s"] = rate
            print(f"{name:24} {rate:8.0f} clips/s {rate / alone:6.2f} x renderer {size / 1e6:8.1f} MB")
            if name == "zarr":
                seconds = best_seconds(lambda: verify(folder / "data"))
                measures["verify, GB/s"] = size / seconds / 1e9
                print(f"verify                   {size / seconds / 1e9:8.2f} GB/s")
                print(f"disk alone               {disk(folder, size) / 1e6:8.0f} MB/s")
        if options.ray:
            measures |= ray(options.clips, folder)
        compression()
        planning(folder)
        history.record("write", measures, options.history)
    finally:
        shutil.rmtree(folder)


def ray(num_clips: int, folder: Path) -> dict[str, float]:
    """Compare two Ray workers, which are already running, with two processes, which have to start."""
    import ray as cluster

    cluster.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    there, _ = written(num_clips, folder / "ray", index=False, executor="ray")
    here, _ = written(num_clips, folder / "local", index=False, num_workers=2)
    print(f"ray, 2 workers           {there:8.0f} clips/s {there / here:6.2f} x local, 2 workers")
    cluster.shutdown()
    return {"ray, 2 workers, clips/s": there, "local, 2 workers, clips/s": here}


if __name__ == "__main__":
    main()
