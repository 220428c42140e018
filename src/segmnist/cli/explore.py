"""`segmnist explore`: clips in the web browser."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from segmnist.cli.completion import suite_names
from segmnist.cli.options import (
    BankOption,
    PartOption,
    PresetOption,
    SeedOption,
    SetOption,
    SpecOption,
    SplitOption,
    refuse_beside,
    spec_from,
)
from segmnist.errors import BadArgument, MissingDependency


def explore(
    ctx: typer.Context,
    dataset: Annotated[
        str | None,
        typer.Argument(help="The folder or URL of a data set. Default: draw clips from a preset."),
    ] = None,
    preset: PresetOption = None,
    spec: SpecOption = None,
    predictions: Annotated[
        list[str] | None,
        typer.Option(
            "--predictions",
            "-P",
            help="What a model predicts, as `segmnist evaluate` takes it. Repeatable: models side by side.",
        ),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(
            "--suite",
            "-s",
            help="The suite that --predictions are of.",
            autocompletion=suite_names,
        ),
    ] = None,
    part: PartOption = None,
    num_clips: Annotated[
        int | None,
        typer.Option(
            "--clips",
            "-n",
            help="How many clips of your own spec are predicted (default 200), or only the first so many of a suite.",
        ),
    ] = None,
    set_: SetOption = None,
    split: SplitOption = "train",
    seed: SeedOption = 0,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="The port to listen on; 0 picks a free one.")] = 8008,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    bank: BankOption = None,
) -> None:
    """Show clips and their ground truth on a local web page."""
    from segmnist.digits.bank import DigitBank
    from segmnist.scene.presets import check_preset
    from segmnist.scene.presets import preset as named_preset
    from segmnist.scene.randomness import check_address
    from segmnist.suites import suite as suite_named
    from segmnist.suites import suite_of

    try:
        from segmnist.explore import Exhibit, serve
        from segmnist.explore.fields import changes_of, format_value
    except ModuleNotFoundError as error:
        raise MissingDependency("explore", "explore") from error

    if (suite or part or num_clips) and not predictions:
        raise BadArgument("--suite, --part, --clips", suite or part or num_clips, "only beside --predictions")
    exhibit = Exhibit.of(dataset, DigitBank.from_path(bank) if bank else None)
    if dataset is not None:
        refuse_beside(ctx, "DATASET", "preset", "spec", "set_", "split", "seed", "suite", "part", "num_clips")
        first = int(exhibit.ids(0, 1)[0])
        start = "/clip?" + urlencode({"stored": "true", "clip": first})
        if predictions:
            exhibit = exhibit.with_predictions(_sources(predictions))
    elif predictions:
        refuse_beside(ctx, "--predictions", "seed")
        if suite:
            refuse_beside(ctx, "--suite", "preset", "spec", "set_", "bank")
        whole = (
            suite_named(suite)
            if suite
            else suite_of(
                spec_from(preset, spec, set_), 200 if num_clips is None else num_clips, bank=exhibit.bank
            )
        )
        whole = whole.only(part) if part else whole
        chosen = "test" if split == "train" else split
        part_clips = num_clips if suite else None
        exhibit = exhibit.with_predictions(_sources(predictions), whole, split=chosen, first=part_clips)
        start = "/clip?" + urlencode({"part": whole.parts[0].name, "clip": 0})
    else:
        check_address(seed, split)
        name = preset or "standard"
        changes = changes_of(spec_from(preset, spec, set_), named_preset(check_preset(name)))
        fields = {field: format_value(value) for field, value in changes.items()}
        start = "/clip?" + urlencode({"preset": name, "split": split, "seed": seed, **fields}, safe=",")
    serve(exhibit, start=start, host=host, port=port, open_page=open_)


def _sources(predictions: list[str]) -> list[tuple[str, Any]]:
    """Return the name of each model, and its stored predictions or what predicts."""
    from segmnist.scoring import model_of

    return [(found.name, found.source) for found in map(model_of, predictions)]
