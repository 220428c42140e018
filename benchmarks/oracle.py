"""How fast the oracle is: seconds a video, share of pairs kept, and its product against the machine's own.

    python benchmarks/oracle.py            the preset-sized families, minutes on two cores
    python benchmarks/oracle.py --large    64x64 frames with whole glyphs, 20,480 hypotheses a digit

Timings on a shared machine are noisy: CPU seconds are those of all threads, and the rate of the product is
given as a share of the rate of a plain matrix product that is timed right beside it.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time

import numpy as np

from segmnist import ClipSource, SceneSpec, preset
from segmnist.oracle import OBSERVERS, Oracle
from segmnist.oracle.arrays import NumpyArrays
from segmnist.oracle.deterministic import answer, looks
from segmnist.oracle.evidence import weigh
from segmnist.oracle.likelihood import log_likelihood_table
from segmnist.oracle.pairs import TILE_COLUMNS, TILE_ROWS, PairProblem, empty_sums, log_weights


def prototype(sigma: float) -> SceneSpec:
    """2,560 hypotheses a digit, 8 frames of 32x32, 14 px glyphs."""
    return preset(
        "exact", position_step=6.0, direction_step=180.0, rotation_rate_range=(0.0, 0.0), rotation_rate_step=0.0,
        sensor_sigma=sigma,
    )  # fmt: skip


def large(sigma: float) -> SceneSpec:
    """20,480 hypotheses a digit, 8 frames of 64x64, 28 px glyphs, 16 angles."""
    return preset(
        "exact", height=64, width=64, scale_range=(1.0, 1.0), position_step=12.0, speed_range=(4.0, 4.0),
        angle_step=22.5, rotation_rate_range=(9.0, 9.0), rotation_rate_step=0.0, sensor_sigma=sigma,
    )  # fmt: skip


def time_family(name: str, spec: SceneSpec, num_videos: int, observers: tuple[str, ...]) -> None:
    start = time.perf_counter()
    oracle = Oracle(spec, delta=1e-3)
    built = time.perf_counter() - start
    print(f"{name}, sigma {spec.sensor_sigma:g}: {oracle!r}, built in {built:.1f} s")
    source = ClipSource(spec, truth=("semantic",))
    for observer in observers:
        seconds, busy, kept, delta, right, digits = [], [], [], 0.0, 0, 0
        for clip in source[:num_videos]:
            start, cpu = time.perf_counter(), time.process_time()
            posterior = oracle.posterior(clip.video, observer)
            seconds.append(time.perf_counter() - start)
            busy.append(time.process_time() - cpu)
            kept.append(posterior.pairs_kept.mean())
            delta = max(delta, posterior.delta.max())
            shown = clip.semantic != 10
            right, digits = right + (posterior.semantic == clip.semantic)[shown].sum(), digits + shown.sum()
        print(
            f"  {observer:8} {statistics.median(seconds):7.2f} s a video, {statistics.median(busy):.2f} CPU s, "
            f"pairs kept {np.mean(kept):.4f}, delta {delta:.0e}, foreground accuracy {right / digits:.3f}"
        )


def time_product(spec: SceneSpec) -> None:
    """One tile of the product, all its overhead included, against a plain product of the same size."""
    oracle = Oracle(spec, delta=0.0)
    family, table = oracle.family, log_likelihood_table(spec)
    evidence = weigh(family, ClipSource(spec)[0].video, 0, table)
    look = looks("offline", spec.num_frames)[0]
    problem = PairProblem(
        evidence, family.picture_of.astype(np.int64), np.log(family.prior), family.class_odds, look.seen, look.answered,
        family.backgrounds.shape[-1],
    )  # fmt: skip
    unhidden, _ = problem.scores()
    mixed = np.argsort(-unhidden)
    rows, columns = mixed[:TILE_ROWS], mixed[:TILE_COLUMNS]
    ours, plain = [], []
    for _ in range(7):
        sums = empty_sums(problem, 0.0)
        start = time.perf_counter()
        log_weights(problem, unhidden, rows, columns, NumpyArrays(), sums)
        ours.append(sums.flop / (time.perf_counter() - start))
        depth = round(sums.flop / 2 / len(rows) / len(columns) / spec.num_frames)
        a, b = np.ones((len(rows), depth)), np.ones((depth, len(columns)))
        start = time.perf_counter()
        for _ in range(spec.num_frames):
            a @ b
        plain.append(sums.flop / (time.perf_counter() - start))
    shares = [x / y for x, y in zip(ours, plain)]
    print(
        f"the product of a tile, float64: best {max(ours) / 1e9:.0f} GFLOP/s of {max(plain) / 1e9:.0f} plain; "
        f"median share {statistics.median(shares):.0%}, depth {depth} pixels a frame"
    )


def time_everything_kept(spec: SceneSpec) -> None:
    """The offline posterior with nothing pruned: the cost that the design counts."""
    oracle = Oracle(spec, delta=0.0)
    video, table = ClipSource(spec)[0].video, log_likelihood_table(spec)
    weighed = [weigh(oracle.family, video, 0, table)]
    start, cpu = time.perf_counter(), time.process_time()
    found = answer(oracle.family, weighed, looks("offline", spec.num_frames)[0], 0.0, NumpyArrays())
    seconds, busy = time.perf_counter() - start, time.process_time() - cpu
    flop = found.solved[0].flop
    rate = flop / seconds / 1e9
    print(
        f"nothing pruned: {seconds:.1f} s offline, {busy:.1f} CPU s, {flop / 1e9:.0f} GFLOP, {rate:.0f} GFLOP/s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--videos", type=int, default=4)
    arguments = parser.parse_args()
    if arguments.large:
        time_family("large", large(64.0), arguments.videos, ("offline",))
    else:
        time_product(prototype(38.0))
        for sigma in (38.0, 64.0):
            time_family("prototype", prototype(sigma), arguments.videos, OBSERVERS)
        time_everything_kept(prototype(64.0))
        time_family("preset exact", preset("exact"), arguments.videos, OBSERVERS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory of this process {peak:.2f} GiB")


if __name__ == "__main__":
    main()
