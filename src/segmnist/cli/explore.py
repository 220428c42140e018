"""`segmnist explore`: clips in the web browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import typer

from segmnist.cli.completion import splits, suite_names
from segmnist.cli.options import (
    BankOption,
    PartOption,
    PresetOption,
    SeedOption,
    SetOption,
    SpecOption,
    refuse_beside,
    spec_from,
)
from segmnist.errors import BadArgument, MissingDependency

if TYPE_CHECKING:
    from segmnist.digits.bank import DigitBank
    from segmnist.explore import Exhibit
    from segmnist.scene.spec import SceneSpec


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
            help="How many clips of your own spec are predicted (default 200), or only the first of a suite or data set.",
        ),
    ] = None,
    set_: SetOption = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            help="The split: train, val or test. Default: train; of predictions, test; of a data set, the one it holds.",
            autocompletion=splits,
        ),
    ] = None,
    seed: SeedOption = 0,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="The port to listen on; 0 picks a free one.")] = 8008,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    bank: BankOption = None,
) -> None:
    """Show clips and their ground truth on a local web page."""
    from segmnist.digits.bank import DigitBank

    try:
        from segmnist.explore import serve
    except ModuleNotFoundError as error:
        raise MissingDependency("explore", "explore") from error

    if (suite or part or num_clips) and not predictions:
        raise BadArgument("--suite, --part, --clips", suite or part or num_clips, "only beside --predictions")
    digits = DigitBank.from_path(bank) if bank else None
    if dataset is not None:
        refuse_beside(ctx, "DATASET", "preset", "spec", "set_", "seed", "suite", "part")
        exhibit, start = _stored(dataset, split, digits, predictions, num_clips)
    elif predictions:
        refuse_beside(ctx, "--predictions", "seed")
        if suite:
            refuse_beside(ctx, "--suite", "preset", "spec", "set_", "bank")
        on = suite or spec_from(preset, spec, set_)
        exhibit, start = _predicted(predictions, on, part, split or "test", num_clips, digits)
    else:
        name = preset or "standard"
        exhibit, start = _drawn(name, spec_from(preset, spec, set_), split or "train", seed, digits)
    serve(exhibit, start=start, host=host, port=port, open_page=open_)


def _stored(
    dataset: str, split: str | None, bank: DigitBank | None, predictions: list[str] | None, first: int | None
) -> tuple[Exhibit, str]:
    """Return a data set on disk, perhaps with predictions, and where its page starts."""
    from segmnist.explore import Exhibit

    exhibit = Exhibit.of(dataset, bank, split)
    if predictions:
        exhibit = exhibit.with_predictions(_sources(predictions), first=first)
    return exhibit, _page(stored="true", clip=int(exhibit.ids(0, 1)[0]))


def _predicted(
    predictions: list[str],
    on: str | SceneSpec,
    part: str | None,
    split: str,
    num_clips: int | None,
    bank: DigitBank | None,
) -> tuple[Exhibit, str]:
    """Return a suite or clips of a spec with predictions, and where the page starts."""
    from segmnist.explore import Exhibit
    from segmnist.scoring.trial import clips_to_score

    suite, first = clips_to_score(on, num_clips, bank=bank)
    suite = suite.only(part) if part else suite
    exhibit = Exhibit.of(None, bank).with_predictions(_sources(predictions), suite, split=split, first=first)
    return exhibit, _page(part=suite.parts[0].name, clip=0)


def _drawn(
    preset: str, spec: SceneSpec, split: str, seed: int, bank: DigitBank | None
) -> tuple[Exhibit, str]:
    """Return an exhibit of what can be drawn, and where its page starts: a preset and what the spec changes of it."""
    from segmnist.explore import Exhibit
    from segmnist.explore.fields import changes_of, format_value
    from segmnist.scene.presets import check_preset
    from segmnist.scene.presets import preset as named_preset
    from segmnist.scene.randomness import check_address

    check_address(seed, split)
    changes = changes_of(spec, named_preset(check_preset(preset)))
    fields = {field: format_value(value) for field, value in changes.items()}
    return Exhibit.of(None, bank), _page(preset=preset, split=split, seed=seed, **fields)


def _page(**parameters: object) -> str:
    """Return the address of a clip's page."""
    return "/clip?" + urlencode(parameters, safe=",")


def _sources(predictions: list[str]) -> list[tuple[str, Any]]:
    """Return the name of each model, and its stored predictions or what predicts."""
    from segmnist.scoring import model_of

    return [(found.name, found.source) for found in map(model_of, predictions)]
