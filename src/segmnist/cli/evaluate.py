"""`segmnist evaluate`: scores of predictions on a suite."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segmnist.cli.completion import observers, suite_names
from segmnist.cli.options import (
    BankOption,
    DatasetOption,
    DeviceOption,
    PartOption,
    PresetOption,
    ScoredSplitOption,
    SetOption,
    SpecOption,
    named_input,
    spec_from,
)
from segmnist.cli.output import Answer, say


def evaluate(
    predictions: Annotated[
        str,
        typer.Argument(
            help="A folder with one .npy or .npz per clip; one .npy, .npz or Zarr for all clips; a checkpoint (.pt) of "
            "`segmnist train`; or MODULE:NAME of a torch module or of a function from videos to predictions."
        ),
    ],
    suite: Annotated[
        str | None,
        typer.Option(
            "--suite",
            "-s",
            help="The suite; `segmnist suites` lists them. Default: standard-v1.",
            autocompletion=suite_names,
        ),
    ] = None,
    part: PartOption = None,
    dataset: DatasetOption = None,
    preset: PresetOption = None,
    spec: SpecOption = None,
    changes: SetOption = None,
    bank: BankOption = None,
    num_clips: Annotated[
        int | None,
        typer.Option(
            "--clips",
            "-n",
            help="How many clips of your own --preset, --spec or --set (default 200); or, for a quick look, only the first "
            "so many of each part of a suite.",
        ),
    ] = None,
    split: ScoredSplitOption = "test",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the result file, for `segmnist compare`.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write an HTML page with plots and the worst clips.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="The model's name in the result.")] = None,
    commit: Annotated[str | None, typer.Option("--commit", help="The commit of the model's code.")] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="The seed that the model was trained with.")
    ] = None,
    notes: Annotated[str, typer.Option("--notes", help="Any text to keep in the result file.")] = "",
    tracking: Annotated[
        bool,
        typer.Option(
            "--tracking", help="Also score tracking: HOTA, J&F and VIS AP. Needs the `tracking` extra."
        ),
    ] = False,
    observer: Annotated[
        str | None,
        typer.Option(
            "--oracle",
            help="Also compare with the exact posterior of this observer: offline, causal or frame; of a suite that asks for "
            "frames to come, prefix.",
            autocompletion=observers,
        ),
    ] = None,
    transfer: Annotated[
        bool,
        typer.Option(
            "--transfer", help="Score a checkpoint on a suite, part or spec that it was not trained on, too."
        ),
    ] = False,
    batch: Annotated[int, typer.Option("--batch", help="Clips per batch, when a model is run.")] = 8,
    device: DeviceOption = "auto",
    workers: Annotated[
        int, typer.Option("--workers", help="The number of processes, for stored predictions.")
    ] = 2,
) -> Answer:
    """Score predictions on a suite, a data set or a spec of your own; print a table, write a result file or a page if asked."""
    from segmnist.cli.progress import progress
    from segmnist.digits.bank import DigitBank
    from segmnist.evaluate.reports.results import save_result
    from segmnist.evaluate.reports.table import tables
    from segmnist.scoring import Trial, model_of
    from segmnist.scoring.trial import clips_to_score
    from segmnist.suites import suite_of_dataset
    from segmnist.whole_file import check_target, replace_file

    for place in filter(None, (out, html)):
        check_target(place)
    own = preset or spec or changes or (bank and not dataset)
    kind = named_input(suite=suite, dataset=dataset, own=own)
    digits = DigitBank.from_path(bank) if bank else None
    if kind == "own":
        asked, title = spec_from(preset, spec, changes), spec.stem if spec else preset or "standard"
        whole, first = clips_to_score(asked, num_clips, name=title, bank=digits)
    else:
        on = suite_of_dataset(dataset, split, digits) if dataset else suite or "standard-v1"
        whole, first = clips_to_score(on, num_clips)
    trial = Trial(model_of(predictions, device), whole, part, split, first)
    if not transfer:
        trial.model.check_trained_on(trial.suite)
    with progress(f"{whole.name} {split}") as show:
        result = trial.run(
            name=model, seed=seed, commit=commit, notes=notes, show=show,
            batch_size=batch, tracking=tracking, observer=observer, num_workers=workers,
        )  # fmt: skip
    if result.partial:
        say(f"partial: the first clips only, {trial.num_clips} of {trial.suite.num_clips(split)}")
    if out is not None:
        save_result(result, out)
    if html is not None:
        named = {"--suite": suite if kind else whole.name, "--part": part, "--preset": preset, "--spec": spec}
        named |= {"--bank": bank}
        explore = ["segmnist", "explore", "--predictions", predictions, "--split", split]
        explore += [
            word
            for name, value in (named | {"--clips": num_clips}).items()
            if value
            for word in (name, str(value))
        ]
        explore += [word for change in changes or [] for word in ("--set", change)]
        replace_file(html, trial.page(result, [] if dataset else explore).encode())
    return Answer(result, (tables(result.parts),))
