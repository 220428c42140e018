"""The `--curve` option: a score by level, drawn into an SVG or PNG file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from segmnist.errors import BadArgument
from segmnist.whole_file import check_target, replace_file

if TYPE_CHECKING:
    from segmnist.evaluate.reports.compare import Comparison


def check_curve(place: Path) -> None:
    """Raise `BadArgument` unless a curve can be written there."""
    if place.suffix not in (".svg", ".png"):
        raise BadArgument("--curve", str(place), "a file whose name ends in .svg or .png")
    check_target(place)


def write_curve(comparison: Comparison, place: Path) -> None:
    """Draw the first score that was compared by level; raise `BadArgument` where the parts are no levels."""
    levels = comparison.levels
    if levels is None:
        why = f"the parts of {comparison.suite} are not levels of one knob"
        raise BadArgument("--curve", str(place), "results of a sweep or of all parts of corrupted-v1", why)
    curve = comparison.curve(comparison.scores[0], levels)
    replace_file(place, curve.png() if place.suffix == ".png" else curve.svg().encode())
