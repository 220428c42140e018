"""`segmnist sweep`: scores of models against the values of one field of a spec."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segmnist.cli.completion import knob_names
from segmnist.cli.curve import check_curve, write_curve
from segmnist.cli.options import (
    BankOption,
    DeviceOption,
    PresetOption,
    ScoredSplitOption,
    SetOption,
    SpecOption,
    spec_from,
)
from segmnist.cli.output import Answer
from segmnist.cli.torch_threads import take_one_thread
from segmnist.errors import BadArgument


def sweep(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL",
            help="Checkpoints (.pt) of `segmnist train`, or MODULE:NAME of torch modules or functions from videos to "
            "predictions.",
        ),
    ],
    knob: Annotated[
        str,
        typer.Option(
            "--knob",
            help="The field to change, such as sensor_sigma; of a range, both ends change.",
            autocompletion=knob_names,
        ),
    ],
    values: Annotated[
        str, typer.Option("--values", help="The values of the field, with commas: 0,10,20,40.")
    ],
    preset: PresetOption = None,
    spec: SpecOption = None,
    changes: SetOption = None,
    bank: BankOption = None,
    num_clips: Annotated[int, typer.Option("--clips", "-n", help="How many clips of each value.")] = 100,
    split: ScoredSplitOption = "test",
    score: Annotated[
        str, typer.Option("--score", help="The score to show, such as nll; names as in result files.")
    ] = "miou",
    drawn: Annotated[
        Path | None, typer.Option("--curve", help="Draw the score by value: an .svg or .png file.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write each model's result file into this folder.")
    ] = None,
    batch: Annotated[int, typer.Option("--batch", help="Clips per batch.")] = 8,
    device: DeviceOption = "auto",
) -> Answer:
    """Score models at several values of one field; print a table, and draw a curve if asked."""
    from segmnist.cli.progress import progress
    from segmnist.digits.bank import DigitBank
    from segmnist.evaluate.reports.compare import compare
    from segmnist.evaluate.reports.compare_table import terminal
    from segmnist.scoring import sweep as run

    take_one_thread()
    if drawn is not None:
        check_curve(drawn)
    digits = DigitBank.from_path(bank) if bank else None
    with progress(knob) as show:
        results = run(
            models, spec_from(preset, spec, changes), knob, _numbers(values),
            num_clips=num_clips, bank=digits, split=split, batch_size=batch, device=device, out=folder, show=show,
        )  # fmt: skip
    comparison = compare(results, [score])
    if drawn is not None:
        write_curve(comparison, drawn)
    return Answer(comparison, (terminal(comparison),))


def _numbers(text: str) -> list[float]:
    try:
        return [float(value) for value in text.split(",")]
    except ValueError:
        raise BadArgument("--values", text, "numbers with commas between them, such as 0,10,20") from None
