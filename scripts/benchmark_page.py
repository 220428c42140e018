"""Write the tables of docs/benchmark.md from the validated result files in results/.

    python scripts/benchmark_page.py [--check]

Replaces everything between the marks `<!-- results -->` and `<!-- end of results -->`; `--check` compares and
writes nothing. Models are ranked by information gained. Every result is in a table: any model, any suite. On the main
suites, a line names the baselines without a result.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from segmnist.baselines.catalog import MODELS
from segmnist.errors import CorruptData, SegmnistError
from segmnist.evaluate.metrics import ROWS
from segmnist.evaluate.reports.results import PartResult, Result
from segmnist.evaluate.reports.table import ranked, score_text
from segmnist.suites.catalog import SUITES, suite
from segmnist.suites.results import load_suite_result

ROOT = Path(__file__).parents[1]
PAGE, RESULTS = ROOT / "docs" / "benchmark.md", ROOT / "results"
FIRST, LAST = "<!-- results -->", "<!-- end of results -->"

MAIN_SUITES = ("standard-v1", "exact-v2", "tiny-v1")
"""The suites that every baseline should be scored on: their tables come first, with or without results."""
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
    results = [_test_result(path) for path in sorted(RESULTS.glob("*.json"))]
    before = PAGE.read_text(encoding="utf-8")
    head, _, rest = before.partition(FIRST)
    _, _, tail = rest.partition(LAST)
    after = f"{head}{FIRST}\n\n{_tables(results)}\n{LAST}{tail}"
    if not check:
        PAGE.write_text(after, encoding="utf-8")
    return int(check and after != before)


def _test_result(path: Path) -> Result:
    """Return a result that may be published. Raises `CorruptData` for one of `val`, on which models are tuned."""
    result = load_suite_result(path)
    if result.split != "test":
        raise CorruptData(f"{path}: split {result.split!r}, expected 'test': score the test split")
    return result


def _tables(results: list[Result]) -> str:
    """Return a table for each main suite, then for each other one that has results."""
    of_suite = {name: [r for r in results if r.suite == name] for name in (*MAIN_SUITES, *SUITES)}
    return "\n".join(_table(name, found) for name, found in of_suite.items() if found or name in MAIN_SUITES)


def _table(name: str, results: list[Result]) -> str:
    columns = EXACT_COLUMNS if name.startswith("exact") else COLUMNS
    titles = " | ".join(ROWS[column].title for column in columns)
    lines = [f"### {name}, test", ""]
    if results:
        lines += [f"| model | seed | {titles} |", "|---|---|" + "---|" * len(columns)]
        lines += [*_rows(ranked(results), columns), *_judges(results, columns), ""]
    missing = [model for model in MODELS if all(result.model != model for result in results)]
    if name in MAIN_SUITES and missing:
        lines += [f"Not run: {', '.join(missing)}.", ""]
    return "\n".join([*lines, *_notes(results)])


def _rows(results: Iterable[Result], columns: Iterable[str]) -> list[str]:
    return [
        f"| {_named(result.model, result, part)} | {result.seed} | {_cells(part, columns)} |"
        for result in results
        for part in result.parts
    ]


def _judges(results: Iterable[Result], columns: Iterable[str]) -> list[str]:
    """Return rows for the exact posterior: what it scored and its expected scores, of each part that has them."""
    rows: dict[tuple[str, str], str] = {}
    for result in results:
        for part in result.parts:
            for prefix, title in JUDGES.items():
                if any(name.startswith(prefix) for name in part.scores):
                    cells = _cells(part, [prefix + name for name in columns])
                    row = f"| {_named(title, result, part)} | - | {cells} |"
                    rows.setdefault((prefix, part.name), row)
    return [rows[key] for key in sorted(rows)]


def _named(name: str, result: Result, part: PartResult) -> str:
    """Return a name with that of the part, in a suite of several."""
    return name if len(suite(result.suite).parts) == 1 else f"{name}, {part.name}"


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
