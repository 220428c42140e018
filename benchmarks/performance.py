"""Measure drawing (render.py), cores, start-up and memory, and write docs/performance.md, but for its section of device.py.

    python benchmarks/performance.py [--stream 1000000] [--out docs/performance.md]

Run it on an idle machine. The page has the latest figures; history.jsonl keeps those of every run.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import device
import history
import render as drawing
from segmnist import ClipSource, preset, sample
from segmnist import render as draw

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"

HEAD = """
# Performance

Written by `python benchmarks/performance.py`, which anyone can repeat. All but the last table are medians of CPU time on one
core, of batches; "reach" is the target that was set before the work. `benchmarks/history.jsonl` keeps the figures of every
run, with machine and commit.
"""

CLIPS = (
    ('`ClipSource("standard")`, 30 frames of 64x64', "standard", 30),
    ("with every mask truth", drawing.ALL_MASKS, 30),
    ('with `truth=("semantic", "flow")`', drawing.FLOW, 30),
    ('`ClipSource("origin")`', "origin", 30),
    ('`ClipSource("long")`, 300 frames', "300 frames", 300),
    ("`standard` at 512x512, all eight times the size", "512x512, all eight times the size", 30),
)
"""What a user draws, the measure of its frames, and the frames of a clip."""

FRAME = """
## Where the time of a frame goes

A frame of the `standard` preset at 64x64 has 4,096 pixels, of which a third show noise, 8 % digits and the rest shapes.

- **Noise**: 256 blocks of Philox4x32-10, 20 multiplications each. LLVM does several blocks at once.
- **Shapes**: about nine shapes of about twenty rows each, later ones over earlier ones. A row is a word of 64 bits that marks
  the pixels with the shape's level, so no branch depends on the length of a row.
- **Digits**: two or three turned octagons of ink. Each has about 22 rows, and a row crosses one or two blocks of 16 pixels,
  about 63 blocks in all. A block takes 16 places in the glyph by vector arithmetic, 16 loads and two masked stores. This is
  most of the time: the loads are in no regular order, and only a third of the places have ink.
- **Masks**: the ink of a digit is stored as bits while it is drawn. Areas, boxes and occluders are computed from these bits, 64
  pixels at a time, without reading a pixel. The rest is to clear and fill one mask per digit.
- **Flow**: 73,728 bytes per frame, nine times those of video and labels. The flow of shapes is looked up per pixel, that of
  digits is computed per pixel, and validity comes from the bits. A batch fits into no processor's cache: see the memset of
  the bytes that flow adds.
- **Memory**: 8,192 bytes are written for video and labels. Fresh pages cost more than drawing on them, so a batch is one block
  of memory, which is used again once nobody holds an array in it.

