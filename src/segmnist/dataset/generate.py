"""generate: a recipe becomes a data set in a folder or an object store. Run it again to resume."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from segmnist.dataset.commit import Books, books_of, check_place, commit
from segmnist.dataset.local_store import LocalStore
from segmnist.dataset.locate import Found, splits_beside
from segmnist.dataset.open_store import open_store
from segmnist.dataset.plan import Plan, layout_for, plan_for, prefix_for, root_for
from segmnist.dataset.progress import Report, Tally, no_report, size_text
from segmnist.dataset.recipe import Recipe
from segmnist.dataset.store import Store
from segmnist.dataset.whole import check_free_of_others, write_whole
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument, CorruptData
from segmnist.executors import Where, run
from segmnist.formats import FOLDER, WHOLE, sharded_format
from segmnist.urls import is_in_memory

LIMIT_BYTES = 100 * 10**9
"""More than this wants a second word from the user."""

SHARDS_PER_WORKER = 8
"""A process takes about a second to start, as long as it takes to write this many shards."""


def generate(
    recipe: Recipe,
    out: str | Path,
    *,
    bank: DigitBank | None = None,
    num_workers: int | None = None,
    executor: str = "local",
    address: str | None = None,
    shard_range: tuple[int, int] = (0, 1),
    limit_bytes: int | None = LIMIT_BYTES,
    report: Report = no_report,
) -> str:
    """Write the data set of a recipe into `out`, or what is missing of it; return the place of its files.

    out: a folder, or a URL such as s3://bucket/folder. num_workers: processes, one a CPU unless given; memory:// is
    written by this process alone. executor: "local" or "ray", with the address of its cluster. shard_range: (i, n) writes
    every n-th shard from the i-th on, for batch schedulers. None of these changes a byte, and any may be used to resume.
    limit_bytes: refuse what will be larger, None for no limit. report: called after every shard.

    Raises `BadArgument` before the first write for a request that cannot be right: another data set in that place,
    another digit bank, more bytes than there is room.
    """
    where = _where(out, executor, num_workers, address)
    _check_range(shard_range)
    plan = plan_for(recipe, bank)
    store = open_store(out).below(root_for(recipe))
    books = books_of(plan, store)
    if recipe.format in FOLDER:
        _local(store, recipe.format)
    books.check_is(recipe)
    if recipe.format in WHOLE:
        _write_whole(plan, store, books, num_workers or os.cpu_count() or 1, limit_bytes, report)
    elif not books.is_complete():
        done = (shard for shard in books.done() if shard < plan.num_shards)
        _check_size(plan, store, limit_bytes, recipe.num_clips - _num_clips(plan, done))
        _check_fits_beside(plan, store)
        if recipe.format in FOLDER:
            check_place(plan, store, books)
        _claim(books, recipe)
        shards = _missing(plan, books, shard_range)
        asked = _num_clips(plan, _of_range(plan, shard_range))
        tally = Tally(asked, report, before=asked - _num_clips(plan, shards))
        work = partial(commit, plan, store)
        for receipt in run(work, shards, where, unit="shard", at_a_time=SHARDS_PER_WORKER):
            tally.add(receipt.clips, receipt.num_bytes)
        books.publish(plan)
    return store.url


def begun_recipe(recipe: Recipe, out: str | Path) -> Recipe:
    """Return the recipe of the data set in `out` where it differs from this one in `compress_video` alone, else this one.

    Whether a video is compressed unless told otherwise has changed, and data sets from before go on as they began.
    """
    books = Books(open_store(out).below(root_for(recipe)), prefix_for(recipe))
    other = dataclasses.replace(recipe, compress_video=not recipe.compress_video)
    try:
        return other if books.is_claimed() and books.recipe() == other else recipe
    except CorruptData:
        return recipe


def _where(out: str | Path, executor: str, num_workers: int | None, address: str | None) -> Where:
    if is_in_memory(out) and executor != "local":
        raise BadArgument("executor", executor, "local", f"no other machine sees {out}")
    return Where(executor, 1 if is_in_memory(out) else num_workers, address)


def _check_range(shard_range: tuple[int, int]) -> None:
    part, parts = shard_range
    if not 0 <= part < parts:
        raise BadArgument("shard_range", f"{part}/{parts}", "i/n with 0 <= i < n", "for example 0/8 .. 7/8")


def _missing(plan: Plan, books: Books, shard_range: tuple[int, int]) -> list[int]:
    done = books.done()
    return [shard for shard in _of_range(plan, shard_range) if shard not in done]


def _of_range(plan: Plan, shard_range: tuple[int, int]) -> range:
    part, parts = shard_range
    return range(part, plan.num_shards, parts)


def _write_whole(
    plan: Plan, store: Store, books: Books, num_threads: int, limit_bytes: int | None, report: Report
) -> None:
    store = _local(store, plan.recipe.format)
    check_free_of_others(plan, store, books)
    if not books.is_complete():
        _check_size(plan, store, limit_bytes, plan.recipe.num_clips)
        _claim(books, plan.recipe)
        write_whole(plan, store, books, num_threads, Tally(plan.recipe.num_clips, report).add)


def _check_fits_beside(plan: Plan, store: Store) -> None:
    """Raise `BadArgument` where a data set of another split in the same folder has other arrays."""
    for other in splits_beside(store, plan.recipe):
        if not isinstance(other, Found):
            continue
        theirs = sharded_format(other.format).root_files(layout_for(other.recipe))
        if theirs != plan.root_files():
            there = f"the columns of {other.recipe.split} in {store.url}: {_columns(other.recipe)}"
            fix = "the splits there are one data set; choose another place"
            raise BadArgument("truth", _columns(plan.recipe), there, fix)


def _columns(recipe: Recipe) -> str:
    """Return what decides on the columns of a data set, and on what they mean."""
    spec = recipe.spec
    frames = f"{spec.num_frames} frames of {spec.height}x{spec.width}"
    return f"{', '.join(recipe.truths)} in {frames}, {len(recipe.class_names)} classes"


def _local(store: Store, format_: str) -> LocalStore:
    """Return the store if it is a folder on a disk. Raises `BadArgument` for any other."""
    if isinstance(store, LocalStore):
        return store
    fix = "copy it to the store afterwards; zarr goes anywhere"
    raise BadArgument("OUT", store.url, f"a local folder for {format_}", fix)


def _claim(books: Books, recipe: Recipe) -> None:
    try:
        books.claim(recipe)
    except (PermissionError, NotADirectoryError, FileNotFoundError) as error:
        reason = error.strerror or str(error)
        raise BadArgument("OUT", books.store.url, "a place that can be written to", reason) from None


def _num_clips(plan: Plan, shards: Iterable[int]) -> int:
    return sum(len(plan.layout.rows(shard)) for shard in shards)


def _check_size(plan: Plan, store: Store, limit_bytes: int | None, missing_clips: int) -> None:
    """Raise `BadArgument` if the whole is over the limit, or what is missing does not fit into what is free."""
    num_clips = plan.recipe.num_clips
    whole = plan.estimate_bytes()
    if limit_bytes is not None and whole > limit_bytes:
        asked = f"{num_clips} clips, about {size_text(whole)}"
        raise BadArgument("num_clips", asked, f"{size_text(limit_bytes)} at most", "--yes lifts this limit")
    needed, free = whole * missing_clips // num_clips, store.free_bytes()
    if free is not None and needed > free:
        asked = f"{missing_clips} clips to write, about {size_text(needed)}"
        room = f"what fits into the {size_text(free)} that are free at {store.url}"
        raise BadArgument("num_clips", asked, room)
