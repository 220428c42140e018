"""export: the clips of a recipe in the format of another library."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from segmnist.dataset.folder import export_folder
from segmnist.dataset.generate import LIMIT_BYTES, generate
from segmnist.dataset.progress import Report, no_report
from segmnist.dataset.recipe import Recipe
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument
from segmnist.formats import FOLDER, SHARDED, WHOLE, whole_format
from segmnist.urls import is_url, local_path


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
    this recipe holds. Sharded formats resume; a folder is there whole or not at all, and several splits may
    share `out`. Raises `BadArgument` for an unknown format, clips that it has no room for, or files of
    something else in that place, `MissingDependency` for a library that the format needs.
    """
    if format in FOLDER:
        if is_url(out):
            raise BadArgument(
                "OUT", str(out), f"a local folder for {format}", "copy it to the store afterwards"
            )
        return export_folder(recipe, local_path(out), format, bank, limit_bytes, report)
    if format not in SHARDED and format not in WHOLE:
        raise BadArgument("format", format, ", ".join([*SHARDED, *WHOLE, *FOLDER]))
    truths = whole_format(format).TRUTHS if format in WHOLE else recipe.truths
    target = dataclasses.replace(recipe, format=format, truths=truths)
    return generate(target, out, bank=bank, num_workers=num_workers, limit_bytes=limit_bytes, report=report)
