"""export: the clips of a recipe in the format of another library."""

from __future__ import annotations

import dataclasses
import filecmp
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from segmnist.dataset.generate import LIMIT_BYTES, generate
from segmnist.dataset.open_store import open_store
from segmnist.dataset.plan import Plan, plan_for
from segmnist.dataset.progress import Report, Tally, no_report, size_text
from segmnist.dataset.recipe import Recipe
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.formats import FOLDER, SHARDED, WHOLE, Arrays, folder_format, whole_format
from segmnist.formats.card import common_files
from segmnist.whole_file import temporary_path


def export(
    recipe: Recipe,
    out: str | Path,
    format: str,  # noqa: A002
    *,
    bank: DigitBank | None = None,
    num_workers: int | None = None,
    limit_bytes: int | None = LIMIT_BYTES,
    report: Report = no_report,
) -> str:
    """Write the clips of a recipe into the folder `out`; return the folder of its files.

    The clips are drawn, not copied: a format gets the truths that it needs, whatever a stored data set of
    this recipe holds. Sharded formats resume; a folder is there whole or not at all, and several splits may
    share `out`. Raises `BadArgument` for an unknown format, clips that it has no room for, or files of
    something else in that place, `MissingDependency` for a library that the format needs.
    """
    if format in FOLDER:
        if "://" in str(out):
            raise BadArgument(
                "OUT", str(out), f"a local folder for {format}", "copy it to the store afterwards"
            )
        return _export_folder(recipe, Path(out), format, bank, limit_bytes, report)
    if format not in SHARDED and format not in WHOLE:
        raise BadArgument("format", format, ", ".join([*SHARDED, *WHOLE, *FOLDER]))
    truths = whole_format(format).TRUTHS if format in WHOLE else recipe.truths
    target = dataclasses.replace(recipe, format=format, truths=truths)
    return generate(target, out, bank=bank, num_workers=num_workers, limit_bytes=limit_bytes, report=report)


def _export_folder(
    recipe: Recipe,
    out: Path,
    format_: str,
    bank: DigitBank | None,
    limit_bytes: int | None,
    report: Report,
) -> str:
    module = folder_format(format_)
    recipe = dataclasses.replace(recipe, format="zarr", truths=module.TRUTHS)
    plan = plan_for(recipe, bank)
    module.check(plan.layout)
    done = out / f"{recipe.split}.{format_}.recipe.json"
    if done.exists():
        _check_is(recipe, done)
        return str(out)
    _check_room(plan, out, limit_bytes)
    work = temporary_path(done)
    try:
        for path, data in (*common_files().items(), *module.files(plan.layout, _shards(plan, report))):
            _write(work / path, data)
        _write(work / done.name, recipe.to_stored())
        _move(work, out, last=done.name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return str(out)


def _check_is(recipe: Recipe, done: Path) -> None:
    there = Recipe.from_stored(done.read_bytes())
    if there != recipe:
        difference = "; ".join(there.differences(recipe)[:3])
        fix = f"there and asked for: {difference}; choose another place"
        raise BadArgument("OUT", str(done), "a place without another data set of this split", fix)


def _check_room(plan: Plan, out: Path, limit_bytes: int | None) -> None:
    needed = plan.recipe.num_clips * plan.layout.clip_bytes
    free = open_store(out).free_bytes()
    asked = f"{plan.recipe.num_clips} clips, up to {size_text(needed)}"
    if free is not None and needed > free:
        raise BadArgument("num_clips", asked, f"what fits into the {size_text(free)} that are free at {out}")
    if limit_bytes is not None and needed > limit_bytes:
        raise BadArgument("num_clips", asked, f"{size_text(limit_bytes)} at most", "--yes lifts this limit")


def _shards(plan: Plan, report: Report) -> Iterator[Arrays]:
    tally = Tally(plan.recipe.num_clips, report)
    for shard in range(plan.num_shards):
        arrays = plan.draw(shard)
        yield arrays
        num_clips = len(arrays["clip_id"])
        tally.add(num_clips, num_clips * plan.layout.clip_bytes)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _move(work: Path, out: Path, last: str) -> None:
    """Put the files in their places, the recipe last; what is there already must be the same."""
    paths = sorted(path.relative_to(work) for path in work.rglob("*") if path.is_file())
    for path in paths:
        if (out / path).exists() and not filecmp.cmp(work / path, out / path, shallow=False):
            raise BadArgument(
                "OUT", str(out / path), "a place where no such file exists", "choose another place"
            )
    os.sync()
    for path in sorted(paths, key=lambda path: path.name == last):
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        os.replace(work / path, out / path)
