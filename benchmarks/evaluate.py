"""Speed and memory of scoring.

    python benchmarks/evaluate.py [--clips N] [--only speed|tables|memory]

Prints each figure beside its target: the seconds to score 60,000 stored frames, as hard maps and as probabilities; the tables
of a clip in one compiled pass beside their readable NumPy form; and the growth of the peak memory over a stream of clips.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import history
from segmnist.evaluate import Evaluation, Prediction, reference
from segmnist.evaluate.clip_tables import WINDOW
from segmnist.evaluate.metrics.confusion import confusion
from segmnist.evaluate.metrics.panoptic import WINDOWS, panoptic_counts
from segmnist.evaluate.scored_clip import ScoredClip
from segmnist.suites import evaluate, suite
from segmnist.suites.run import TRUTHS

SHAPE = (30, 64, 64)
"""Frames, height and width of standard-v1, which has 2,000 test clips."""


def whole_suite(
    workers: int, kind: str, target: float, dtype: Any, shape: tuple[int, ...]
) -> dict[str, float]:
    """Time scoring of 60,000 stored frames as `segmnist evaluate` does it, with checksums and bootstrap."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "background.npy"
        answers = np.lib.format.open_memmap(place, "w+", dtype, (2000, *shape))
        if len(shape) == 3:
            answers[:] = 10
        else:
            answers[:, :, 10] = 255
        answers.flush()
        start, used = time.perf_counter(), cpu_seconds()
        evaluate(place, "standard-v1", num_workers=workers)
        seconds, used = time.perf_counter() - start, cpu_seconds() - used
    print(
        f"scoring standard-v1, 60,000 frames of {kind}, {workers} processes: {seconds:.1f} s, of all processes {used:.1f} s of "
        f"CPU, {60_000 / seconds:,.0f} frames/s (target: {target:g} s where nothing else runs)"
    )
    name = f"scoring 60,000 frames of {kind}, {workers} processes"
    return {f"{name}, s": seconds, f"{name}, CPU s": used}


def cpu_seconds() -> float:
    """Return the CPU time of this process and of those that it has seen end."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def tables() -> dict[str, float]:
    """Time what is counted of a clip in one compiled pass, and the same tables by their readable NumPy forms."""
    clip = suite("standard-v1").parts[0].source("test", TRUTHS)[0]
    prediction = Prediction(np.full(SHAPE, 10, np.uint8))

    def compiled() -> None:
        scored = ScoredClip(clip.arrays, prediction)
        panoptic_counts(scored.tables.overlap, clip.labels.tolist(), scored.predicted_labels)

    def plain() -> None:
        scored = ScoredClip(clip.arrays, prediction)
        true, called = scored.semantic, scored.predicted
        levels = clip.noiseless, clip.beneath
        confusion(true, called)
        overlap = reference.overlaps(scored.instance, scored.predicted_instance, len(clip.labels), 10)
        reference.outcomes(scored.instance, true, called, scored.twin_labels, levels)
        reference.boundary_counts(true, called)
        reference.lasting(true, called, WINDOW)
        reference.warped(called, clip.flow_forward, clip.flow_forward_valid)
        for k in WINDOWS:
            reference.matches(overlap, clip.labels.tolist(), scored.predicted_labels, k)

    ours, theirs = (1000 * best_cpu_seconds(count) for count in (compiled, plain))
    print(
        f"tables of a clip: {ours:.2f} ms of CPU in one pass, {theirs:.1f} ms in NumPy, {theirs / ours:.0f} times as long"
    )
    return {"tables of a clip, CPU ms": ours, "tables of a clip in NumPy over compiled": theirs / ours}


def best_cpu_seconds(count: Callable[[], None]) -> float:
    """Return the least CPU time of 20 calls, after one that may compile."""
    count()
    found = []
    for _ in range(20):
        start = time.process_time()
        count()
        found.append(time.process_time() - start)
    return min(found)


def memory(clips: int) -> dict[str, float]:
    """Measure the peak memory after each quarter of a stream of clips: only the counts of each clip may grow."""
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
        f"{quarters[3] / quarters[1]:.3f} (target: flat, but for the counts of each clip)"
    )
    kept = sum(counts.nbytes for counts in evaluation.sums.of_clip.values()) / clips / 1000
    print(f"counts kept for comparisons: {kept:.1f} kB a clip")
    return {
        "peak memory after the last quarter over the second": quarters[3] / quarters[1],
        "kept, kB a clip": kept,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=("speed", "tables", "memory"))
    history.add_option(parser)
    arguments = parser.parse_args()
    measures: dict[str, float] = {}
    if arguments.only in (None, "memory"):
        measures |= memory(arguments.clips)
    if arguments.only in (None, "tables"):
        measures |= tables()
    if arguments.only in (None, "speed"):
        measures |= whole_suite(arguments.workers, "hard maps", 3, np.uint8, SHAPE)
        T, H, W = SHAPE
        measures |= whole_suite(arguments.workers, "probabilities of 8 bits", 10, np.uint8, (T, 11, H, W))
    history.record("evaluate", measures, arguments.history)
