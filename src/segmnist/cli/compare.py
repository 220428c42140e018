"""`segmnist compare`: the results of several models side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segmnist.cli.completion import one_of
from segmnist.cli.curve import check_curve, write_curve
from segmnist.cli.output import Answer
from segmnist.errors import BadArgument, CorruptData

if TYPE_CHECKING:
    from segmnist.evaluate.reports.results import Result


def compare(
    files: Annotated[
        list[Path],
        typer.Argument(help="Result files of `segmnist evaluate --out`, two or more, all on the same clips."),
    ],
    scores: Annotated[
        list[str] | None,
        typer.Option(
            "--score",
            help="A score to compare, such as nll; names as in the result files. Repeatable. Default: information gained "
            "and mIoU with background.",
        ),
    ] = None,
    written_as: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            help="The table's format: markdown, latex, csv or html. Default: a table for the terminal, in a file markdown.",
            autocompletion=one_of("markdown", "latex", "csv", "html"),
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the table to this file. Default: print it.")
    ] = None,
    drawn: Annotated[
        Path | None,
        typer.Option(
            "--curve",
            help="Draw the first score by level of a sweep such as noise-v1, or by severity of corrupted-v1: .svg or .png.",
        ),
    ] = None,
) -> Answer:
    """Compare models by their result files: a table, the best first, with differences to the best and their intervals."""
    from segmnist.evaluate.reports.compare import compare as compared
    from segmnist.evaluate.reports.compare_table import FORMATS, terminal
    from segmnist.whole_file import check_target, replace_file

    if written_as is not None and written_as not in FORMATS:
        raise BadArgument("--format", written_as, ", ".join(FORMATS))
    if drawn is not None:
        check_curve(drawn)
    if out is not None:
        check_target(out)
    comparison = compared(_named(files), scores or ())
    if drawn is not None:
        write_curve(comparison, drawn)
    if out is None and written_as is None:
        return Answer(comparison, (terminal(comparison),))
    text = FORMATS[written_as or "markdown"](comparison)
    if out is None:
        return Answer(comparison, (text,))
    replace_file(out, text.encode())
    return Answer(comparison)


def _named(files: list[Path]) -> dict[str, Result]:
    """Return the results by the names of their models; with the seed or the file where several have one name."""
    from segmnist.evaluate.reports.results import load_result

    if len(files) < 2:
        raise BadArgument("FILES", list(map(str, files)), "two or more", "name the files of several models")
    if len({file.resolve() for file in files}) < len(files):
        raise BadArgument("FILES", list(map(str, files)), "different files", "one is named twice")
    try:
        results = [load_result(file) for file in files]
    except CorruptData as error:
        raise BadArgument("FILES", list(map(str, files)), "result files", str(error)) from None
    for names in (
        [result.model for result in results],
        [r.model if r.seed is None else f"{r.model} (seed {r.seed})" for r in results],
        [f"{result.model} ({tail})" for result, tail in zip(results, _tails(files), strict=True)],
    ):
        if len(set(names)) == len(names):
            break
    return dict(zip(names, results, strict=True))


def _tails(files: list[Path]) -> list[Path]:
    """Return as much of the end of each path as tells the files apart: a long one would not fit into a table."""
    for depth in range(1, max(len(file.parts) for file in files)):
        tails = [Path(*file.parts[-depth:]) for file in files]
        if len(set(tails)) == len(files):
            return tails
    return files