The hard limit is the memset of the same bytes; the practical one is a copy from the page cache.
"""

GOT = """
These are batches of 32, as `source.batch(ids)` draws them, into memory that is used again. A loader for training adds its own
cost: see [loaders](loaders.md#speed).
""".strip()

FIRST_CLIP = "import segmnist; segmnist.ClipSource('standard')[0]"

OTHERS = """
## What else takes time

- **A new process** starts Python, imports NumPy and Numba, and loads what was compiled before. What only compiling needs
  is not imported.
- **Compiling** is done once on a machine. More than half of it is the part of Numba that is Python; LLVM has the rest. Areas,
  flow and colour have kernels of their own, compiled when they are asked for. After an upgrade or an edit, only those kernels
  are compiled that depend on a changed file.
- **`source[i]`** makes, checks and hands over 40 small arrays for one clip as for 32.
- **Writing Zarr** takes five times the CPU time of drawing: zstd on the masks, SHA-256, and copies into the page cache take
  about as long as drawing, each. Noisy videos are not compressed. A file is hashed and written while the next one is made
  ([figures](datasets.md#figures), `benchmarks/write.py`).
""".strip()

STREAM = """
import resource, sys
import segmnist
source = segmnist.ClipSource("standard")
for batch in source.batches(32):
    if int(batch.scene.clip_ids[-1]) + 1 >= int(sys.argv[1]):
        break
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def cpu_seconds(code: str, **environment: str) -> float:
    """Return the CPU time of a new Python process that runs some code, with these variables besides its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def seconds_of(code: str, repeats: int = 5) -> float:
    """Return the median CPU time of a new Python process that runs some code, less that of one that runs none."""
    return median(cpu_seconds(code) for _ in range(repeats)) - median(
        cpu_seconds("pass") for _ in range(repeats)
    )


def compiling() -> float:
    """Return the CPU time of the first clip on a machine that has compiled nothing."""
    with tempfile.TemporaryDirectory() as folder:
        # All places where compiled kernels may lie are empty ones.
        return cpu_seconds(FIRST_CLIP, NUMBA_CACHE_DIR=folder, SEGMNIST_CACHE_DIR=folder, TMPDIR=folder)


def one_over_batch(repeats: int = 50) -> float:
    """Return the CPU time of `source[i]` over that of a clip in a batch of 32, taking turns."""
    source = ClipSource("standard")
    times: dict[int, list[float]] = {1: [], 32: []}
    for first in range(0, 32 * repeats, 32):
        for size, taken in times.items():
            start = time.thread_time()
            for i in range(first, first + 32, size):
                source[i] if size == 1 else source.batch(range(i, i + size))
            taken.append(time.thread_time() - start)
    return median(times[1]) / median(times[32])


def two_cores_over_one(num_clips: int = 1000, repeats: int = 15) -> float:
    """Return how many times faster two threads draw one batch than one thread does, by wall time, taking turns."""
    scene = sample(preset("standard"), range(num_clips))
    out = {name: draw(scene)[name] for name in ("video", "semantic")}
    times: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(repeats):
        for threads, taken in times.items():
            start = time.perf_counter()
            draw(scene, out=out, num_threads=threads)
            taken.append(time.perf_counter() - start)
    return median(times[1]) / median(times[2])


def peak_kilobytes(num_clips: int) -> int:
    """Return the peak memory of a process that streams so many clips in batches of 32."""
    done = subprocess.run([sys.executable, "-c", STREAM, str(num_clips)], check=True, stdout=subprocess.PIPE)
    return int(done.stdout)


def rest(stream: int) -> list[tuple[str, float, str, bool]]:
    """Return the measures of other things than drawing: name, value, target, whether it is reached."""
    ClipSource("standard")[0]
    load = seconds_of("import segmnist")
    clip, cold, alone = seconds_of(FIRST_CLIP), compiling(), one_over_batch()
    cores, few, many = two_cores_over_one(), peak_kilobytes(10_000), peak_kilobytes(stream)
    return [
        ("two cores over one, a batch of 1,000 clips", cores, ">= 1.8", cores >= 1.8),
        (f"peak memory of streaming {stream:,} clips over 10,000", many / few, "<= 1.05", many / few <= 1.05),
        ("import segmnist, CPU s", load, "< 0.3", load < 0.3),
        ("first clip in a new process with warm caches, CPU s", clip, "<= 0.7", clip <= 0.7),
        ("first clip where nothing was compiled, CPU s", cold, "<= 5", cold <= 5),
        ("`source[i]` over a clip of a batch of 32", alone, "<= 1.5", alone <= 1.5),
    ]


def clips_a_second(us: dict[str, float]) -> str:
    """Return which call gives how many clips a second, by the measures of this run."""
    rows = [[drawn, f"{1e6 / us[measure] / num_frames:,.0f}"] for drawn, measure, num_frames in CLIPS]
    table = drawing.table([["clips of", "clips/s on one core"], *rows], markdown=True)
    return f"## What you get\n\n{table}\n\n{GOT}"


def cost_model(us: dict[str, float]) -> str:
    """Return where the time of a frame goes and what limits it, by the measures of this run."""
    whole, sampling, read = us["standard"], us["standard, sampling only"], us[drawing.READING]
    noise, shapes = us[drawing.NOISE_ONLY] - sampling, us[drawing.NO_DIGITS] - us[drawing.NOISE_ONLY]
    digits, flow, floor = whole - us[drawing.NO_DIGITS], us[drawing.FLOW] - whole, us[drawing.FLOW_MEMSET]
    return "\n".join(
        [
            "## How far from the limit, and why",
            "",
            f"A frame of `standard` writes 8,192 bytes at {8192 / whole / 1000:.2f} GB/s. Of its {whole:.2f} us,",
            f"sampling takes {sampling:.2f}, noise and empty labels {noise:.2f}, shapes {shapes:.2f} and digits",
            f"{digits:.2f}. Reading takes {read:.2f} in all: the noise, which the address of every pixel fixes to the",
            "bit, leaves little of four times that. Not done: to draw no noise where shapes hide it, two thirds of",
            "the frame, which breaks up the blocks that LLVM does together; and to look up 64 places of a glyph at",
            "once in registers, which takes AVX-512 VBMI and a second form of the innermost loop.",
            "",
            f"Flow adds {flow:.2f} us, {flow / floor:.1f} times the memset of its bytes. That memset alone takes",
            f"{floor / whole:.2f} times what drawing takes, and the target allows flow 2.",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure everything and write the page.")
    parser.add_argument("--stream", type=int, default=1_000_000, help="clips to stream (default 1,000,000)")
    parser.add_argument("--out", type=Path, default=PAGE, help="the page to write")
    history.add_option(parser)
    arguments = parser.parse_args()
    os.environ.setdefault("PYTHONPATH", os.pathsep.join(sys.path[1:]))
    with tempfile.TemporaryDirectory() as folder:
        us = drawing.microseconds(drawing.measures(1024, Path(folder)), repeats=9)
    measured = rest(arguments.stream)
    figures = {f"{name}, us a frame": value for name, value in us.items()}
    history.record(
        "performance", figures | {name: value for name, value, _, _ in measured}, arguments.history
    )
    tables = drawing.report(us, markdown=True)
    rows = [
        [name, f"{value:.3g}", target, "yes" if reached else "no"]
        for name, value, target, reached in measured
    ]
    others = drawing.table([["measure", "measured", "reach", ""], *rows], markdown=True)
    model = cost_model(us)
    on_device = device.section_of(arguments.out)
    parts = (HEAD, clips_a_second(us), FRAME, tables, others, model, OTHERS, on_device)
    text = "\n\n".join(part.strip() for part in parts).strip()
    arguments.out.write_text(f"{text}\n")
    print(tables, others, sep="\n\n")


if __name__ == "__main__":
    main()
