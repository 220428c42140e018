"""How fast clips are drawn, compared with plain Pillow, reading from the page cache, and memset.

    python benchmarks/render.py [--clips 256] [--repeats 7] [--markdown]
    python benchmarks/performance.py          # this and the rest, into docs/performance.md

All measures take turns, so a busy machine slows them alike. Each is the median of its turns, in CPU time, so waiting for the
core does not count. One core, arrays allocated once; video and semantic masks, 8,192 bytes per frame of 64x64, unless the name
says otherwise.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

import history
import pillow_origin
from segmnist import DigitBank, Scene, SceneSpec, preset, render, sample
from segmnist.render.arrays import arrays_of

BATCH = 32
PILLOW = "origin with NumPy + Pillow"
READING = "standard, read from the page cache"
MEMSET = "memset of the same bytes"
NOISE_ONLY = "standard, noise only"
NO_DIGITS = "standard, noise and shapes"
ALL_MASKS = "standard, all mask truths"
FLOW = "standard, semantic and flow both ways"
FLOW_MEMSET = "memset of the bytes that flow adds"
Run = Callable[[], int]
"""Does the work once and returns the number of frames."""


class Target(NamedTuple):
    """The ratio of the times per frame of two measures, and its target, if it has one."""

    name: str
    over: str
    under: str
    sign: str = ""
    limit: float = 0
    per: int = 1
    """How many times `over` does the work of `under`."""

    def row(self, us: dict[str, float]) -> list[str]:
        ratio = us[self.over] / us[self.under] / self.per
        if not self.sign:
            return [self.name, f"{ratio:.3g}", "", ""]
        reached = ratio >= self.limit if self.sign == ">=" else ratio <= self.limit
        return [self.name, f"{ratio:.3g}", f"{self.sign} {self.limit:g}", "yes" if reached else "no"]


def batches(num_clips: int) -> Iterable[range]:
    return (range(first, min(first + BATCH, num_clips)) for first in range(0, num_clips, BATCH))


def arrays_for(scene: Scene, truth: tuple[str, ...] = ("semantic",)) -> dict[str, np.ndarray]:
    drawn = render(scene, truth).arrays
    return {name: array for name, array in drawn.items() if name not in ("labels", "num_digits")}


def drawing(spec: SceneSpec, num_clips: int, truth: tuple[str, ...] = ("semantic",)) -> Run:
    """Sample and draw clips."""
    batch = min(BATCH, num_clips)
    out = arrays_for(sample(spec, range(batch)), truth)

    def run() -> int:
        for first in range(0, num_clips, batch):
            ids = range(first, min(first + batch, num_clips))
            render(sample(spec, ids), truth, out={key: array[: len(ids)] for key, array in out.items()})
        return num_clips * spec.num_frames

    return run


def sampling(name: str, num_clips: int) -> Run:
    """Sample clips of a preset, and draw nothing."""
    spec = preset(name)

    def run() -> int:
        for ids in batches(num_clips):
            sample(spec, ids)
        return num_clips * spec.num_frames

    return run


def drawing_with_pillow(num_clips: int) -> Run:
    bank = DigitBank.mnist()
    images, labels = bank.images[:55_000], bank.labels[:55_000]
    random = np.random.default_rng(0)

    def run() -> int:
        for _ in range(num_clips):
            pillow_origin.render_clip(random, images, labels)
        return num_clips * pillow_origin.FRAMES

    return run


def reading(name: str, num_clips: int, folder: Path) -> Run:
    """Copy the same clips, batch by batch, from memory-mapped `.npy` files that the page cache holds."""
    spec = preset(name)
    clips = render(sample(spec, range(num_clips)))
    stored, out = {}, arrays_for(clips.scene)
    for key in out:
        np.save(folder / f"{key}.npy", clips[key])
        stored[key] = np.load(folder / f"{key}.npy", mmap_mode="r")

    def run() -> int:
        for ids in batches(num_clips):
            for key, array in out.items():
                np.copyto(array[: len(ids)], stored[key][ids.start : ids.stop])
        return num_clips * spec.num_frames

    return run


def filling(name: str, num_clips: int, arrays: tuple[str, ...]) -> Run:
    """Set the bytes of these arrays to one value, a batch at a time."""
    spec = preset(name)
    drawn = render(sample(spec, range(min(BATCH, num_clips))), ("semantic", "flow"))
    out = [drawn[array].view(np.uint8) for array in arrays]

    def run() -> int:
        for _ in batches(num_clips):
            for array in out:
                array.fill(7)
        return num_clips * spec.num_frames

    return run


def measures(num_clips: int, folder: Path) -> dict[str, Run]:
    """Return the measures by name, one for each row of the table."""
    without_digits = preset("standard").replace(num_digits_range=(0, 0))
    return {
        "standard": drawing(preset("standard"), num_clips),
        "standard, sampling only": sampling("standard", num_clips),
        NOISE_ONLY: drawing(without_digits.replace(num_shapes_range=(0, 0)), num_clips),
        NO_DIGITS: drawing(without_digits, num_clips),
        "origin": drawing(preset("origin"), num_clips),
        "origin, sampling only": sampling("origin", num_clips),
        PILLOW: drawing_with_pillow(max(2, num_clips // 32)),
        READING: reading("standard", num_clips, folder),
        MEMSET: filling("standard", num_clips, ("video", "semantic")),
        ALL_MASKS: drawing(
            preset("standard"), max(1, num_clips // 4), ("semantic", "instance", "amodal", "areas", "boxes")
        ),
        FLOW: drawing(preset("standard"), max(1, num_clips // 8), ("semantic", "flow")),
        FLOW_MEMSET: filling("standard", max(1, num_clips // 8), arrays_of(["flow"])),
        "300 frames": drawing(preset("long"), max(1, num_clips // 8)),
        "512x512, all eight times the size": drawing(enlarged(), max(1, num_clips // 64)),
    }


def enlarged() -> SceneSpec:
    """Return `standard` with everything eight times the size."""
    spec = preset("standard")
    eightfold = {
        name: tuple(8 * value for value in getattr(spec, name))
        for name in ("speed_range", "scale_range", "shape_size_range", "shape_speed_range")
    }
    return spec.replace(height=512, width=512, **eightfold)


TARGETS = [
    Target("standard: frames/s over NumPy + Pillow", PILLOW, "standard", ">=", 150),
    Target("origin: frames/s over NumPy + Pillow", PILLOW, "origin", ">=", 60),
    Target("standard: time over reading", "standard", READING, "<=", 4),
    Target("standard: time over memset", "standard", MEMSET),
    Target("standard: sampling share of the time", "standard, sampling only", "standard", "<=", 0.1),
    Target("origin: sampling share of the time", "origin, sampling only", "origin", "<=", 0.1),
    Target("all mask truths over semantic alone", ALL_MASKS, "standard", "<=", 2),
    Target("flow both ways and semantic over semantic alone", FLOW, "standard", "<=", 3),
    Target("memset of the bytes that flow adds over semantic alone", FLOW_MEMSET, "standard"),
    Target("a frame of 300 over a frame of 30", "300 frames", "standard", "<=", 1.1),
    Target(
        "a pixel at 512x512 over a pixel at 64x64",
        "512x512, all eight times the size",
        "standard",
        "<=",
        1.1,
        64,
    ),
]


def microseconds(runs: dict[str, Run], repeats: int) -> dict[str, float]:
    """Return the median time per frame of each measure; the measures take turns."""
    for run in runs.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.process_time()
            frames = run()
            times[name].append((time.process_time() - start) / frames * 1e6)
    return {name: median(taken) for name, taken in times.items()}


def table(rows: list[list[str]], *, markdown: bool) -> str:
    """Return rows as text; the first is the head, and all columns but the first are right-aligned."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [
        [cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))]
        for row in rows
    ]
    if not markdown:
        return "\n".join("  ".join(line).rstrip() for line in lines)
    rule = ["-" * (w - 1) + ("-" if i == 0 else ":") for i, w in enumerate(widths)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])


def report(us: dict[str, float], *, markdown: bool) -> str:
    times = [["measure", "us a frame", "frames/s"]]
    times += [[name, f"{value:.2f}", f"{1e6 / value:,.0f}"] for name, value in us.items()]
    reached = [["ratio", "measured", "reach", ""], *(target.row(us) for target in TARGETS)]
    return "\n\n".join(
        [history.machine(), table(times, markdown=markdown), table(reached, markdown=markdown)]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Time drawing against what bounds it.")
    parser.add_argument("--clips", type=int, default=256, help="clips a turn (default 256)")
    parser.add_argument(
        "--repeats", type=int, default=7, help="turns, of which the median counts (default 7)"
    )
    parser.add_argument("--markdown", action="store_true", help="print tables in Markdown")
    history.add_option(parser)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        us = microseconds(measures(arguments.clips, Path(folder)), arguments.repeats)
    history.record("render", {f"{name}, us a frame": value for name, value in us.items()}, arguments.history)
    print(report(us, markdown=arguments.markdown))


if __name__ == "__main__":
    main()
