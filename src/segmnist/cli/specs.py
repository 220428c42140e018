"""`segmnist presets` and `segmnist show`: the presets and their specs."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from segmnist.cli.options import SetOption, SpecOption, spec_from
from segmnist.scene.presets import PRESETS


def presets() -> None:
    """List the presets: named kinds of clips."""
    table = Table(
        "preset", "frames", "size", "digits", "what it is", box=None, header_style="bold", pad_edge=False
    )
    for name, make in PRESETS.items():
        spec = make()
        low, high = spec.num_digits_range
        about = (make.__doc__ or "").strip().splitlines()[0]
        table.add_row(name, str(spec.num_frames), f"{spec.height}x{spec.width}", f"{low}-{high}", about)
    Console(soft_wrap=False).print(table)


def show(
    preset: Annotated[
        str | None, typer.Argument(help="The preset to print; `segmnist presets` lists them.")
    ] = None,
    spec: SpecOption = None,
    set_: SetOption = None,
) -> None:
    """Print the spec of a preset as TOML, to edit and pass to --spec."""
    typer.echo(spec_from(preset, spec, set_).to_toml(), nl=False)
