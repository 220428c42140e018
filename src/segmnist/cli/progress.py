"""Progress of long jobs on stderr: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from segmnist.dataset.progress import Progress as Stored
from segmnist.dataset.progress import size_text
from segmnist.quiet import is_quiet

SECONDS_BETWEEN_LINES = 10.0
SECONDS_OF_SPEED = 60.0
"""The time left is estimated from the speed over this long, since machines are shared."""


class Show(Protocol):
    """A function that shows how many are done, of how many, and some more text."""

    def __call__(self, done: int, total: int, more: str = "", /) -> None:
        """Show it, unless the last line is too recent."""


@contextmanager
def progress(title: str, unit: str = "clips") -> Iterator[Show]:
    """Give a function that shows what is done, the speed, and the time left; under `--quiet`, one that shows nothing."""
    if is_quiet():
        yield lambda done, total, more="": None
        return
    console = Console(stderr=True)
    with _live(title, console) if console.is_terminal else _lines(title) as draw:
        text_of = _texts(unit)
        yield lambda done, total, more="": draw(done, total, text_of(done, total, more))


@contextmanager
def reporting(title: str) -> Iterator[Callable[[Stored], None]]:
    """Give a function that shows how many clips and bytes are stored, or read."""
    with progress(title) as show:
        yield lambda stored: show(stored.clips, stored.total_clips, size_text(stored.bytes))


@contextmanager
def counting(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that adds to the number of clips done and shows it."""
    done = 0
    with progress(title) as show:
        show(done, total)

        def advance(clips: int) -> None:
            nonlocal done
            done += clips
            show(done, total)

        yield advance


@contextmanager
def _live(title: str, console: Console) -> Iterator[Callable[[int, int, str], None]]:
    # Without markup: a title may be what the user typed.
    told_of, so_far = "{task.description}", "{task.fields[text]}"
    columns = (TextColumn(told_of, markup=False), BarColumn(), TextColumn(so_far, markup=False))
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=None, text="")
        told = False

        def draw(done: int, total: int, text: str) -> None:
            nonlocal told
            told = True
            bar.update(task, completed=done, total=total, text=text)

        try:
            yield draw
        finally:
            # What was complete already, or never began, leaves no bar behind.
            bar.update(task, visible=told)


@contextmanager
def _lines(title: str) -> Iterator[Callable[[int, int, str], None]]:
    last = time.monotonic()

    def draw(done: int, total: int, text: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES or done == total > 0:
            last = now
            print(f"{title}: {text}", file=sys.stderr, flush=True)

    yield draw


def _texts(unit: str) -> Callable[[int, int, str], str]:
    """Return a function that words progress, with the speed of the last minute, or of the whole job at its end."""
    told: deque[tuple[int, float]] = deque()
    first: tuple[int, float] | None = None

    def text_of(done: int, total: int, more: str) -> str:
        nonlocal first
        now = time.monotonic()
        told.append((done, now))
        first = first or told[0]
        while len(told) > 1 and told[1][1] <= now - SECONDS_OF_SPEED:
            told.popleft()
        words = [f"{done}/{total} {unit}"]
        before, then = told[0] if done < total else first
        rate = (done - before) / max(now - then, 1e-9)
        if rate:
            words.append(f"{rate:.{0 if rate >= 10 else 1}f} {unit}/s")
        if more:
            words.append(more)
        if rate and done < total:
            words.append(f"{_time_text((total - done) / rate)} left")
        return ", ".join(words)

    return text_of


def _time_text(seconds: float) -> str:
    """Return a duration for people.

    >>> [_time_text(seconds) for seconds in (59.6, 300, 10_000)]
    ['60 s', '5 min', '2.8 h']
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
