"""How fast clips are drawn on a device, beside the compiled renderer, through the public call.

    python benchmarks/device.py [--device cuda] [--clips 64] [--repeats 5] [--compiled] [--page docs/performance.md]

`ClipSource(preset, device=...).batch(ids)` and batches of `DeviceClips`, which samples on the device, too, against
`ClipSource(preset).batch(ids)`, with fresh arrays, video and semantic masks. They take turns, and each figure is the median of
its turns: CPU time on a CPU, so waiting for the core does not count, and wall time elsewhere. `tiny` is the spec of the suite
tiny-v1. `--compiled` adds the program as `torch.compile` makes it, after its first call. What the program computes and moves is
counted, too, as that sets the limits of any device. `--page` writes all of it into the last section of that page.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import history
from render import table
from segmnist import ClipSource, DigitBank, SceneSpec, preset
from segmnist.load.device import DeviceClips
from segmnist.render.tensors.sampling import sample_tensors
from segmnist.suites import suite

H200_OPERATIONS, H200_BYTES = 132 * 64 * 1.98e9, 4.3e12
"""32-bit integer operations a second (cores x lanes x clock), and bytes a second that it copies."""

TITLE = "## On a device"

TEXT = """{title}

`ClipSource(..., device="cuda")` draws with tensor operations on the device, the same bytes as anywhere ([how to use
it](loaders.md)). `python benchmarks/device.py --compiled --page docs/performance.md` writes this section. **No accelerator was
at hand**: the figures are of one CPU core, where the renderer in Numba is the one to use. Of an accelerator there is only
arithmetic.

{machine}

{table}

For a frame of `standard`, video and semantic masks, all tensor operations together compute {operations:,.0f} values, two for
one of 64 bits, and read and write {moved:,.0f} bytes if each goes through memory, as without `compiled=True`. Sampling its
scene takes {sampling_operations:,.0f} values and {sampling_moved:,.0f} bytes. The frame itself has 8,192 bytes. An H200 does
about {rate:.1e} 32-bit integer operations a second and copies {copied:.1e} bytes a second. So its limits would be:

| what | million frames/s at most |
| --- | --: |
| integer operations | {by_operations} |
| memory, each operation for itself | {by_memory} |
| memory, all operations in one | {by_bytes} |

A real program stays below such limits, by how much is not known yet. The goal on an H200 is 10 million frames/s.
"""


def specs() -> dict[str, SceneSpec]:
    """Return what is drawn, by name."""
    return {"tiny": suite("tiny-v1").parts[0].spec, "standard": preset("standard"), "exact": preset("exact")}


def ways(spec: SceneSpec, device: str, num_clips: int, *, compiled: bool) -> dict[str, Callable[[], Any]]:
    """Return what draws a batch, by name."""

    def batch(**options: Any) -> Callable[[], Any]:
        source = ClipSource(spec, **options)
        return lambda: source.batch(range(num_clips))

    stream = iter(DeviceClips(ClipSource(spec, device=device), batch_size=num_clips))
    found = {
        "numba, one core": batch(),
        f"tensors, {device}": batch(device=device),
        f"tensors, {device}, sampled there": lambda: next(stream),
    }
    if compiled:
        found[f"tensors, {device}, compiled"] = batch(device=device, compiled=True)
    return found


def timed(draw: Callable[[], Any], clock: Callable[[], float]) -> float:
    """Return the seconds that one batch takes until its last pixel is drawn."""
    start = clock()
    draw()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return clock() - start


def frames_per_second(
    draws: list[Callable[[], Any]], num_frames: int, repeats: int, *, on_cpu: bool
) -> list[float]:
    """Return the frames/s of each way to draw a batch of so many frames; they take turns."""
    clock = time.process_time if on_cpu else time.perf_counter
    turns = [[timed(draw, clock) for draw in draws] for _ in range(repeats + 1)][1:]
    return [num_frames / median(taken) for taken in zip(*turns, strict=True)]


class Work(NamedTuple):
    """What the program does for a frame."""

    operations: float
    """Values computed, those of 64 bits counted twice."""
    moved: float
    """Bytes that the operations read and write."""


class Count(TorchDispatchMode):
    """Counts what tensor operations do; views cost nothing."""

    operations = moved = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation and count it."""
        result = func(*args, **(kwargs or {}))
        if not func.is_view and isinstance(result, Tensor):
            given = [tensor for tensor in args if isinstance(tensor, Tensor)]
            if func is torch.ops.aten.index.Tensor:  # of a table it reads what it returns
                given = [result, *(index for index in args[1] if index is not None)]
            self.operations += result.numel() * (2 if result.dtype == torch.int64 else 1)
            self.moved += sum(tensor.numel() * tensor.element_size() for tensor in (*given, result))
        return result


