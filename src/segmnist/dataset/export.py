"""export: the clips of a recipe in the format of another library."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from segmnist.dataset.generate import LIMIT_BYTES, generate
from segmnist.dataset.progress import Report, no_report
from segmnist.dataset.recipe import Recipe
from segmnist.digits.bank import DigitBank
from segmnist.formats import WHOLE, check_format, whole_format


def export(
    recipe: Recipe,
    out: str | Path,
    format: str,  # noqa: A002
    *,
    bank: DigitBank | None = None,
    num_workers: int | None = None,
    limit_bytes: int | None = LIMIT_BYTES,
    report: Report = no_report,
) -> str:
    """Write the clips of a recipe into the folder `out`; return the folder of its files.

    The clips are drawn, not copied: a format gets the truths that it needs, whatever a stored data set of
    this recipe holds. Run it again to resume; several splits may share `out`. Raises `BadArgument` for an unknown
    format, clips that it has no room for, or files of something else in that place, `MissingDependency` for a library
    that the format needs.
    """
    check_format(format)
    truths = whole_format(format).TRUTHS if format in WHOLE else recipe.truths
    target = dataclasses.replace(recipe, format=format, truths=truths)
    return generate(target, out, bank=bank, num_workers=num_workers, limit_bytes=limit_bytes, report=report)
