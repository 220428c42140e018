"""What segmnist raises: one base class, so that a caller can catch everything, and a few leaves."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Iterable
from typing import Any

MOST_SHOWN = 300
"""Characters of a bad value that a message shows."""


def one_line(text: object) -> str:
    r"""Return text with what a terminal would act on, line ends included, spelled out; file names may hold any.

    >>> print(one_line("a\x1b[2J\nb é"))
    a\x1b[2J\nb é
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def shown(value: object) -> str:
    """Return a value as a message shows it: its `repr`, shortened.

    >>> shown("a" * 1000)[-30:]
    'aaaaaaaa... (1,002 characters)'
    """
    try:
        return shortened(repr(value))
    except (RecursionError, ValueError):  # too deep, or a number of more digits than Python writes
        return f"a {type(value).__name__} too large to show"


def shortened(text: str) -> str:
    """Return the beginning of a text, and its length, if it is longer than a message should be."""
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}... ({len(text):,} characters)"


class SegmnistError(Exception):
    """Base of every error that segmnist raises on purpose; its message is one line that a user can act on."""


class BadArgument(SegmnistError, ValueError):
    """A value that the caller gave is not permitted.

    The message names the argument, the value, the permitted range and the likely fix.

    >>> raise BadArgument("num_frames", 0, "1..10000", "ask for at least one frame")
    Traceback (most recent call last):
    segmnist.errors.BadArgument: num_frames=0 is not permitted: expected 1..10000; ask for at least one frame
    """

    def __init__(self, argument: str, value: object, permitted: str, fix: str = "") -> None:
        self.argument, self.value, self.permitted, self.fix = argument, value, permitted, fix
        told = f"{argument}={shown(value)} is not permitted: expected {permitted}"
        super().__init__(told + (f"; {shortened(fix)}" if fix else ""))

    def __reduce__(self) -> tuple[type[BadArgument], tuple[str, object, str, str]]:
        # Worker processes send errors home by pickle, which would call __init__ with the message alone.
        return type(self), (self.argument, self.value, self.permitted, self.fix)


class CorruptData(SegmnistError):
    """Stored bytes do not match their checksum or format. The message names the file and the fault."""


class MissingDependency(SegmnistError, ImportError):
    """An optional library is not installed. The message says what to install.

    feature: what the caller asked for. extra: the extra of segmnist that has the libraries.
    """

    def __init__(self, feature: str, extra: str) -> None:
        self.feature, self.extra = feature, extra
        libraries = " ".join(f"'{library}'" for library in libraries_of(extra))
        super().__init__(
            f"{feature} needs the extra {extra!r} of segmnist; install it with: pip install {libraries}"
        )

    def __reduce__(self) -> tuple[type[MissingDependency], tuple[str, str]]:
        return type(self), (self.feature, self.extra)


def whole_number(argument: str, value: Any, low: int, high: int | None = None, fix: str = "") -> int:
    """Return a whole number in low..high, of Python, NumPy or PyTorch. Raises `BadArgument` for anything else.

    >>> whole_number("batch_size", 2.5, 1)
    Traceback (most recent call last):
    segmnist.errors.BadArgument: batch_size=2.5 is not permitted: expected a whole number, 1 or more
    """
    permitted = f"a whole number, {low} or more" if high is None else f"a whole number in {low}..{high}"
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < low or (high is not None and number > high):
        raise BadArgument(argument, value, permitted, fix)
    return number


def libraries_of(extra: str) -> list[str]:
    """Return what pip has to install for an extra, for instance `["h5py>=3.11"]`.

    pip may not find segmnist itself by name (a clone, a wheel from elsewhere), but it finds these libraries.
    """
    from importlib.metadata import PackageNotFoundError, requires

    try:
        stated = [requirement.partition(";") for requirement in requires("segmnist") or ()]
    except PackageNotFoundError:  # run from its sources, never installed
        stated = []
    libraries = [library.strip() for library, _, marker in stated if f"extra == '{extra}'" in marker]
    return libraries or [f"segmnist[{extra}]"]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "did you mean ...?" with the known name that was probably meant, or nothing.

    It begins with the name, has it as a word, or is spelt like it.

    >>> did_you_mean("speed", ["height", "shape_speed_range", "speed_range"])
    'did you mean speed_range?'
    >>> did_you_mean("rotation", ["height", "rotation_rate_range"]), did_you_mean("hieght", ["height"])
    ('did you mean rotation_rate_range?', 'did you mean height?')
    """
    name, names = name[:MOST_SHOWN], list(known)
    beginning = [other for other in names if name and other.startswith(name)]
    holding = [other for other in names if name in re.split("[_-]", other)]
    near = [*beginning, *holding, *difflib.get_close_matches(name, names, n=1)]
    return f"did you mean {near[0]}?" if near else ""
