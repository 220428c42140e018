"""How far a job is that goes through a known number of clips: a live bar on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from segmnist.cli.progress import SECONDS_BETWEEN_LINES


@contextmanager
def counting(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that is told of more clips that are done; what it shows goes to stderr."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(title, total)
        return
    with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), console=console) as progress:
        task = progress.add_task(title, total=total)
        yield lambda clips: progress.advance(task, clips)


def _lines(title: str, total: int) -> Callable[[int], None]:
    start = last = time.monotonic()
    done = 0

    def advance(clips: int) -> None:
        nonlocal done, last
        done += clips
        now = time.monotonic()
        if now - last < SECONDS_BETWEEN_LINES:
            return
        last, rate = now, done / (now - start)
        left = (total - done) / rate
        print(
            f"{title}: {done}/{total} clips, {rate:.1f} clips/s, {left:.0f} s left",
            file=sys.stderr,
            flush=True,
        )

    return advance
