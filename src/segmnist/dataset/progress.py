"""How far a long job is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Progress(NamedTuple):
    """Clips that are stored (or read), bytes that this run has stored (or read), and clips in all.

    Of a resumed run, clips that were stored before count as stored.
    """

    clips: int
    bytes: int
    total_clips: int


Report = Callable[[Progress], None]


def no_report(progress: Progress) -> None:
    """Take a progress report and tell nobody."""


class Tally:
    """Adds up what a run has done, and reports it; `before` are the clips that earlier runs have stored."""

    def __init__(self, total_clips: int, report: Report, *, before: int = 0) -> None:
        self._progress, self._report = Progress(before, 0, total_clips), report
        report(self._progress)

    def add(self, clips: int, num_bytes: int) -> None:
        """Count a shard."""
        before = self._progress
        self._progress = before._replace(clips=before.clips + clips, bytes=before.bytes + num_bytes)
        self._report(self._progress)


def size_text(num_bytes: int) -> str:
    """Return a size for people.

    >>> size_text(1_500_000)
    '1.5 MB'
    """
    size = float(num_bytes)
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB"):
        if size < 1000 or unit == "PB":
            break
        size /= 1000
    return f"{size:.3g} {unit}"
