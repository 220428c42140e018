"""`segmnist presets` and `segmnist show`: the presets and their specs."""

from __future__ import annotations

from typing import Annotated

import typer

from segmnist.cli.completion import preset_names
from segmnist.cli.options import SetOption, SpecOption, spec_from
from segmnist.cli.output import Answer


def presets() -> Answer:
    """List the presets: named kinds of clips."""
    from rich.table import Table

    from segmnist.scene.presets import PRESETS

    columns = ("preset", "frames", "size", "digits", "what it is")
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    data = []
    for name, make in PRESETS.items():
        spec = make()
        low, high = spec.num_digits_range
        about = (make.__doc__ or "").strip().splitlines()[0]
        table.add_row(name, str(spec.num_frames), f"{spec.height}x{spec.width}", f"{low}-{high}", about)
        data.append({"name": name, "about": about, "spec": spec.to_dict()})
    return Answer(data, (table,))


def show(
    preset: Annotated[
        str | None,
        typer.Argument(
            help="The preset to print; `segmnist presets` lists them.", autocompletion=preset_names
        ),
    ] = None,
    spec: SpecOption = None,
    set_: SetOption = None,
) -> Answer:
    """Print the spec of a preset as TOML, to edit and pass to --spec."""
    made = spec_from(preset, spec, set_)
    return Answer(made.to_dict(), (made.to_toml(),))
