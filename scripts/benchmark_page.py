"""Write the tables of docs/benchmark.md from the validated result files in results/.

    python scripts/benchmark_page.py [--check]

Replaces everything between the marks `<!-- results -->` and `<!-- end of results -->`; `--check` compares and
writes nothing. Models are ranked by information gained, in a suite of several parts on each part alone. Every result
is in a table: any model, any suite. On the main suites, all parts are in the table, and a line names the models without
a result.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from segmnist.baselines.catalog import MODELS
from segmnist.corruptions.corrupt import CLEAN, CORRUPTIONS
from segmnist.errors import CorruptData, SegmnistError
from segmnist.evaluate.metrics import ROWS
from segmnist.evaluate.reports.results import PartResult, Result
from segmnist.evaluate.reports.robustness import robustness_of
from segmnist.evaluate.reports.table import ranked, score_text
from segmnist.suites.catalog import SUITES, suite
from segmnist.suites.references import references_of
from segmnist.suites.results import load_suite_result
from segmnist.whole_file import replace_file

ROOT = Path(__file__).parents[1]
PAGE, RESULTS = ROOT / "docs" / "benchmark.md", ROOT / "results"
FIRST, LAST = "<!-- results -->", "<!-- end of results -->"

COST = ("seed", "CPU minutes", "parameters")
"""What a row cost to train; a budget on a GPU is of wall time, and its row's note says so."""
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
PREDICTION_COLUMNS = (
    "frame_mse",
    "frame_mae",
    "psnr",
    "ssim",
    "miou",
    "miou_1",
    "miou_4",
    "miou_10",
    "nll",
    "nll_1",
    "nll_4",
    "nll_10",
)
"""Of a suite that gives the first frames and asks for the others."""
JUDGES = {"oracle_": "exact posterior beside them", "ceiling_": "best to be expected"}
"""Scores that results compared with the exact posterior hold of it: what it scored, and what can be expected."""


def main(check: bool) -> int:
    """Return 0 if the page agrees with the result files, or has just been written from them."""
    results = [_test_result(path) for path in sorted(RESULTS.glob("*.json"))]
    before = PAGE.read_text(encoding="utf-8")
    head, _, rest = before.partition(FIRST)
    _, _, tail = rest.partition(LAST)
    after = f"{head}{FIRST}\n\n{_tables(results)}\n{LAST}{tail}"
    if not check:
        replace_file(PAGE, after.encode())
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
    if any(part.name == CLEAN for part in suite(name).parts):
        return "\n".join([*_corrupted(name, results), *_notes(results)])
    is_prediction = any(part.given is not None for part in suite(name).parts)
    columns = PREDICTION_COLUMNS if is_prediction else EXACT_COLUMNS if name.startswith("exact") else COLUMNS
    titles = " | ".join(ROWS[column].title for column in columns)
    parts = [part.name for part in suite(name).parts]
    lines = [f"### {name}, test", ""]
    if results:
        lead = [*([] if len(parts) == 1 else ["part"]), "model", *COST]
        lines += [f"| {' | '.join(lead)} | {titles} |", "|" + "---|" * (len(lead) + len(columns))]
        for part in parts:
            rows = _rows(results, part, columns) or [
                f"not run | {' | '.join('-' for _ in (*COST, *columns))}"
            ]
            lines += [f"| {row} |" if len(parts) == 1 else f"| {part} | {row} |" for row in rows]
        lines.append("")
    if name in MAIN_SUITES:
        lines += _not_run(name, results)
    return "\n".join([*lines, *_notes(results)])


def _corrupted(name: str, results: list[Result]) -> list[str]:
    """Return mIoU by corruption, one row a model: a suite of corruptions has too many parts for a row each."""
    lead = ["model", *COST, "clean", "mPC", "rPC", *CORRUPTIONS]
    lines = [
        f"### {name}, test",
        "",
        "mIoU with background; of each corruption the mean over its severities.",
        "",
    ]
    lines += [f"| {' | '.join(lead)} |", "|" + "---|" * len(lead)]
    for result in ranked(results):
        found = robustness_of(result.parts)
        if found is not None:
            values = (found.clean, found.mean, found.share, *map(found.mean_of, CORRUPTIONS))
            cells = " | ".join(f"{value:.3f}" for value in values)
            lines.append(f"| {result.model} | {_cost(result)} | {cells} |")
    return [*lines, ""]


def _not_run(name: str, results: list[Result]) -> list[str]:
    """Return lines that name the models without a result, once for all parts that lack the same ones."""
    parts_of: dict[tuple[str, ...], list[str]] = {}
    for part in suite(name).parts:
        models = [*MODELS, *references_of(part)]
        done = {result.model for result in results if _part_of(result, part.name)}
        parts_of.setdefault(tuple(model for model in models if model not in done), []).append(part.name)
    return [
        line
        for missing, parts in parts_of.items()
        if missing
        for line in (
            f"Not run{'' if len(parts_of) == 1 else ' on ' + ', '.join(parts)}: {', '.join(missing)}.",
            "",
        )
    ]


def _part_of(result: Result, part: str) -> PartResult | None:
    return next((each for each in result.parts if each.name == part), None)


def _rows(results: list[Result], part: str, columns: Iterable[str]) -> list[str]:
    """Return the rows of a part without its name: the models in order, then the exact posterior where it is known."""
    rows: list[str] = []
    judges: dict[str, str] = {}
    for result in ranked([result for result in results if _part_of(result, part)], part):
        scored = _part_of(result, part)
        assert scored is not None
        rows.append(f"{result.model} | {_cost(result)} | {_cells(scored, columns)}")
        for prefix, title in JUDGES.items():
            if any(name.startswith(prefix) for name in scored.scores):
                cells = _cells(scored, [prefix + name for name in columns])
                judges.setdefault(title, f"{title} | {' | '.join('-' for _ in COST)} | {cells}")
    return [*rows, *judges.values()]


def _cost(result: Result) -> str:
    seed = "-" if result.seed is None else str(result.seed)
    minutes = "-" if result.minutes is None else f"{result.minutes:.3g}"
    return f"{seed} | {minutes} | {'-' if result.parameters is None else f'{result.parameters:,}'}"


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
