"""`segmnist verify` and `segmnist recipe`: whether a data set on disk is intact, and how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from segmnist.cli.exit_codes import FAILED
from segmnist.cli.options import BankOption, PlaceArgument, StoredSplitOption
from segmnist.cli.output import Answer
from segmnist.errors import one_line

if TYPE_CHECKING:
    from segmnist.dataset import Verdict

MOST_LINES = 50


def verify(
    dataset: PlaceArgument,
    repair: Annotated[bool, typer.Option("--repair", help="Draw the damaged shards again.")] = False,
    clean: Annotated[
        bool, typer.Option("--clean", help="Delete temporary files that interrupted commands left behind.")
    ] = False,
    bank: BankOption = None,
) -> Answer:
    """Check every byte of a data set; list missing, damaged and unknown files. Exit code 1 if there are any."""
    from segmnist.cli.progress import reporting
    from segmnist.dataset import clean as sweep
    from segmnist.dataset import repair as mend
    from segmnist.dataset import verify as check
    from segmnist.dataset.locate import Lost
    from segmnist.digits.bank import DigitBank

    with reporting("verify") as report:
        verdicts = check(dataset, report=report)
    done: list[str] = []
    if clean or repair:
        for verdict in verdicts:
            place = one_line(verdict.found.store.url)
            done += _fault_lines(verdict.faults)
            if clean:
                done.append(f"{place}: swept {len(sweep(verdict.found))} temporary files")
            if repair and not verdict.is_good and not isinstance(verdict.found, Lost):
                mend(verdict, bank=DigitBank.from_path(bank) if bank else None)
                done.append(f"{place}: {len(verdict.faults)} faults found, what was broken is made again")
        with reporting("verify") as report:
            verdicts = check(dataset, report=report)
    return Answer(
        [_as_data(verdict) for verdict in verdicts],
        (*done, *(line for verdict in verdicts for line in _lines(verdict))),
        code=0 if all(verdict.is_good for verdict in verdicts) else FAILED,
    )


def _as_data(verdict: Verdict) -> dict[str, object]:
    return {
        "place": verdict.found.store.url,
        "is_good": verdict.is_good,
        "num_bytes": verdict.num_bytes,
        "faults": verdict.faults,
    }


def _lines(verdict: Verdict) -> list[str]:
    from segmnist.dataset.progress import size_text

    state = "whole" if verdict.is_good else f"{len(verdict.faults)} faults"
    read = f"{one_line(verdict.found.store.url)}: {state}, {size_text(verdict.num_bytes)} read"
    return [*_fault_lines(verdict.faults), read]


def _fault_lines(faults: Sequence[object]) -> list[str]:
    more = [f"... and {len(faults) - MOST_LINES} more"] if len(faults) > MOST_LINES else []
    return [*map(str, faults[:MOST_LINES]), *more]


def recipe(dataset: PlaceArgument, split: StoredSplitOption = None) -> Answer:
    """Print the recipe of a data set as TOML; `generate --recipe` makes the same bytes from it."""
    from segmnist.dataset import recipe_of

    found = recipe_of(dataset, split)
    return Answer(
        {"content_id": found.content_id, "plan_id": found.plan_id, "recipe": found.to_dict()},
        (
            f"# content_id {found.content_id}: the clips, whatever their format; cite this",
            f"# plan_id    {found.plan_id}: the files\n\n",
            found.to_toml(),
        ),
    )
