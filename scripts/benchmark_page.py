"""Write the tables of docs/benchmark.md from the validated result files in results/.

    python scripts/benchmark_page.py [--check]

Replaces everything between the marks `<!-- results -->` and `<!-- end of results -->`; `--check` compares and
writes nothing. Models are ranked by information gained. A baseline without a result file gets a row that says so.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from segmnist.errors import SegmnistError
from segmnist.evaluate.metrics import ROWS
from segmnist.evaluate.reports.results import PartResult, Result
from segmnist.evaluate.reports.table import ranked, score_text
from segmnist.suites.results import load_suite_result

ROOT = Path(__file__).parents[1]
PAGE, RESULTS = ROOT / "docs" / "benchmark.md", ROOT / "results"
FIRST, LAST = "<!-- results -->", "<!-- end of results -->"

SUITES = ("standard-v1", "exact-v2", "tiny-v1")
MODELS = ("all-background", "unet", "unet-gru", "unet3d", "transformer", "prednet")
COLUMNS = (
    "information_gained",
    "miou",
    "miou_foreground",
    "nll",
    "ece",
    "vc8",
    "vpq",
    "stq",
    "hota",
    "vis_ap",
    "foreground_accuracy",
)
EXACT_COLUMNS = (
    "information_gained",
    "information_share",
    "miou",
    "nll",
    "excess_nll",
    "entropy_error",
    "aurc",
    "matched_iou_twins",
    "matched_iou_others",
    "ged",
    "foreground_accuracy",
)
"""Of a suite that the oracle solves; its own scores are rows of the same table."""
JUDGES = {"oracle_": "exact posterior", "ceiling_": "best to be expected"}


def main(check: bool) -> int:
    """Return 0 if the page agrees with the result files, or has just been written from them."""
    results = [load_suite_result(path) for path in sorted(RESULTS.glob("*.json"))]
    before = PAGE.read_text(encoding="utf-8")
    head, _, rest = before.partition(FIRST)
    _, _, tail = rest.partition(LAST)
    after = f"{head}{FIRST}\n\n{_tables(results)}\n{LAST}{tail}"
    if not check:
        PAGE.write_text(after, encoding="utf-8")
    return int(check and after != before)


def _tables(results: list[Result]) -> str:
    return "\n".join(
        _table(name, [r for r in results if r.suite == name and r.split == "test"]) for name in SUITES
    )


def _table(suite: str, results: list[Result]) -> str:
    columns = EXACT_COLUMNS if suite.startswith("exact") else COLUMNS
    titles = " | ".join(ROWS[name].title for name in columns)
    lines = [f"### {suite}, test", "", f"| model | seed | {titles} |", "|---|---|" + "---|" * len(columns)]
    lines += _rows(ranked(results), columns)
    for model in MODELS:
        if all(result.model != model for result in results):
            lines.append(f"| {model} | - | not run |" + " |" * (len(columns) - 1))
    lines += [*_judges(results[:1], columns), "", *_notes(results)]
    return "\n".join(lines)


def _rows(results: Iterable[Result], columns: Iterable[str]) -> list[str]:
    return [
        f"| {_named(result.model, result, part)} | {result.seed} | {_cells(part, columns)} |"
        for result in results
        for part in result.parts
    ]


def _judges(results: Iterable[Result], columns: Iterable[str]) -> list[str]:
    """Return rows for the exact posterior: what it scored and its expected scores, where a result has them."""
    return [
        f"| {_named(title, result, part)} | - | {_cells(part, [prefix + name for name in columns])} |"
        for result in results
        for prefix, title in JUDGES.items()
        for part in result.parts
        if any(name.startswith(prefix) for name in part.scores)
    ]


def _named(name: str, result: Result, part: PartResult) -> str:
    return name if len(result.parts) == 1 else f"{name}, {part.name}"


def _cells(part: PartResult, columns: Iterable[str]) -> str:
    return " | ".join(_cell(part, name) for name in columns)


def _cell(part: PartResult, name: str) -> str:
    if name in part.scores:
        return score_text(part.scores[name])
    ends = [part.scores.get(f"{name}_{end}") for end in ("low", "high")]
    return " .. ".join(f"{end.value:.3f}" for end in ends if end and end.value is not None) or "-"


def _notes(results: list[Result]) -> list[str]:
    lines = [f"- {r.model}, seed {r.seed}: {r.notes} Commit {r.commit}; {r.hardware}." for r in results]
    return [*lines, ""] if lines else []


if __name__ == "__main__":
    try:
        sys.exit(main("--check" in sys.argv[1:]))
    except SegmnistError as error:
        sys.exit(f"benchmark_page: {error}")