def work_of(spec: SceneSpec, draw: Callable[[], Any], num_clips: int) -> Work:
    """Return what a program that makes so many clips does for a frame."""
    draw()  # tables are made once
    with Count() as count:
        draw()
    frames = num_clips * spec.num_frames
    return Work(count.operations / frames, count.moved / frames)


def sampling(spec: SceneSpec, num_clips: int) -> Callable[[], Any]:
    """Return what samples a batch in tensors."""
    ids, bank = torch.arange(num_clips), DigitBank.mnist()
    return lambda: sample_tensors(spec, ids, split="train", seed=0, bank=bank)


def millions(value: float) -> str:
    """Return a number in millions with two digits that count.

    >>> millions(509e6), millions(1.63e6)
    ('510', '1.6')
    """
    return f"{float(f'{value / 1e6:.2g}'):g}"


def section(machine: str, rates: str) -> str:
    """Return the section of the page."""
    spec, num_clips = preset("standard"), 8
    drawing = work_of(spec, lambda: ClipSource(spec, device="cpu").batch(range(num_clips)), num_clips)
    scenes = work_of(spec, sampling(spec, num_clips), num_clips)
    operations, moved = (a + b for a, b in zip(drawing, scenes, strict=True))
    return TEXT.format(
        title=TITLE,
        machine=machine,
        table=rates,
        operations=drawing.operations,
        moved=drawing.moved,
        sampling_operations=scenes.operations,
        sampling_moved=scenes.moved,
        rate=H200_OPERATIONS,
        copied=H200_BYTES,
        by_operations=millions(H200_OPERATIONS / operations),
        by_memory=millions(H200_BYTES / moved),
        by_bytes=millions(H200_BYTES / 8192),
    )


def section_of(page: Path) -> str:
    """Return the section as a page has it, empty if it has none."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    return TITLE + text.partition(TITLE)[2] if TITLE in text else ""


def main() -> None:
    """Measure, record and print."""
    parser = argparse.ArgumentParser(description="Time drawing on a device against the compiled renderer.")
    parser.add_argument("--device", default="cpu", help="where the tensors are (default cpu)")
    parser.add_argument("--clips", type=int, default=64, help="clips a batch (default 64)")
    parser.add_argument(
        "--repeats", type=int, default=5, help="turns, of which the median counts (default 5)"
    )
    parser.add_argument("--compiled", action="store_true", help="through torch.compile, too")
    parser.add_argument("--page", type=Path, help="the page whose last section to write")
    history.add_option(parser)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows, measures = [["spec", "renderer", "frames/s", "of numba"]], {}
    for name, spec in specs().items():
        found = ways(spec, arguments.device, arguments.clips, compiled=arguments.compiled)
        frames, on_cpu = arguments.clips * spec.num_frames, arguments.device == "cpu"
        rates = frames_per_second(list(found.values()), frames, arguments.repeats, on_cpu=on_cpu)
        for renderer, rate in zip(found, rates, strict=True):
            rows.append([name, renderer, f"{rate:,.0f}", f"{rate / rates[0]:.3g}"])
            measures[f"{name}, {renderer}, frames/s"] = rate
    history.record("device", measures, arguments.history)
    machine = f"{history.machine()}, torch {torch.__version__}, {arguments.clips} clips a batch"
    text = section(machine, table(rows, markdown=True)).rstrip()
    print(text)
    if arguments.page:
        before = arguments.page.read_text(encoding="utf-8").partition(TITLE)[0]
        arguments.page.write_text(f"{before.rstrip()}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
