"""Write the tables of docs/benchmark.md from the validated result files in results/: python
scripts/benchmark_page.py [--check]

Everything between the marks `<!-- results -->` and `<!-- end of results -->` is replaced; `--check` compares
and writes nothing. A baseline without a result file gets a row that says so.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from segmnist.evaluate.report import PartReport, Result
from segmnist.evaluate.table import score_text
from segmnist.suites.results import load_suite_result

ROOT = Path(__file__).parents[1]
PAGE, RESULTS = ROOT / "docs" / "benchmark.md", ROOT / "results"
FIRST, LAST = "<!-- results -->", "<!-- end of results -->"

SUITES = ("standard-v1", "exact-v1", "tiny-v1")
MODELS = ("all-background", "unet", "unet-gru", "unet3d", "transformer", "prednet")
COLUMNS = {
    "foreground_accuracy": "foreground accuracy",
    "miou_foreground": "mIoU, digits",
    "nll_foreground": "NLL, digits",
    "ece": "ECE",
    "vc8": "VC8",
    "vpq": "VPQ",
    "stq": "STQ",
}


def main(check: bool) -> int:
    """Return 0 if the page is (now) what the result files say."""
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
    lines = [f"### {suite}, test", "", "| model | seed | " + " | ".join(COLUMNS.values()) + " |"]
    lines.append("|---|---|" + "---|" * len(COLUMNS))
    for model in MODELS:
        mine = [result for result in results if result.model == model]
        lines += _rows(mine) or [f"| {model} | - | " + "not run |" + " |" * (len(COLUMNS) - 1)]
    lines += ["", *_notes(results)]
    return "\n".join(lines)


def _rows(results: Iterable[Result]) -> list[str]:
    return [
        f"| {result.model}{'' if len(result.parts) == 1 else ', ' + part.name} | {result.seed} | {_cells(part)} |"
        for result in results
        for part in result.parts
    ]


def _cells(part: PartReport) -> str:
    return " | ".join(score_text(part.scores[name]) if name in part.scores else "-" for name in COLUMNS)


def _notes(results: list[Result]) -> list[str]:
    lines = [f"- {r.model}, seed {r.seed}: {r.notes} Commit {r.commit}; {r.hardware}." for r in results]
    return [*lines, ""] if lines else []


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
