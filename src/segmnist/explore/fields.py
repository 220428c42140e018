"""The spec's fields as the page and the address bar see them: kind, range, group, and how text becomes a value."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from segmnist.errors import BadArgument
from segmnist.scene.spec import SceneSpec, about_of, limits_of, sections

Kind = Literal[
    "integer", "number", "switch", "choice", "integer_range", "number_range", "integers", "words", "pairs"
]


class Field(msgspec.Struct, frozen=True):
    """A field of the spec: what a control needs to know."""

    name: str
    group: str
    kind: Kind
    about: str
    default: Any
    low: float | None = None
    high: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()


@cache
def fields() -> dict[str, Field]:
    """Return the fields by name, in the spec's order."""
    types = get_type_hints(SceneSpec)
    defaults = SceneSpec().to_dict()
    found = {}
    for group, names in sections().items():
        for name in names:
            limits, (kind, choices) = limits_of(name), _kind(types[name])
            field = Field(name, group, kind, about_of(name), defaults[name], choices=choices)
            if limits:
                field = msgspec.structs.replace(field, low=limits.low, high=limits.high, unit=limits.unit)
            found[name] = field
    return found


SINGLE: dict[Any, Kind] = {bool: "switch", int: "integer", float: "number"}


def _kind(hint: Any) -> tuple[Kind, tuple[str, ...]]:
    arguments = get_args(hint)
    if get_origin(hint) is Literal:
        return "choice", arguments
    if hint in SINGLE:
        return SINGLE[hint], ()
    if arguments[-1] is not Ellipsis:
        return ("number_range" if float in arguments else "integer_range"), ()
    if arguments[0] is int:
        return "integers", ()
    return ("words", get_args(arguments[0])) if get_origin(arguments[0]) is Literal else ("pairs", ())


def parse_changes(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return fields' values from the text in an address: numbers, words, `1,3` for ranges and lists, `6-9` for pairs.

    Raises `BadArgument` for text of another kind; the ranges are SceneSpec's to check.

    >>> parse_changes({"speed_range": "1,3", "twins": "6-9,2-5", "cut_corners": "true"})
    {'speed_range': [1.0, 3.0], 'twins': [[6, 9], [2, 5]], 'cut_corners': True}
    """
    return {name: _parse(fields()[name], text) for name, text in texts.items()}


def _parse(field: Field, text: str) -> Any:
    parts = text.split(",") if text else []
    try:
        match field.kind:
            case "switch":
                return {"true": True, "false": False}[text]
            case "choice":
                return text
            case "words":
                return parts
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "number_range":
                return [float(part) for part in parts]
            case "pairs":
                return [[int(number) for number in part.split("-")] for part in parts]
            case _:
                return [int(part) for part in parts]
    except (ValueError, KeyError):
        raise BadArgument(field.name, text[:60], f"text like {format_value(field.default)!r}") from None


def format_value(value: Any) -> str:
    """Return a value as an address holds it.

    >>> format_value([1.0, 2.5]), format_value([[6, 9]]), format_value(True)
    ('1.0,2.5', '6-9', 'true')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return ",".join(
            "-".join(map(str, v)) if isinstance(v, (list, tuple)) else format_value(v) for v in value
        )
    return str(value)


def changes_of(spec: SceneSpec, base: SceneSpec) -> dict[str, Any]:
    """Return the fields in which a spec differs from another, as plain values."""
    theirs = base.to_dict()
    return {name: value for name, value in spec.to_dict().items() if value != theirs[name]}
