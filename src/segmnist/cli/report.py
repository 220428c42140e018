"""`segmnist report`: a data set described on one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segmnist.cli.options import BankOption
from segmnist.cli.output import Answer


def report(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="The folder or URL of a data set.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The HTML file to write.")] = Path("report.html"),
    clips: Annotated[
        int, typer.Option("--clips", "-n", help="The largest number of clips to measure.")
    ] = 2000,
    bank: BankOption = None,
) -> Answer:
    """Describe a data set on one HTML page: class balance, difficulty, motion, pictures, recipe, checksums."""
    from segmnist.digits.bank import DigitBank
    from segmnist.views.report.page import report_page
    from segmnist.views.report.survey import survey
    from segmnist.whole_file import check_target, replace_file

    check_target(out)
    digits = DigitBank.from_path(bank) if bank else None
    found = survey(dataset, max_clips=clips, bank=digits)
    page = report_page(found, bank=digits).encode()
    replace_file(out, page)
    return Answer({"page": out, "survey": found}, (f"{out}: {len(page):,} bytes",))
