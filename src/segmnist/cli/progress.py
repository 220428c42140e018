"""How a long job tells how it goes: a live bar on a terminal, a plain line now and then elsewhere; always on
stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from segmnist.dataset.progress import Progress as Stored
from segmnist.dataset.progress import size_text

SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def reporting(title: str) -> Iterator[Callable[[Stored], None]]:
    """Give a function that shows clips/s, bytes and time left whenever it is called."""
    console = Console(stderr=True)
    if console.is_terminal:
        with _live(title, console) as report:
            yield report
    else:
        yield _lines(title)


def now_and_then() -> Callable[[bool], bool]:
    """Return a function that says whether another line is due; it is told whether the work is finished."""
    last = time.monotonic()

    def is_due(finished: bool) -> bool:
        nonlocal last
        now = time.monotonic()
        due = finished or now - last >= SECONDS_BETWEEN_LINES
        last = now if due else last
        return due

    return is_due


@contextmanager
def _live(title: str, console: Console) -> Iterator[Callable[[Stored], None]]:
    columns = (
        TextColumn(title),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} clips"),
        TextColumn("{task.fields[rate]} clips/s, {task.fields[size]},"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=0, rate="-", size="0 bytes")
        start = time.monotonic()

        def report(stored: Stored) -> None:
            rate = f"{stored.clips / max(time.monotonic() - start, 1e-9):.0f}"
            bar.update(
                task,
                total=stored.total_clips,
                completed=stored.clips,
                rate=rate,
                size=size_text(stored.bytes),
            )

        yield report


def _lines(title: str) -> Callable[[Stored], None]:
    start, is_due = time.monotonic(), now_and_then()

    def report(stored: Stored) -> None:
        if not is_due(stored.clips == stored.total_clips > 0):
            return
        rate = stored.clips / max(time.monotonic() - start, 1e-9)
        left = (stored.total_clips - stored.clips) / rate if rate else 0.0
        print(
            f"{title}: {stored.clips}/{stored.total_clips} clips, {rate:.0f} clips/s, "
            f"{size_text(stored.bytes)}, {left:.0f} s left",
            file=sys.stderr,
            flush=True,
        )

    return report
