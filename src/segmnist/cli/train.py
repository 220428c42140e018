"""`segmnist train`: a baseline, on clips drawn on the fly or out of a data set."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segmnist.baselines.catalog import MODELS
from segmnist.cli.completion import devices, model_names, part_names, suite_names
from segmnist.cli.exit_codes import INTERRUPTED
from segmnist.cli.options import (
    BankOption,
    DatasetOption,
    PresetOption,
    SetOption,
    SpecOption,
    named_input,
    spec_from,
)
from segmnist.cli.output import Answer, say
from segmnist.cli.torch_threads import take_one_thread
from segmnist.errors import BadArgument, MissingDependency

if TYPE_CHECKING:
    from segmnist.baselines.settings import Settings
    from segmnist.baselines.train import Progress

DEFAULT_MODEL = "unet"


def train(
    model: Annotated[
        str | None,
        typer.Argument(help=f"One of {', '.join(MODELS)}. Default: unet.", autocompletion=model_names),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The folder for checkpoints and logs. Default: runs/MODEL."),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(
            "--suite",
            "-s",
            help="The suite whose train split is used. Default: tiny-v1.",
            autocompletion=suite_names,
        ),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            "--part",
            help="One part of the suite. Default: all parts in turn.",
            autocompletion=part_names,
        ),
    ] = None,
    dataset: DatasetOption = None,
    preset: PresetOption = None,
    spec: SpecOption = None,
    changes: SetOption = None,
    bank: BankOption = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", help="The number of steps. Default: 1000, or no limit with --minutes."),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", help="A limit in minutes of processor time; of wall time on a GPU."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", help="The seed of the initial weights and the order of the clips. Default: 0."
        ),
    ] = None,
    batch: Annotated[int | None, typer.Option("--batch", help="Clips per step.")] = None,
    frames: Annotated[
        int | None, typer.Option("--frames", help="Frames to use of each clip, picked at random.")
    ] = None,
    width: Annotated[
        int | None, typer.Option("--width", help="Channels at full resolution, a multiple of 8.")
    ] = None,
    rate: Annotated[float | None, typer.Option("--rate", help="The highest learning rate of AdamW.")] = None,
    muon_rate: Annotated[
        float | None,
        typer.Option("--muon-rate", help="The highest learning rate of Muon; 0 for AdamW alone."),
    ] = None,
    precision: Annotated[
        str | None, typer.Option("--precision", help="The precision of a step: auto, bf16 or fp32.")
    ] = None,
    validations: Annotated[
        int | None, typer.Option("--validations", help="The number of validations in the whole run.")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Continue from the checkpoint in the folder, if it has one, with the settings that it has.",
        ),
    ] = False,
    speedrun: Annotated[
        bool,
        typer.Option("--speedrun", help="Train for two minutes on tiny-v1 and score the test split."),
    ] = False,
    device: Annotated[
        str,
        typer.Option("--device", help="Where to train: auto, cpu or cuda.", autocompletion=devices),
    ] = "auto",
    threads: Annotated[
        int | None,
        typer.Option("--threads", help="The CPU threads that torch uses. Default: OMP_NUM_THREADS, or 1."),
    ] = None,
    save_every: Annotated[int, typer.Option("--save-every", help="Steps between checkpoints.")] = 200,
) -> Answer:
    """Train a baseline model. If it is interrupted, --resume continues it.

    With --steps alone, its losses are then exactly the same. What is not given is taken from the model's own settings; with
    --resume, from the checkpoint.
    """
    take_one_thread()
    _check_torch()
    from segmnist.baselines.checkpoint import summary_of
    from segmnist.baselines.device import use_threads

    given: dict[str, Any] = {
        "model": model, "suite": suite, "part": part, "steps": steps, "minutes": minutes, "seed": seed, "batch": batch,
        "frames": frames, "width": width, "rate": rate, "muon_rate": muon_rate, "precision": precision,
        "validations": validations, "dataset": dataset, "bank": None if bank is None else str(bank),
    }  # fmt: skip
    given = {name: value for name, value in given.items() if value is not None}
    own = preset or spec or changes or (bank and not dataset)
    if named_input(suite=suite or part, dataset=dataset, own=own) == "own":
        given["spec"] = spec_from(preset, spec, changes).to_dict()
    if threads is not None:
        use_threads(threads)
    how = {"resume": resume, "device": device, "save_every": save_every}
    if speedrun:
        return _raced(given, out or Path("runs") / "speedrun", how)
    folder = out or Path("runs") / (model or DEFAULT_MODEL)
    settings = _settings(given, folder, resume)
    with _resumable(folder):
        place = _trained(settings, folder, how)
    return Answer(summary_of(place), (str(place),))


def _check_torch() -> None:
    """Raise `MissingDependency` where torch is not installed."""
    try:
        import segmnist.baselines.train  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingDependency("training", "train") from None


def _settings(given: Mapping[str, Any], folder: Path, resume: bool) -> Settings:
    """Return the settings that are asked for; to resume, those of the checkpoint in the folder if there is one."""
    from segmnist.baselines.checkpoint import LAST, settings_to_resume
    from segmnist.baselines.settings import Settings

    if resume and (folder / LAST).exists():
        return settings_to_resume(folder / LAST, given)
    settings = Settings.of(**{"model": DEFAULT_MODEL, **given})
    if resume:
        say(f"no checkpoint in {folder}: the training begins")
    return settings


@contextmanager
def _resumable(folder: Path) -> Iterator[None]:
    """Say, when the user stops a run, what is kept and how to go on."""
    from segmnist.baselines.checkpoint import LAST

    try:
        yield
    except KeyboardInterrupt:
        kept = f"{folder / LAST} is kept; segmnist train --out {folder} --resume goes on from there"
        typer.echo(
            f"segmnist: stopped; {kept if (folder / LAST).exists() else 'no checkpoint yet'}", err=True
        )
        raise SystemExit(INTERRUPTED) from None


def _trained(settings: Settings, folder: Path, how: Mapping[str, Any]) -> Path:
    """Train, say how far it is, and return the checkpoint."""
    from segmnist.baselines.train import train as run
    from segmnist.cli.progress import progress

    with progress(settings.model, "steps") as show:

        def report(now: Progress) -> None:
            total = settings.steps if settings.minutes is None else round(now.step / now.fraction)
            show(now.step, max(now.step, total or 0), _words(now))

        return run(settings, folder, report=report, **how)


def _raced(given: dict[str, Any], folder: Path, how: Mapping[str, Any]) -> Answer:
    """Train for two minutes on tiny-v1, and score the test split."""
    from segmnist.baselines import speedrun
    from segmnist.baselines.checkpoint import summary_of

    settings = _settings(speedrun.entered(given), folder, resume=False)
    if how["resume"]:
        permitted = "no --resume beside --speedrun, whose wall time is that of one go"
        raise BadArgument("resume", True, permitted, "begin anew in another folder with --out")
    began = time.perf_counter()
    place = _trained(settings, folder, how)
    row = speedrun.finished(folder, how["device"], began)
    return Answer(summary_of(place) | {"result": folder / speedrun.RESULT}, (str(place), row))


def _words(now: Progress) -> str:
    """Return the mean loss since the last report, and what the last validation found."""
    words = [f"loss {sum(now.losses) / len(now.losses):.4f}"] if now.losses else []
    if now.scores:
        words.append(f"validation NLL {now.scores['nll']:.4f}")
    return ", ".join(words)
