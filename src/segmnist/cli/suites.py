"""`segmnist suites`: the frozen test sets, and a check that this machine draws them correctly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from segmnist.cli.options import refuse_beside
from segmnist.errors import BadArgument

if TYPE_CHECKING:
    from segmnist.suites.catalog import Suite

ID_LENGTH = 12
"""Digits of a content id in a table; below the table it stands in full."""


def suites(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="The suite. Default: all.")] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Draw the clips and compare them with the recorded checksums.")
    ] = False,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", "-o", help="Write the suite into this folder or URL, a data set for each part."
        ),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="The split to write: test or val.")] = "test",
) -> None:
    """List the frozen test sets, show the parts of one, verify it, or write it to disk."""
    from segmnist.suites.catalog import SUITES, suite

    if out is not None:
        if name is None:
            raise BadArgument("--out", out, "the name of a suite before it", "such as tiny-v1")
        _write(suite(name), split, out)
        return
    refuse_beside(ctx, "the list", "split")
    names = SUITES if name is None else [name]
    chosen = [suite(each) for each in names]
    if verify:
        from segmnist.suites.checksums import verify as compare

        for each in chosen:
            for drawn in ("val", "test"):
                typer.echo(f"{each.name} {drawn}: {compare(each, drawn)} clips are correct")
        return
    if name is None:
        table = Table(
            "suite", "parts", "val", "test", "test frames", Column("test id", no_wrap=True), "what it is",
            box=None, pad_edge=False,
        )  # fmt: skip
        for each in chosen:
            counts = (len(each.parts), each.num_clips("val"), each.num_clips("test"), each.num_frames("test"))
            content_id = each.content_id("test")[:ID_LENGTH]
            table.add_row(each.name, *(f"{count:,}" for count in counts), content_id, each.about)
    else:
        table = Table(
            "part", "val", "test", "frames a clip", "size", "val id", "test id",
            box=None, pad_edge=False,
        )  # fmt: skip
        for part in chosen[0].parts:
            sizes = (part.val_clips, part.test_clips, part.spec.num_frames)
            ids = (part.content_id(which)[:ID_LENGTH] for which in ("val", "test"))
            table.add_row(part.name, *map(str, sizes), f"{part.spec.height}x{part.spec.width}", *ids)
    Console().print(table)
    if name is not None:
        for which in ("val", "test"):
            typer.echo(f"{name} {which}: {chosen[0].content_id(which)}")


def _write(chosen: Suite, split: str, out: str) -> None:
    from segmnist.cli.progress import reporting
    from segmnist.dataset import generate

    for part in chosen.parts:
        with reporting(f"{chosen.name} {part.name}") as report:
            place = generate(
                part.recipe(split), out if len(chosen.parts) == 1 else f"{out}/{part.name}", report=report
            )
        typer.echo(f"{place}: {part.num_clips(split)} clips")
