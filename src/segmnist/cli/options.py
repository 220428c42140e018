"""Options that several commands share, and how `--preset`, `--spec` and `--set` become a spec."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from segmnist.errors import BadArgument
from segmnist.scene.presets import check_preset, preset
from segmnist.scene.spec import SceneSpec, check_names
from segmnist.text_file import parsed_toml

PresetOption = Annotated[
    str | None,
    typer.Option("--preset", "-p", help="The preset to start from; `segmnist presets` lists them."),
]
SpecOption = Annotated[
    Path | None,
    typer.Option("--spec", help="A TOML file with a spec, instead of a preset; see `segmnist show`."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="Change one field of the spec, such as num_frames=60. Repeatable.",
    ),
]
SplitOption = Annotated[str, typer.Option("--split", help="The split to draw from: train, val or test.")]
SeedOption = Annotated[int, typer.Option("--seed", help="The seed, a whole number in 0..2^64-1.")]
BankOption = Annotated[
    Path | None,
    typer.Option("--bank", help="Draw other digits than MNIST: an .npz file or a folder of IDX files."),
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", help="The number of processes. Default: one per CPU.")
]
ExecutorOption = Annotated[str, typer.Option("--executor", help="Where to run: local or ray.")]
AddressOption = Annotated[
    str | None, typer.Option("--address", help="The address of a Ray cluster. Default: start one.")
]
PlaceArgument = Annotated[
    str, typer.Argument(metavar="OUT", help="The folder or URL of a data set, or one that holds several.")
]


def spec_from(preset_name: str | None, spec_file: Path | None, changes: list[str] | None) -> SceneSpec:
    """Return the spec that the options name; raise `BadArgument` for a bad one."""
    if preset_name and spec_file:
        raise BadArgument("--spec", str(spec_file), "either --preset or --spec", "leave one out")
    spec = SceneSpec.from_toml(spec_file) if spec_file else preset(check_preset(preset_name or "standard"))
    return spec.replace(**_parsed(changes or [])) if changes else spec


def refuse_beside(ctx: typer.Context, what: str, *names: str) -> None:
    """Raise `BadArgument` for an option of these names on the command line, where `what` says all of them."""
    for option in ctx.command.params:
        source = ctx.get_parameter_source(option.name or "")
        if option.name in names and source is not None and source.name == "COMMANDLINE":
            fix = f"{what} says it already; leave one out"
            value = ctx.params[option.name]
            raise BadArgument(option.opts[0], value, f"no such option beside {what}", fix)


def _parsed(changes: list[str]) -> dict[str, Any]:
    """Return `field=value` pairs with TOML values; a bare word or a comma list is taken as a string or a list.

    >>> _parsed(["num_frames=8", "speed_range=1,3", "digit_motion=origin"])
    {'num_frames': 8, 'speed_range': [1, 3], 'digit_motion': 'origin'}
    """
    values = {}
    for change in changes:
        name, equals, text = change.partition("=")
        name, text = name.strip().replace("-", "_"), text.strip()
        if not equals or not text:
            raise BadArgument("--set", change, "FIELD=VALUE", "for example --set num_frames=60")
        check_names([name])
        values[name] = _value(text)
    return values


def _value(text: str) -> Any:
    for form in (text, f"[{text}]" if "," in text else "", f'"{text}"'):
        try:
            return parsed_toml(f"value = {form}")["value"]
        except tomllib.TOMLDecodeError:
            continue
    raise BadArgument("--set", text, "a TOML value")
