"""Speed and memory of scoring.

    python benchmarks/evaluate.py [--clips N] [--only speed|memory]

Prints each figure beside its target: the seconds to score 60,000 frames of hard maps, and the growth of the peak memory over
a stream of clips.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

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
    parser.add_argument("--only", choices=("speed", "memory"))
    history.add_option(parser)
    arguments = parser.parse_args()
    measures: dict[str, float] = {}
    if arguments.only in (None, "memory"):
        measures |= memory(arguments.clips)
    if arguments.only in (None, "speed"):
        measures |= whole_suite(arguments.workers)
    history.record("evaluate", measures, arguments.history)
