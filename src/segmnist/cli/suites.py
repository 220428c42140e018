"""`segmnist suites`: the frozen test sets, and a check that this machine draws them correctly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from segmnist.cli.completion import scored_splits, suite_names
from segmnist.cli.options import refuse_beside
from segmnist.cli.output import Answer
from segmnist.cli.stored import stored
from segmnist.errors import BadArgument

if TYPE_CHECKING:
    from segmnist.suites.catalog import Suite

ID_LENGTH = 12
"""Digits of a content id in a table; below the table it stands in full."""

SPLITS = ("val", "test")


def suites(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="The suite. Default: all.", autocompletion=suite_names)
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Draw the clips and compare them with the recorded checksums.")
    ] = False,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", "-o", help="Write the suite into this folder or URL, a data set for each part."
        ),
    ] = None,
    split: Annotated[
        str,
        typer.Option("--split", help="The split to write: test or val.", autocompletion=scored_splits),
    ] = "test",
) -> Answer:
    """List the frozen test sets, show the parts of one, verify it, or write it to disk."""
    from segmnist.suites import SUITES, suite

    if out is not None:
        if name is None:
            raise BadArgument("--out", out, "the name of a suite before it", "such as tiny-v1")
        return _written(suite(name), split, out)
    refuse_beside(ctx, "the list", "split")
    if verify:
        return _verified([suite(each) for each in (SUITES if name is None else [name])])
    return _listed() if name is None else _shown(suite(name))


def _listed() -> Answer:
    from rich.table import Column, Table

    from segmnist.suites import SUITES, suite

    table = Table(
        "suite", "parts", "val", "test", "test frames", Column("test id", no_wrap=True), "what it is",
        box=None, pad_edge=False,
    )  # fmt: skip
    every = [suite(each) for each in SUITES]
    for each in every:
        counts = (len(each.parts), each.num_clips("val"), each.num_clips("test"), each.num_frames("test"))
        content_id = each.content_id("test")[:ID_LENGTH]
        table.add_row(each.name, *(f"{count:,}" for count in counts), content_id, each.about)
    return Answer([_as_data(each) for each in every], (table,))


def _shown(chosen: Suite) -> Answer:
    from rich.table import Table

    table = Table(
        "part", "val", "test", "frames a clip", "size", "val id", "test id",
        box=None, pad_edge=False,
    )  # fmt: skip
    for part in chosen.parts:
        sizes = (part.val_clips, part.test_clips, part.spec.num_frames)
        ids = (part.content_id(split)[:ID_LENGTH] for split in SPLITS)
        table.add_row(part.name, *map(str, sizes), f"{part.spec.height}x{part.spec.width}", *ids)
    whole = (f"{chosen.name} {split}: {chosen.content_id(split)}" for split in SPLITS)
    return Answer(_as_data(chosen), (table, *whole))


def _as_data(chosen: Suite) -> dict[str, Any]:
    return {
        "name": chosen.name,
        "about": chosen.about,
        "content_ids": {split: chosen.content_id(split) for split in SPLITS},
        "parts": [
            {
                "name": part.name,
                "num_clips": {split: part.num_clips(split) for split in SPLITS},
                "content_ids": {split: part.content_id(split) for split in SPLITS},
                "spec": part.spec,
            }
            for part in chosen.parts
        ],
    }


def _verified(chosen: list[Suite]) -> Answer:
    from segmnist.suites import verify

    rows = [(each.name, split, verify(each, split)) for each in chosen for split in SPLITS]
    data = [{"suite": name, "split": split, "correct_clips": count} for name, split, count in rows]
    return Answer(data, tuple(f"{name} {split}: {count} clips are correct" for name, split, count in rows))


def _written(chosen: Suite, split: str, out: str) -> Answer:
    from segmnist.cli.progress import reporting
    from segmnist.dataset import generate

    data, lines = [], []
    for part in chosen.parts:
        recipe = part.recipe(split)
        place = out if len(chosen.parts) == 1 else f"{out}/{part.name}"
        with reporting(f"{chosen.name} {part.name}") as report:
            written = generate(recipe, place, report=report)
        data.append({"part": part.name, **stored(written, recipe)})
        lines.append(f"{written}: {recipe.num_clips} clips")
    return Answer(data, tuple(lines))
