"""Exports into a folder: claimed, drawn aside, put in place file by file, and then the manifest."""

from __future__ import annotations

import dataclasses
import filecmp
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from segmnist.dataset.commit import RECIPE, Books
from segmnist.dataset.locate import export_prefix
from segmnist.dataset.manifest import FileSum, manifest_bytes, sum_of
from segmnist.dataset.open_store import open_store
from segmnist.dataset.plan import Plan, plan_for
from segmnist.dataset.progress import Report, Tally, size_text
from segmnist.dataset.recipe import Recipe
from segmnist.dataset.store import Store
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.formats import Arrays, folder_format
from segmnist.formats.card import common_files
from segmnist.whole_file import name_new, temporary_path


def export_folder(
    recipe: Recipe,
    out: Path,
    format_: str,
    bank: DigitBank | None,
    limit_bytes: int | None,
    report: Report,
) -> str:
    """Write the clips of a recipe into `out` in a folder format; return the folder. See `export`."""
    module = folder_format(format_)
    recipe = dataclasses.replace(recipe, format="zarr", truths=module.TRUTHS)
    plan = plan_for(recipe, bank)
    module.check(plan.layout)
    store = open_store(out)
    books = Books(store, export_prefix(recipe.split, format_))
    books.check_is(recipe)
    if books.is_complete():
        return str(out)
    _check_room(plan, store, limit_bytes)
    resumed = books.is_claimed()
    books.claim(recipe)
    try:
        sums = _write(plan, format_, out, books, report)
    except BaseException:
        if not resumed:
            books.store.remove(books.path(RECIPE))
        raise
    books.put_manifest(manifest_bytes(recipe, plan.layout, sums, ()))
    return str(out)


def folder_files(plan: Plan, format_: str, report: Report) -> Iterator[tuple[str, bytes]]:
    """Iterate over the files of an export, as relative paths and bytes."""
    yield from common_files().items()
    yield from folder_format(format_).files(plan.layout, _shards(plan, report))


def _write(plan: Plan, format_: str, out: Path, books: Books, report: Report) -> dict[str, FileSum]:
    """Draw all files aside, then put them in their places; return their sums."""
    work = temporary_path(out / books.path(RECIPE))
    sums = {}
    try:
        for path, data in folder_files(plan, format_, report):
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_bytes(data)
            sums[path] = sum_of(data)
        os.sync()
        _move(work, out, sorted(sums))
        os.sync()
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return sums


def _move(work: Path, out: Path, paths: list[str]) -> None:
    """Put the files in their places, where nothing else may be; on an error take them away again."""
    for path in paths:
        if os.path.lexists(out / path):
            _check_same(work / path, out / path)
    placed = []
    try:
        for path in paths:
            (out / path).parent.mkdir(parents=True, exist_ok=True)
            try:
                name_new(work / path, out / path)
                placed.append(out / path)
            except FileExistsError:
                _check_same(work / path, out / path)
    except BaseException:
        for place in placed:
            place.unlink(missing_ok=True)
        raise


def _check_same(ours: Path, there: Path) -> None:
    if not there.is_file() or not filecmp.cmp(ours, there, shallow=False):
        raise BadArgument("OUT", str(there), "a place where no such file exists", "choose another place")


def _check_room(plan: Plan, store: Store, limit_bytes: int | None) -> None:
    needed = plan.recipe.num_clips * plan.layout.clip_bytes
    free = store.free_bytes()
    asked = f"{plan.recipe.num_clips} clips, up to {size_text(needed)}"
    if free is not None and needed > free:
        room = f"what fits into the {size_text(free)} that are free at {store.url}"
        raise BadArgument("num_clips", asked, room)
    if limit_bytes is not None and needed > limit_bytes:
        raise BadArgument("num_clips", asked, f"{size_text(limit_bytes)} at most", "--yes lifts this limit")


def _shards(plan: Plan, report: Report) -> Iterator[Arrays]:
    tally = Tally(plan.recipe.num_clips, report)
    for shard in range(plan.num_shards):
        arrays = plan.draw(shard)
        yield arrays
        num_clips = len(arrays["clip_id"])
        tally.add(num_clips, num_clips * plan.layout.clip_bytes)
