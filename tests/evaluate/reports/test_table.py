"""Tables of results: which rows they have, and in which order."""

from __future__ import annotations

import io

from rich.console import Console
from tests.evaluate.clips import T, evaluated

from segmnist.evaluate.reports.results import part_result
from segmnist.evaluate.reports.table import score_rows, tables

PART = part_result("all", T, evaluated(range(3)))


def test_the_posterior_and_the_ceiling_stand_under_their_score() -> None:
    titles = [title for title, _ in score_rows([PART])]
    place = titles.index("mIoU, with background")
    assert titles[place + 1 : place + 4] == [
        "  of the exact posterior",
        "  the best to be expected, at least",
        "  the best to be expected, at most",
    ]
    assert titles[titles.index("NLL") + 1 :][:2] == ["  of the exact posterior", "  the best to be expected"]


def test_a_part_without_a_score_shows_it_as_missing() -> None:
    scores = {name: score for name, score in PART.scores.items() if name not in ("miou", "tc")}
    bare = type(PART)(**{f: getattr(PART, f) for f in PART.__struct_fields__} | {"scores": scores})
    rows = dict(score_rows([bare]))
    assert "temporal consistency" not in rows
    assert rows["mIoU, with background"][0].value is None  # the posterior has one


def test_a_single_part_comes_with_its_breakdowns() -> None:
    shown = io.StringIO()
    console = Console(file=shown, width=200)
    console.print(tables([PART]))
    text = shown.getvalue()
    assert "visibility" in text
    assert "background" in text
    shown = io.StringIO()
    console = Console(file=shown, width=200)
    console.print(tables([PART, PART]))
    assert "visibility" not in shown.getvalue()
