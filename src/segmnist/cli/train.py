"""`segmnist train`: a baseline, on clips drawn on the fly."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segmnist.baselines.catalog import MODELS
from segmnist.cli.progress import progress
from segmnist.errors import MissingDependency


def train(
    model: Annotated[str, typer.Argument(help=f"One of {', '.join(MODELS)}.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The folder for the checkpoint and the TensorBoard logs.")
    ],
    suite: Annotated[
        str,
        typer.Option(
            "--suite", "-s", help="The suite whose train split is used; `segmnist suites` lists them."
        ),
    ] = "standard-v1",
    steps: Annotated[int, typer.Option("--steps", help="The number of batches to train on.")] = 1000,
    batch: Annotated[int, typer.Option("--batch", help="Clips per batch.")] = 8,
    seed: Annotated[int, typer.Option("--seed", help="The seed of the initial weights.")] = 0,
    rate: Annotated[float, typer.Option("--rate", help="The highest learning rate.")] = 3e-3,
    width: Annotated[int, typer.Option("--width", help="Channels at full resolution, a multiple of 8.")] = 16,
    frames: Annotated[
        int | None, typer.Option("--frames", help="Train on the first N frames of each clip. Default: all.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue from the checkpoint in the folder.")
    ] = False,
    device: Annotated[str, typer.Option("--device", help="Where to train: auto, cpu or cuda.")] = "auto",
    save_every: Annotated[int, typer.Option("--save-every", help="Steps between checkpoints.")] = 200,
) -> None:
    """Train a baseline model. If it is interrupted, --resume continues it with exactly the same losses."""
    try:
        from segmnist.baselines.train import Settings
        from segmnist.baselines.train import train as run
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingDependency("training", "train") from None
    settings = Settings(model, suite, steps, batch, seed, rate, width, frames)
    with progress(model, "steps") as show:

        def report(step: int, loss: float) -> None:
            show(step + 1, steps, f"loss {loss:.4f}")

        place = run(settings, out, resume=resume, device=device, save_every=save_every, report=report)
    typer.echo(f"{place}: {steps} steps")
