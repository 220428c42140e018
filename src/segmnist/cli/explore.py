"""`segmnist explore`: clips in the web browser."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

import typer

from segmnist.cli.options import (
    BankOption,
    PresetOption,
    SeedOption,
    SetOption,
    SpecOption,
    SplitOption,
    refuse_beside,
    spec_from,
)
from segmnist.errors import MissingDependency


def explore(
    ctx: typer.Context,
    dataset: Annotated[
        str | None,
        typer.Argument(help="The folder or URL of a data set. Default: draw clips from a preset."),
    ] = None,
    preset: PresetOption = None,
    spec: SpecOption = None,
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

    try:
        from segmnist.explore import Exhibit, serve
        from segmnist.explore.fields import changes_of, format_value
    except ModuleNotFoundError as error:
        raise MissingDependency("explore", "explore") from error

    exhibit = Exhibit.of(dataset, DigitBank.from_path(bank) if bank else None)
    if dataset is not None:
        refuse_beside(ctx, "DATASET", "preset", "spec", "set_", "split", "seed")
        first = int(exhibit.ids(0, 1)[0])
        start = "/clip?" + urlencode({"stored": "true", "clip": first})
    else:
        check_address(seed, split)
        name = preset or "standard"
        changes = changes_of(spec_from(preset, spec, set_), named_preset(check_preset(name)))
        fields = {field: format_value(value) for field, value in changes.items()}
        start = "/clip?" + urlencode({"preset": name, "split": split, "seed": seed, **fields}, safe=",")
    serve(exhibit, start=start, host=host, port=port, open_page=open_)
