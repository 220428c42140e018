"""generate: a recipe becomes a data set on disk. Run it again to resume."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from segmnist.dataset.commit import Books, books_of
from segmnist.dataset.plan import Plan, plan_for, root_for
from segmnist.dataset.recipe import Recipe
from segmnist.dataset.run_local import run_local
from segmnist.dataset.store import LocalStore, Store, open_store
from segmnist.dataset.whole import check_free_of_others, write_whole
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.formats import WHOLE

LIMIT_BYTES = 100 * 10**9
"""More than this wants a second word from the user."""


SHARDS_PER_WORKER = 8
"""A process takes about a second to start, as long as it takes to write this many shards."""


class Progress(NamedTuple):
    """How far a run is: clips and bytes that are stored, and clips in all that it will store."""

    clips: int
    bytes: int
    total_clips: int


Report = Callable[[Progress], None]


def no_report(progress: Progress) -> None:
    """Take a progress report and tell nobody."""


class Tally:
    """Adds up what a run has stored, and reports it."""

    def __init__(self, total_clips: int, report: Report) -> None:
        self._progress, self._report = Progress(0, 0, total_clips), report
        report(self._progress)

    def add(self, clips: int, num_bytes: int) -> None:
        """Count a shard."""
        before = self._progress
        self._progress = before._replace(clips=before.clips + clips, bytes=before.bytes + num_bytes)
        self._report(self._progress)


def generate(
    recipe: Recipe,
    out: str | Path,
    *,
    bank: DigitBank | None = None,
    num_workers: int | None = None,
    limit_bytes: int | None = LIMIT_BYTES,
    report: Report = no_report,
) -> str:
    """Write the data set of a recipe into the folder `out`, or what is missing of it; return the folder of
    its files.

    num_workers: processes, the number of CPUs unless given; the bytes do not depend on it. limit_bytes:
    refuse what will be larger, None for no limit. report: called after every shard. Raises `BadArgument`
    before the first write for a request that cannot be right: another data set in that place, another digit
    bank, more bytes than there is room.
    """
    if num_workers is not None and num_workers < 1:
        raise BadArgument("num_workers", num_workers, "1 or more")
    plan = plan_for(recipe, bank)
    is_whole = recipe.format in WHOLE
    store = open_store(out).below(root_for(recipe))
    books = books_of(plan, store)
    books.check_is(recipe)
    if is_whole:
        check_free_of_others(plan, store, books)
    if not books.is_complete():
        _check_size(plan, store, limit_bytes)
        _claim(books, recipe)
        write = _write_whole if is_whole else _write_shards
        write(plan, store, books, num_workers or os.cpu_count() or 1, report)
    return store.url


def _write_whole(plan: Plan, store: LocalStore, books: Books, num_workers: int, report: Report) -> None:
    tally = Tally(plan.recipe.num_clips, report)
    write_whole(plan, store, books, num_workers, tally.add)


def _write_shards(plan: Plan, store: LocalStore, books: Books, num_workers: int, report: Report) -> None:
    done = books.done()
    missing = (shard for shard in range(plan.num_shards) if shard not in done)
    num_clips = plan.recipe.num_clips - sum(len(plan.layout.rows(shard)) for shard in done)
    tally = Tally(num_clips, report)
    useful = -(-(plan.num_shards - len(done)) // SHARDS_PER_WORKER)
    for receipt in run_local(plan, store, missing, min(num_workers, useful)):
        tally.add(receipt.clips, receipt.num_bytes)
    books.publish(plan)


def _claim(books: Books, recipe: Recipe) -> None:
    try:
        books.claim(recipe)
    except (PermissionError, NotADirectoryError, FileNotFoundError) as error:
        raise BadArgument(
            "OUT", books.store.url, "a folder that can be written to", str(error.strerror)
        ) from None


def _check_size(plan: Plan, store: Store, limit_bytes: int | None) -> None:
    needed = plan.estimate_bytes()
    free = store.free_bytes()
    asked = f"{plan.recipe.num_clips} clips, about {gigabytes(needed)}"
    if free is not None and needed > free:
        raise BadArgument(
            "num_clips", asked, f"what fits into the {gigabytes(free)} that are free at {store.url}"
        )
    if limit_bytes is not None and needed > limit_bytes:
        raise BadArgument("num_clips", asked, f"{gigabytes(limit_bytes)} at most", "--yes lifts this limit")


def gigabytes(num_bytes: int) -> str:
    """Return a size for people.

    >>> gigabytes(1_500_000)
    '1.5 MB'
    """
    size = float(num_bytes)
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB"):
        if size < 1000 or unit == "PB":
            break
        size /= 1000
    return f"{size:.3g} {unit}"
