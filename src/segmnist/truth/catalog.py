"""The one table of arrays that clips may hold: what each is called, its axes, its dtype, its padding, what it means."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NamedTuple

from segmnist.errors import BadArgument


class ArrayKind(NamedTuple):
    """Axes after the leading clip axis, dtype, the value of padding rows, and a sentence."""

    axes: tuple[str, ...]
    dtype: str
    padding: float
    about: str


BACKGROUND = 10
"""The class of the background in `semantic`."""
IGNORE = 255
"""No class: padding of `labels`."""

FRAME = ("time", "y", "x")

ARRAYS: dict[str, ArrayKind] = {
    "video": ArrayKind(FRAME, "uint8", 0, "grey levels"),
    "labels": ArrayKind(("digit",), "uint8", IGNORE, "class of each digit, 255 in padding"),
    "num_digits": ArrayKind((), "int32", 0, "digits that are real; the others are padding"),
    "semantic": ArrayKind(FRAME, "uint8", BACKGROUND, "class of the digit seen, 10 = background"),
    "instance": ArrayKind(FRAME, "uint8", 0, "1..N = the digit seen, 0 = background"),
}
"""`digit` has max(num_digits_range) rows; row i is instance i+1."""

ALWAYS = ("video", "labels", "num_digits")
"""Arrays that every batch of clips has."""

TRUTHS: dict[str, tuple[str, ...]] = {
    "semantic": ("semantic",),
    "instance": ("instance",),
}
"""Truths by the name one asks for, and the arrays that each brings."""


def check_truths(names: str | Iterable[str]) -> tuple[str, ...]:
    """Return the names in the catalog's order; raise `BadArgument` for one that is no truth.

    >>> check_truths(["instance", "semantic"])
    ('semantic', 'instance')
    """
    asked = {names} if isinstance(names, str) else set(names)
    for name in sorted(asked):
        if name not in TRUTHS:
            near = difflib.get_close_matches(str(name), TRUTHS, n=1)
            raise BadArgument("truth", name, ", ".join(TRUTHS), f"did you mean {near[0]}?" if near else "")
    return tuple(name for name in TRUTHS if name in asked)


def arrays_of(truths: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the arrays that these truths bring, without those that are always there."""
    return tuple(dict.fromkeys(array for truth in truths for array in TRUTHS[truth]))
