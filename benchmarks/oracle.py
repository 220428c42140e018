"""What a posterior costs: a table of seconds and memory against the family's size, the noise and the observer.

    python benchmarks/oracle.py                   small families, a minute or two on one core
    python benchmarks/oracle.py --large           up to N = 300,000 hypotheses a digit, most of an hour
    python benchmarks/oracle.py --device cuda     the same by matrix products on a torch device

CPU seconds are those of all threads of the process, medians over some videos; memory is the peak of a process that does
nothing else, its 0.2 GiB of libraries included.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import history
from segmnist import ClipSource, SceneSpec, preset
from segmnist.oracle import OBSERVERS, Oracle


@dataclass(frozen=True)
class Case:
    """A row of the table: what differs from the preset `exact`, and which observers look."""

    changes: dict[str, Any]
    observers: tuple[str, ...] = OBSERVERS

    def spec(self) -> SceneSpec:
        return preset("exact", **self.changes)


LARGE_FRAME = {
    "height": 64, "width": 64, "scale_range": (1.0, 1.0), "position_step": 12.0, "speed_range": (4.0, 4.0),
    "angle_step": 22.5, "rotation_rate_range": (9.0, 9.0), "rotation_rate_step": 0.0, "sensor_sigma": 64.0,
}  # fmt: skip

SMALL_FRAME = {
    "height": 20, "width": 20, "glyphs_per_class": 1, "twins": (), "angle_range": (0.0, 0.0), "angle_step": 0.0,
    "rotation_rate_range": (0.0, 0.0), "rotation_rate_step": 0.0, "position_step": 3.0, "speed_range": (1.0, 1.0),
    "sensor_sigma": 80.0,
}  # fmt: skip
"""The family of `occluded` in exact-v2, for three digits under much noise."""

SMALL = [
    Case({"sensor_sigma": 40.0}),
    Case({"sensor_sigma": 80.0}),
    Case({"sensor_sigma": 80.0, "num_frames": 30}, ("offline", "causal")),
    Case({"sensor_sigma": 128.0}, ("offline", "causal")),
    Case({"sensor_sigma": 80.0, "brightness_range": (0.12, 0.12)}, ("offline",)),
    Case({"sensor_sigma": 40.0, "num_digits_range": (0, 3)}, ("offline", "causal")),
    Case({**SMALL_FRAME, "num_digits_range": (2, 2)}),
    Case({**SMALL_FRAME, "num_digits_range": (0, 3)}),
]
LARGE = [
    Case({"sensor_sigma": 80.0, "glyphs_per_class": 10}, ("offline", "causal")),
    Case(LARGE_FRAME, ("offline",)),
    Case({"sensor_sigma": 80.0, "glyphs_per_class": 44}, ("offline",)),
    Case({"sensor_sigma": 80.0, "glyphs_per_class": 104}, ("offline",)),
]


def measure(case: Case, num_videos: int, device: str | None, place: Path) -> None:
    """Print and record the rows of one case; in a process of its own, so that its peak of memory is its own."""
    spec = case.spec()
    start = time.process_time()
    oracle = Oracle(spec, split="test", device=device)
    built = time.process_time() - start
    source = ClipSource(spec, split="test")
    low, high = spec.num_digits_range
    digits = f"{low}" if low == high else f"{low} to {high}"
    for observer in case.observers:
        oracle.posterior(source[0].video, observer)
        busy, waited, kept, delta = [], [], [], 0.0
        for clip in source[:num_videos]:
            cpu, wall = time.process_time(), time.perf_counter()
            posterior = oracle.posterior(clip.video, observer)
            busy.append(time.process_time() - cpu)
            waited.append(time.perf_counter() - wall)
            kept.append(float(posterior.pairs_kept.mean()))
            delta = max(delta, float(posterior.delta.max()))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"| {oracle.family.num_hypotheses:,} | {digits} | {spec.num_frames} | {spec.height}x{spec.width} "
            f"| {spec.sensor_sigma:g} | {spec.brightness_range[0]:g} | {observer} | {built:.1f} "
            f"| {statistics.median(busy):.2f} | {statistics.mean(kept):.1e} "
            f"| {delta:.0e} | {peak:.1f} |",
            flush=True,
        )
        name = f"N={oracle.family.num_hypotheses}, {case.changes}, {observer}, {device or 'cpu'}"
        figures = {"family, s": built, "CPU s": statistics.median(busy), "wall s": statistics.median(waited)}
        figures |= {"pairs kept": statistics.mean(kept), "delta": delta, "GiB": peak}
        history.record(f"oracle: {name}", figures, place)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--large", action="store_true", help="the large families alone")
    parser.add_argument("--videos", type=int, default=5)
    parser.add_argument("--device")
    history.add_option(parser)
    arguments = parser.parse_args()
    print(
        "| N | digits | frames | size | sigma | brightness | observer | family, s | CPU s | kept | delta | GiB |"
    )
    print("|---" * 12 + "|")
    context = multiprocessing.get_context("spawn")
    for case in LARGE if arguments.large else SMALL:
        worker = context.Process(
            target=measure, args=(case, arguments.videos, arguments.device, arguments.history)
        )
        worker.start()
        worker.join()


if __name__ == "__main__":
    main()
