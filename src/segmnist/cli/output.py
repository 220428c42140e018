"""What commands print: the answer on stdout, as text or with `--json` as one document; all else on stderr.

A command returns an `Answer`, and `command` gives it the options `--json` and `--quiet`, which so mean the same everywhere.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePath
from typing import Annotated, Any, NamedTuple, get_type_hints

import typer

from segmnist.quiet import QUIET, is_quiet

LARGE_BYTES = 64 << 20
"""Memory that is worth a remark before it is taken."""

LINE_OF_A_FILE = 200
"""Characters that a table may take in a file or pipe, where no window limits it."""

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the answer as one JSON document, and nothing else on stdout.")
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print the answer and errors alone: no progress, no remarks.")
]


class Answer(NamedTuple):
    """What a command answers: plain values for `--json`, text or tables of rich for people, and the exit code."""

    data: object
    shown: tuple[Any, ...] = ()
    code: int = 0


def command(function: Callable[..., Answer | None]) -> Callable[..., None]:
    """Return a command with the option `--quiet`, and with `--json` if it gives an `Answer`."""
    hints = get_type_hints(function, include_extras=True)
    answers = hints.pop("return") is Answer
    added = {"json": JsonOption, "quiet": QuietOption} if answers else {"quiet": QuietOption}

    @functools.wraps(function)
    def run(*arguments: Any, json: bool = False, quiet: bool = False, **options: Any) -> None:
        with _quiet(quiet or is_quiet()):
            answer = function(*arguments, **options)
        if answer is not None:
            _print(answer, json)
            if answer.code:
                raise typer.Exit(answer.code)

    own = inspect.signature(function).parameters.values()
    parameters = [parameter.replace(annotation=hints[parameter.name]) for parameter in own]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
        for name, annotation in added.items()
    ]
    run.__doc__ = re.sub(
        r"(?<!\n)\n(?!\n)", " ", inspect.getdoc(function) or ""
    )  # lines break where the window ends
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {**hints, **added}
    return run


def say(text: str) -> None:
    """Print a remark on stderr, unless `--quiet` was given."""
    if not is_quiet():
        typer.echo(text, err=True)


def say_memory(what: str, num_bytes: int) -> None:
    """Say on stderr how much memory something will take, if that is much; no memory has been taken yet."""
    from segmnist.dataset.progress import size_text

    if num_bytes >= LARGE_BYTES:
        say(f"{what}: {size_text(num_bytes)} of memory")


@contextmanager
def _quiet(wanted: bool) -> Iterator[None]:
    before = os.environ.get(QUIET)
    if wanted:
        os.environ[QUIET] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(QUIET, None)


def _print(answer: Answer, as_json: bool) -> None:
    if as_json:
        import msgspec

        encoded = msgspec.json.encode(_plain(answer.data))
        typer.echo(msgspec.json.format(encoded, indent=1).decode())
        return
    for part in answer.shown:
        if isinstance(part, str):
            typer.echo(part, nl=not part.endswith("\n"))
        else:
            _console().print(part)


def _console() -> Any:
    """Return rich's console; without a terminal a file's, whose lines are not broken."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(width=LINE_OF_A_FILE)


def _plain(value: Any) -> Any:
    """Return a value in the types of JSON: objects by their `to_dict` or their fields, arrays as lists, paths as text."""
    if hasattr(value, "to_dict"):
        return _plain(value.to_dict())
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, PurePath):
        return str(value)
    return value.tolist() if hasattr(value, "tolist") else value
