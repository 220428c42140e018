"""`segmnist sweep`: scores of models against the values of one field of a spec."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from segmnist.cli.curve import check_curve, write_curve
from segmnist.cli.evaluate import source_of
from segmnist.cli.options import PresetOption, SetOption, SpecOption, spec_from
from segmnist.cli.progress import counting
from segmnist.errors import BadArgument
from segmnist.version import GENERATOR_VERSION, __version__


def sweep(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="Checkpoints (.pt) of `segmnist train`, or MODULE:NAME of torch modules or functions from videos to "
            "predictions.",
        ),
    ],
    knob: Annotated[
        str,
        typer.Option(
            "--knob", help="The field to change, such as sensor_sigma; of a range, both ends change."
        ),
    ],
    values: Annotated[
        str, typer.Option("--values", help="The values of the field, with commas: 0,10,20,40.")
    ],
    preset: PresetOption = None,
    spec: SpecOption = None,
    changes: SetOption = None,
    num_clips: Annotated[int, typer.Option("--clips", "-n", help="How many clips of each value.")] = 100,
    split: Annotated[str, typer.Option("--split", help="The split: test or val.")] = "test",
    score: Annotated[
        str, typer.Option("--score", help="The score to show, such as nll; names as in result files.")
    ] = "miou",
    drawn: Annotated[
        Path | None, typer.Option("--curve", help="Draw the score by value: an .svg or .png file.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--json", help="Write each model's result file into this folder.")
    ] = None,
    batch: Annotated[int, typer.Option("--batch", help="Clips per batch.")] = 8,
    device: Annotated[
        str, typer.Option("--device", help="Where a torch model runs: auto, cpu or cuda.")
    ] = "auto",
) -> None:
    """Score models at several values of one field; print a table, and draw a curve if asked."""
    from segmnist.evaluate.reports.compare import compare
    from segmnist.evaluate.reports.compare_table import markdown
    from segmnist.evaluate.reports.results import SCHEMA, Result, hardware, save_result
    from segmnist.suites import evaluate, sweep_of
    from segmnist.suites.checksums import suite_sha256
    from segmnist.whole_file import check_target

    if drawn is not None:
        check_curve(drawn)
    swept = sweep_of(spec_from(preset, spec, changes), knob, _numbers(values), num_clips)
    sources: dict[str, object] = {}
    for model in models:
        source, name = source_of(model, swept, True, device)
        if isinstance(source, Path):
            raise BadArgument("MODEL", model, "a checkpoint (.pt) or MODULE:NAME", "a sweep runs the model")
        # Runs of one model differ by their folders.
        sources[name if name not in sources else f"{name} ({model})"] = source
    places = {}
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        places = {name: folder / f"{re.sub('[^A-Za-z0-9._-]+', '-', name)}.json" for name in sources}
    for place in places.values():
        check_target(place)
    results = {}
    for name, source in sources.items():
        with counting(f"{name}, {knob}", swept.num_clips(split)) as progress:
            parts = evaluate(source, swept, split=split, batch_size=batch, progress=progress)  # type: ignore[arg-type]
        results[name] = Result(
            SCHEMA, swept.name, suite_sha256(swept), split, name, parts, __version__, GENERATOR_VERSION,
            hardware=hardware(),
        )  # fmt: skip
        if name in places:
            save_result(results[name], places[name])
    comparison = compare(results, [score])
    if drawn is not None:
        write_curve(comparison, drawn)
    typer.echo(markdown(comparison), nl=False)


def _numbers(text: str) -> list[float]:
    try:
        return [float(value) for value in text.split(",")]
    except ValueError:
        raise BadArgument("--values", text, "numbers with commas between them, such as 0,10,20") from None
