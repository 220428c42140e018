"""`segmnist suites`: the frozen test sets, and whether this machine draws them as it should."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from segmnist.cli.app import app


@app.command(epilog="Example: segmnist suites tiny-v1 --verify")
def suites(
    name: Annotated[str | None, typer.Argument(help="A suite; all of them if not given.")] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Draw the clips and compare their checksums.")
    ] = False,
) -> None:
    """List the suites, show the parts of one, or verify what is drawn here."""
    from segmnist.suites.catalog import SUITES, suite

    names = SUITES if name is None else [name]
    chosen = [suite(each) for each in names]
    if verify:
        from segmnist.suites.checksums import verify as compare

        for each in chosen:
            for split in ("val", "test"):
                typer.echo(f"{each.name} {split}: {compare(each, split)} clips as they should be")
        return
    if name is None:
        table = Table("suite", "parts", "val", "test clips", "frames", "what it is", box=None, pad_edge=False)
        for each in chosen:
            counts = (len(each.parts), each.num_clips("val"), each.num_clips("test"), each.num_frames("test"))
            table.add_row(each.name, *(f"{count:,}" for count in counts), each.about)
    else:
        table = Table("part", "val", "test clips", "frames a clip", "size", box=None, pad_edge=False)
        for part in chosen[0].parts:
            sizes = (part.val_clips, part.test_clips, part.spec.num_frames)
            table.add_row(part.name, *map(str, sizes), f"{part.spec.height}x{part.spec.width}")
    Console().print(table)
