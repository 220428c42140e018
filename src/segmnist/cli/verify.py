"""`segmnist verify` and `segmnist recipe`: whether a data set on disk is intact, and how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from segmnist.cli.options import BankOption, PlaceArgument
from segmnist.errors import one_line

MOST_LINES = 50


def verify(
    dataset: PlaceArgument,
    repair: Annotated[bool, typer.Option("--repair", help="Draw the damaged shards again.")] = False,
    clean: Annotated[
        bool, typer.Option("--clean", help="Delete temporary files that interrupted commands left behind.")
    ] = False,
    bank: BankOption = None,
) -> None:
    """Check every byte of a data set; list missing, damaged and unknown files. Exit code 1 if there are any."""
    from segmnist.cli.progress import reporting
    from segmnist.dataset import repair as mend
    from segmnist.dataset import verify as check
    from segmnist.dataset.locate import Lost
    from segmnist.dataset.progress import size_text
    from segmnist.dataset.verify import clean as sweep
    from segmnist.digits.bank import DigitBank

    with reporting("verify") as report:
        verdicts = check(dataset, report=report)
    if clean or repair:
        for verdict in verdicts:
            _print_faults(verdict.faults)
            if clean:
                swept = sweep(verdict.found)
                typer.echo(f"{one_line(verdict.found.store.url)}: swept {len(swept)} temporary files")
            if repair and not verdict.is_good and not isinstance(verdict.found, Lost):
                mend(verdict, bank=DigitBank.from_path(bank) if bank else None)
                typer.echo(
                    f"{one_line(verdict.found.store.url)}: {len(verdict.faults)} faults found, what was broken is made again"
                )
        with reporting("verify") as report:
            verdicts = check(dataset, report=report)
    for verdict in verdicts:
        _print_faults(verdict.faults)
        state = "whole" if verdict.is_good else f"{len(verdict.faults)} faults"
        typer.echo(f"{one_line(verdict.found.store.url)}: {state}, {size_text(verdict.num_bytes)} read")
    if not all(verdict.is_good for verdict in verdicts):
        raise typer.Exit(1)


def _print_faults(faults: Sequence[object]) -> None:
    for fault in faults[:MOST_LINES]:
        typer.echo(str(fault))
    if len(faults) > MOST_LINES:
        typer.echo(f"... and {len(faults) - MOST_LINES} more")


def recipe(
    dataset: PlaceArgument,
    split: Annotated[str | None, typer.Option("--split", help="The split, if DATASET holds several.")] = None,
) -> None:
    """Print the recipe of a data set as TOML; `generate --recipe` makes the same bytes from it."""
    from segmnist.dataset.locate import locate_one

    found = locate_one(dataset, split).recipe
    typer.echo(f"# content_id {found.content_id}: the clips, whatever their format; cite this")
    typer.echo(f"# plan_id    {found.plan_id}: the files\n")
    typer.echo(found.to_toml(), nl=False)
