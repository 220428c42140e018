"""The levels of a sweep, read off the names of a suite's parts: `density-0.25` is .25 of the knob density."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NAME = re.compile(r"(?P<knob>[a-z_]+)-(?P<level>\d+(\.\d+)?(e[+-]\d+)?)")


@dataclass(frozen=True)
class Levels:
    """What a sweep turns, its parts in order, the label of each, and where each stands on the axis, 0 to 1."""

    knob: str
    parts: tuple[str, ...]
    labels: tuple[str, ...]
    places: tuple[float, ...]


def levels_of(parts: Sequence[str]) -> Levels | None:
    """Return the levels of a sweep; None where no two parts are levels of one knob, as in `exact-v2`.

    Where a part has no number, as `turning` in `rotation-v1`, all stand equally far apart, in the suite's order.

    >>> levels_of(["density-0", "density-0.25", "density-1"]).places
    (0.0, 0.25, 1.0)
    >>> levels_of(["tilt-0", "tilt-180", "turning"]).labels
    ('0', '180', 'turning')
    >>> levels_of(["small", "faint"])
    """
    found = [_NAME.fullmatch(part) for part in parts]
    knobs = [match["knob"] for match in found if match]
    if len(knobs) < 2 or len(set(knobs)) > 1:
        return None
    numbers = [float(match["level"]) for match in found if match]
    if len(numbers) < len(parts):
        numbers = [float(place) for place in range(len(parts))]
    low, high = min(numbers), max(numbers)
    if low == high:
        return None
    labels = tuple(match["level"] if match else part for match, part in zip(found, parts, strict=True))
    return Levels(knobs[0], tuple(parts), labels, tuple((n - low) / (high - low) for n in numbers))
