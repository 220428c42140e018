"""`segmnist evaluate`: scores of predictions on a suite."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from segmnist.cli.options import PresetOption, SetOption, SpecOption, spec_from
from segmnist.cli.progress import counting
from segmnist.errors import BadArgument, MissingDependency
from segmnist.urls import is_url, local_path
from segmnist.version import GENERATOR_VERSION, __version__

if TYPE_CHECKING:
    from segmnist.suites import Suite

LINE_OF_A_FILE = 200
"""Characters that a table may take in a file or pipe."""


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
        typer.Option("--suite", "-s", help="The suite; `segmnist suites` lists them. Default: standard-v1."),
    ] = None,
    part: Annotated[
        str | None, typer.Option("--part", help="Only this part of the suite; predictions are of it alone.")
    ] = None,
    preset: PresetOption = None,
    spec: SpecOption = None,
    changes: SetOption = None,
    num_clips: Annotated[
        int | None,
        typer.Option(
            "--clips",
            "-n",
            help="How many clips of your own --preset, --spec or --set (default 200); or, for a quick look, only the first "
            "so many of each part of a suite.",
        ),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="The split: test or val.")] = "test",
    json: Annotated[Path | None, typer.Option("--json", help="Write the result to this JSON file.")] = None,
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
            help="Also compare with the exact posterior of this observer: offline, causal or frame.",
        ),
    ] = None,
    transfer: Annotated[
        bool,
        typer.Option(
            "--transfer", help="Score a checkpoint on a suite, part or spec that it was not trained on, too."
        ),
    ] = False,
    batch: Annotated[int, typer.Option("--batch", help="Clips per batch, when a model is run.")] = 8,
    device: Annotated[
        str, typer.Option("--device", help="Where a torch model runs: auto, cpu or cuda.")
    ] = "auto",
    workers: Annotated[
        int, typer.Option("--workers", help="The number of processes, for stored predictions.")
    ] = 2,
) -> None:
    """Score predictions on a suite or a spec of your own; print a table, and write a JSON file or an HTML page if asked."""
    from segmnist.evaluate.reports.page import page
    from segmnist.evaluate.reports.results import SCHEMA, Result, hardware, save_result
    from segmnist.evaluate.reports.table import tables
    from segmnist.suites import evaluate as score
    from segmnist.suites.checksums import is_frozen, suite_sha256
    from segmnist.suites.worst import worst_clips
    from segmnist.views.mistakes import explorer_html, mistakes_html
    from segmnist.whole_file import check_target, replace_file

    for place in filter(None, (json, html)):
        check_target(place)
    whole = _suite(suite, preset, spec, changes, num_clips)
    chosen = whole if part is None else whole.only(part)
    first = num_clips if is_frozen(chosen) else None
    number = sum((part if first is None else part.first(first)).num_clips(split) for part in chosen.parts)
    partial = number < chosen.num_clips(split)
    source, name = source_of(predictions, chosen, transfer, device)
    with counting(f"{chosen.name} {split}", number) as progress:
        parts = score(
            source, chosen, split=split, batch_size=batch, tracking=tracking, observer=observer,
            first=first, num_workers=workers, progress=progress,
        )  # fmt: skip
    result = Result(
        SCHEMA, whole.name, suite_sha256(whole), split, model or name, parts, __version__, GENERATOR_VERSION,
        seed, commit, hardware(), notes, partial=partial,
    )  # fmt: skip
    if partial:
        typer.echo(f"partial: the first clips only, {number} of {chosen.num_clips(split)}", err=True)
    _wide_console().print(tables(parts))
    if json is not None:
        save_result(result, json)
    if html is not None:
        clips = worst_clips(source, chosen, parts, split=split, first=first)
        options = {"--suite": suite, "--part": part, "--preset": preset, "--spec": spec, "--clips": num_clips}
        command = ["segmnist", "explore", "--predictions", predictions, "--split", split]
        command += [text for name, value in options.items() if value for text in (name, str(value))]
        command += [text for change in changes or [] for text in ("--set", change)]
        if not (suite or preset or spec or changes):
            command += ["--suite", chosen.name]
        mistakes = {
            name: mistakes_html(found) + explorer_html(command, name, found) for name, found in clips.items()
        }
        replace_file(html, page(result, mistakes).encode())


def _suite(
    name: str | None, preset: str | None, spec: Path | None, changes: list[str] | None, clips: int | None
) -> Suite:
    """Return the suite that the options name, or one of their own spec."""
    from segmnist.suites import suite, suite_of

    own = preset or spec or changes
    if own and name:
        raise BadArgument("--suite", name, "either --suite or --preset, --spec and --set", "leave one out")
    if own:
        title = spec.stem if spec else preset or "standard"
        return suite_of(spec_from(preset, spec, changes), 200 if clips is None else clips, name=title)
    return suite(name or "standard-v1")


def _wide_console() -> Console:
    """Return the console; without a terminal a file's, whose lines are not broken."""
    console = Console()
    return console if console.is_terminal else Console(width=LINE_OF_A_FILE)


def source_of(predictions: str, asked: Suite, transfer: bool, device: str) -> tuple[Any, str]:
    """Return what to score and its name: a path, a checkpoint's model, or a function."""
    if is_url(predictions):
        fix = "copy it from the store first"
        raise BadArgument("PREDICTIONS", predictions, "a local file or folder, or MODULE:FUNCTION", fix)
    path = local_path(predictions)
    if path.suffix == ".pt":
        try:
            from segmnist.baselines.predict import load_predictor
            from segmnist.baselines.score import check_trained_on
        except ModuleNotFoundError as error:
            if error.name != "torch":
                raise
            raise MissingDependency("a checkpoint", "train") from None
        loaded = load_predictor(path, device)
        if not transfer:
            check_trained_on(path, asked)
        return loaded
    if path.exists() or ":" not in predictions:
        return path, path.stem
    return _function(predictions, device), predictions


def _function(name: str, device: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    sys.path.insert(0, "")
    try:
        function = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise BadArgument(
            "PREDICTIONS", name, "a path, or MODULE:NAME that can be imported", str(error)
        ) from None
    if not callable(function):
        raise BadArgument("PREDICTIONS", name, "a function from videos (B,T,H,W) to predictions")
    torch = sys.modules.get("torch")  # where it was never imported there are no modules of its own
    if torch is not None and isinstance(function, torch.nn.Module):
        from segmnist.baselines.predict import predictor

        return predictor(function, device)
    return function
