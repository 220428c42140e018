"""`segmnist preview`: clips as a picture or a film."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segmnist.cli.app import app
from segmnist.cli.options import (
    BankOption,
    PresetOption,
    SeedOption,
    SetOption,
    SpecOption,
    SplitOption,
    spec_from,
)
from segmnist.errors import BadArgument

PREVIEW_TRUTHS = ("instance",)


@app.command(epilog="Example: segmnist preview sample.png --preset standard --clips 3 --seed 0")
def preview(
    out: Annotated[Path, typer.Argument(help="The file to write: .png, .gif, .apng, .webp or .mp4.")],
    preset: PresetOption = None,
    spec: SpecOption = None,
    set_: SetOption = None,
    split: SplitOption = "train",
    clips: Annotated[int, typer.Option("--clips", "-n", help="How many clips, 1..100.")] = 3,
    first: Annotated[int, typer.Option("--first", help="Id of the first clip.")] = 0,
    seed: SeedOption = 0,
    truth: Annotated[
        list[str] | None, typer.Option("--truth", help="A further row of pictures: instance.")
    ] = None,
    fps: Annotated[float, typer.Option("--fps", help="Frames a second of a film, 0.1..50.")] = 10,
    scale: Annotated[
        int | None, typer.Option("--scale", help="Screen pixels a pixel; chosen if not given.")
    ] = None,
    bank: BankOption = None,
) -> None:
    """Draw clips beside their label maps: a contact sheet as .png, a film otherwise."""
    from segmnist.digits.bank import DigitBank
    from segmnist.preview import save_preview
    from segmnist.source import ClipSource

    if not 1 <= clips <= 100:
        raise BadArgument("--clips", clips, "1..100")
    if first < 0:
        raise BadArgument("--first", first, "0 or more")
    unknown = [name for name in truth or [] if name not in PREVIEW_TRUTHS]
    if unknown:
        raise BadArgument("--truth", unknown[0], ", ".join(PREVIEW_TRUTHS))
    source = ClipSource(
        spec_from(preset, spec, set_),
        split=split,
        seed=seed,
        truth=("semantic", *(truth or ())),
        bank=DigitBank.from_path(bank) if bank else None,
    )
    drawn = list(source[first : first + clips])
    instances = [clip["instance"] for clip in drawn] if truth else None
    save_preview(
        out,
        [clip.video for clip in drawn],
        [clip["semantic"] for clip in drawn],
        [clip.labels for clip in drawn],
        fps=fps,
        scale=scale,
        instances=instances,
    )
    typer.echo(f"{out}: {clips} clip{'s' if clips > 1 else ''}")
