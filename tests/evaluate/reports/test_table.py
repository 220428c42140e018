"""Tables of results: which rows they have, and in which order."""

from __future__ import annotations

import io
from typing import Any

import msgspec
from rich.console import Console
from tests.evaluate.clips import T, evaluated

from segmnist.evaluate.reports.results import SCHEMA, Result, Score, part_result
from segmnist.evaluate.reports.table import _details, notes, ranked, score_rows, score_text, tables

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
    bare = msgspec.structs.replace(PART, scores=scores)
    rows = dict(score_rows([bare]))
    assert "temporal consistency" not in rows
    assert rows["mIoU, with background"][0].value is None  # the posterior has one


def test_a_single_part_comes_with_its_breakdowns() -> None:
    text = printed([PART])
    assert "visibility" in text
    assert "background" in text
    assert "visibility" not in printed([PART, PART])


def printed(parts: Any, width: int = 200) -> str:
    file = io.StringIO()
    Console(file=file, width=width).print(tables(parts))
    return file.getvalue()


def test_tables_fit_eighty_columns_and_break_no_score() -> None:
    parts = [msgspec.structs.replace(PART, name=f"density-{n}") for n in range(5)]
    narrow, wide = printed(parts, 80), printed(parts, 500)
    assert max(map(len, narrow.splitlines())) <= 80
    assert len([line for line in wide.splitlines() if line.startswith("score ")]) == 1
    for title, scores in score_rows(parts):
        assert narrow.count(score_text(scores[0])) >= len(parts), title
    assert printed(parts, 80).count("not to rank by") == printed(parts, 500).count("not to rank by")


def test_headings_differ_and_every_column_has_one() -> None:
    for table in _details(PART):
        headings = [column.header for column in table.columns]
        assert all(headings)
        assert len(set(headings)) == len(headings)
    for line in printed([PART], 80).splitlines():
        assert "…" not in line
        assert len(line) <= 80


def result_of(model: Any, **scores: Any) -> Any:
    part = msgspec.structs.replace(PART, scores={name: Score(value) for name, value in scores.items()})
    return Result(SCHEMA, "own", "", "test", model, [part], "0", 1)


def test_results_are_ranked_by_information_then_by_miou() -> None:
    results = [
        result_of("hard, bad", miou=0.2),
        result_of("wrong", information_gained=-30.0, miou=0.9),
        result_of("undefined", miou=None),
        result_of("good", information_gained=50.0, miou=0.1),
        result_of("hard, good", miou=0.8),
    ]
    names = [result.model for result in ranked(results)]
    assert names == ["good", "wrong", "hard, good", "hard, bad", "undefined"]


def test_scores_that_can_be_gamed_come_with_a_note() -> None:
    assert any(note.startswith("foreground accuracy: not to rank by") for note in notes([PART]))
