"""How fast clips are drawn on a device, beside the compiled renderer, through the public call.

    python benchmarks/device.py [--device cuda] [--clips 64] [--repeats 5] [--compiled] [--page docs/performance.md]

`ClipSource(preset, device=...).batch(ids)` against `ClipSource(preset).batch(ids)`, with fresh arrays, video and semantic
masks. They take turns, and each figure is the median of its turns: CPU time on a CPU, so waiting for the core does not count,
and wall time elsewhere. `tiny` is the spec of the suite tiny-v1. `--compiled` adds the program as `torch.compile` makes it,
after its first call. What the program computes and moves is counted, too, as that sets the limits of any device. `--page`
writes all of it into the last section of that page.
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
from segmnist import ClipSource, SceneSpec, preset
from segmnist.render.tensors.inputs import scene_tensors
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
one of 64 bits. They read and write {moved:,.0f} bytes if each goes through memory, as without `compiled=True`.
The frame itself has 8,192 bytes, and its scene is sent as {sent:,.0f}. An H200 does about {rate:.1e} 32-bit integer
operations a second and copies {copied:.1e} bytes a second. So its limits would be:

| what | million frames/s at most |
| --- | --: |
| integer operations | {by_operations} |
| memory, each operation for itself | {by_memory} |
| memory, all operations in one | {by_bytes} |
| scenes sampled on one CPU core: `standard, sampling only` above | about 3 |

A real program stays below such limits, by how much is not known yet. The goal on an H200 is 10 million frames/s, which takes
more than one core that samples, or sampling on the device.
"""


def specs() -> dict[str, SceneSpec]:
    """Return what is drawn, by name."""
    return {"tiny": suite("tiny-v1").parts[0].spec, "standard": preset("standard"), "exact": preset("exact")}


def sources(spec: SceneSpec, device: str, *, compiled: bool) -> dict[str, ClipSource]:
    """Return the sources to compare, by name."""
    found = {"numba, one core": ClipSource(spec), f"tensors, {device}": ClipSource(spec, device=device)}
    if compiled:
        found[f"tensors, {device}, compiled"] = ClipSource(spec, device=device, compiled=True)
    return found


def timed(source: ClipSource, num_clips: int, clock: Callable[[], float]) -> float:
    """Return the seconds that one batch takes until its last pixel is drawn."""
    start = clock()
    source.batch(range(num_clips))
    if source.device is not None and source.device.type == "cuda":
        torch.cuda.synchronize(source.device)
    return clock() - start


def frames_per_second(source: list[ClipSource], num_clips: int, repeats: int, *, on_cpu: bool) -> list[float]:
    """Return the frames/s of each source; they take turns."""
    clock = time.process_time if on_cpu else time.perf_counter
    turns = [[timed(one, num_clips, clock) for one in source] for _ in range(repeats + 1)][1:]
    frames = num_clips * source[0].spec.num_frames
    return [frames / median(taken) for taken in zip(*turns, strict=True)]


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
            self.operations += result.numel() * (2 if result.dtype == torch.int64 else 1)
            self.moved += sum(tensor.numel() * tensor.element_size() for tensor in (*given, result))
        return result


def work_of(spec: SceneSpec, num_clips: int = 8) -> Work:
    """Return what the program does for a frame of a spec."""
    source = ClipSource(spec, device="cpu")
    with Count() as count:
        source.batch(range(num_clips))
    frames = num_clips * spec.num_frames
    return Work(count.operations / frames, count.moved / frames)


def bytes_sent(spec: SceneSpec) -> float:
    """Return the bytes of a frame's scene that are sent to the device."""
    tensors = scene_tensors(ClipSource(spec).scene([0]), torch.device("cpu"))
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors) / spec.num_frames


def millions(value: float) -> str:
    """Return a number in millions with two digits that count.

    >>> millions(509e6), millions(1.63e6)
    ('510', '1.6')
    """
    return f"{float(f'{value / 1e6:.2g}'):g}"


def section(machine: str, rates: str) -> str:
    """Return the section of the page."""
    spec = preset("standard")
    work, sent = work_of(spec), bytes_sent(spec)
    return TEXT.format(
        title=TITLE,
        machine=machine,
        table=rates,
        operations=work.operations,
        moved=work.moved,
        sent=sent,
        rate=H200_OPERATIONS,
        copied=H200_BYTES,
        by_operations=millions(H200_OPERATIONS / work.operations),
        by_memory=millions(H200_BYTES / work.moved),
        by_bytes=millions(H200_BYTES / (8192 + sent)),
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
        found = sources(spec, arguments.device, compiled=arguments.compiled)
        rates = frames_per_second(
            list(found.values()), arguments.clips, arguments.repeats, on_cpu=arguments.device == "cpu"
        )
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
