"""Options that several commands share, and how `--preset`, `--spec` and `--set` become a spec."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segmnist.cli.completion import (
    devices,
    executors,
    field_changes,
    format_names,
    part_names,
    preset_names,
    scored_splits,
    splits,
    truth_names,
)
from segmnist.errors import BadArgument
from segmnist.formats import FOLDER, SHARDED, WHOLE
from segmnist.text_file import parsed_toml

if TYPE_CHECKING:
    from segmnist.scene.spec import SceneSpec

PresetOption = Annotated[
    str | None,
    typer.Option(
        "--preset",
        "-p",
        help="The preset to start from; `segmnist presets` lists them.",
        autocompletion=preset_names,
    ),
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
        autocompletion=field_changes,
    ),
]
SplitOption = Annotated[
    str,
    typer.Option("--split", help="The split to draw from: train, val or test.", autocompletion=splits),
]
ScoredSplitOption = Annotated[
    str,
    typer.Option("--split", help="The split: test or val.", autocompletion=scored_splits),
]
StoredSplitOption = Annotated[
    str | None,
    typer.Option("--split", help="The split, if DATASET holds several.", autocompletion=splits),
]
TruthOption = Annotated[
    list[str] | None,
    typer.Option(
        "--truth",
        help="A ground truth to store beside `semantic`, such as instance. Repeatable.",
        autocompletion=truth_names,
    ),
]
FormatOption = Annotated[
    str,
    typer.Option(
        "--format",
        help="The file format: " + ", ".join([*SHARDED, *WHOLE, *FOLDER]) + ".",
        autocompletion=format_names,
    ),
]
DatasetOption = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        "-d",
        help="The folder or URL of a data set from `segmnist generate`, instead of a suite.",
    ),
]
PartOption = Annotated[
    str | None,
    typer.Option(
        "--part",
        help="Only this part of the suite; predictions are of it alone.",
        autocompletion=part_names,
    ),
]
DeviceOption = Annotated[
    str,
    typer.Option("--device", help="Where a torch model runs: auto, cpu or cuda.", autocompletion=devices),
]
SeedOption = Annotated[int, typer.Option("--seed", help="The seed, a whole number in 0..2^64-1.")]
BankOption = Annotated[
    Path | None,
    typer.Option("--bank", help="Draw other digits than MNIST: an .npz file or a folder of IDX files."),
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", help="The number of processes. Default: one per CPU.")
]
ExecutorOption = Annotated[
    str,
    typer.Option("--executor", help="Where to run: local or ray.", autocompletion=executors),
]
AddressOption = Annotated[
    str | None, typer.Option("--address", help="The address of a Ray cluster. Default: start one.")
]
PlaceArgument = Annotated[
    str, typer.Argument(metavar="DATASET", help="The folder or URL of a data set, or one that holds several.")
]


def spec_from(preset_name: str | None, spec_file: Path | None, changes: list[str] | None) -> SceneSpec:
    """Return the spec that the options name; raise `BadArgument` for a bad one."""
    from segmnist.scene.presets import check_preset, preset
    from segmnist.scene.spec import SceneSpec

    if preset_name and spec_file:
        raise BadArgument("--spec", str(spec_file), "either --preset or --spec", "leave one out")
    spec = SceneSpec.from_toml(spec_file) if spec_file else preset(check_preset(preset_name or "standard"))
    return spec.replace(**_parsed(changes or [])) if changes else spec


def named_input(**named: object) -> str | None:
    """Return the one of these options that is given, None without any; raise `BadArgument` for more than one.

    Such as `dataset` or `suite`; `own`, what --preset, --spec, --set and --bank say, counts as one.
    """
    words = {"own": "--preset, --spec, --set and --bank"}
    given = [name for name, value in named.items() if value]
    if len(given) > 1:
        flags = [words.get(name, f"--{name}") for name in given]
        raise BadArgument(flags[0], named[given[0]], f"either {flags[0]} or {flags[1]}", "leave one out")
    return given[0] if given else None


def refuse_beside(ctx: typer.Context, what: str, *names: str) -> None:
    """Raise `BadArgument` for an option of these names on the command line, where `what` says all of them."""
    for option in ctx.command.params:
        source = ctx.get_parameter_source(option.name or "")
        if option.name in names and source is not None and source.name == "COMMANDLINE":
            fix = f"{what} says it already; leave one out"
            value = ctx.params[option.name]
            raise BadArgument(option.opts[0], value, f"no such option beside {what}", fix)


def _parsed(changes: list[str]) -> dict[str, Any]:
    """Return `field=value` pairs, each value in the form that its field needs.

    >>> _parsed(["num_frames=8", "speed_range=1..3", "digit_motion=origin", "angle_range=0"])
    {'num_frames': 8, 'speed_range': [1, 3], 'digit_motion': 'origin', 'angle_range': [0, 0]}
    """
    from segmnist.scene.spec import check_names

    values = {}
    for change in changes:
        name, equals, text = change.partition("=")
        name, text = name.strip().replace("-", "_"), text.strip()
        if not equals or not text:
            raise BadArgument("--set", change, "FIELD=VALUE", "for example --set num_frames=60")
        check_names([name])
        values[name] = _value(name, text)
    return values


_NUMBER = r"-?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"\(?({_NUMBER})\s*(?:\.\.|-)\s*({_NUMBER})\)?")
"""`1..5` or `1-5`; a comma and brackets are TOML's own."""
_SWITCHES = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}


def _value(name: str, text: str) -> Any:
    """Return the value of a field as people write it: see `docs/start.md`."""
    from segmnist.scene.spec import SceneSpec

    default = getattr(SceneSpec(), name)
    if isinstance(default, bool):
        return _SWITCHES.get(text.lower(), _toml(text))
    if name.endswith("_range"):
        ends = _RANGE.fullmatch(text)
        value = _toml(f"[{ends[1]}, {ends[2]}]") if ends else _toml(text)
        return [value, value] if isinstance(value, (int, float)) else value
    if name == "twins":
        pairs = re.fullmatch(r"\d-\d(\s*,\s*\d-\d)*", text)
        return [[int(a), int(b)] for a, b in re.findall(r"(\d)-(\d)", text)] if pairs else _toml(text)
    if isinstance(default, tuple):
        span = re.fullmatch(r"(\d{1,3})(?:\.\.|-)(\d{1,3})", text)
        if span:
            return list(range(int(span[1]), int(span[2]) + 1))
        value = _toml(text)
        return value if isinstance(value, list) else [value]
    return _toml(text)


def _toml(text: str) -> Any:
    """Return a TOML value; a bare word is a string, and round brackets or bare commas make a list."""
    square = text.translate(str.maketrans("()", "[]")) if text[0] in "([" else text
    listed = f"[{square}]" if "," in text else ""
    words = [word.strip() for word in text.strip("()").split(",")]
    quoted = f"[{', '.join(map(json.dumps, words))}]" if len(words) > 1 else json.dumps(text)
    for form in (square, listed, quoted):
        try:
            return parsed_toml(f"value = {form}")["value"]
        except tomllib.TOMLDecodeError:
            continue
    raise BadArgument("--set", text, "a TOML value")
