"""Write the tables of docs/benchmark.md from the validated result files in results/.

    python scripts/benchmark_page.py [--check]

The page is written by hand but for what stands between `<!-- results of TITLE -->` and `<!-- end of results -->`, which
this replaces; `--check` compares and writes nothing. A title is that of a suite or, where it has several parts, `SUITE,
PART`; results whose title is not on the page stand under `other suites`. A row is a model with a budget: results that differ
in their seed are one row. Models are ranked by information gained. Every result is in a table: any model, any suite.
On the main suites, a line names the models without a result.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from segmnist.baselines.catalog import LEARNED
from segmnist.corruptions.corrupt import CLEAN, CORRUPTIONS
from segmnist.errors import CorruptData, SegmnistError
from segmnist.evaluate.metrics import ROWS
from segmnist.evaluate.reports.over_seeds import Entry, entries
from segmnist.evaluate.reports.results import PartResult, Result, Score
from segmnist.evaluate.reports.robustness import robustness_of
from segmnist.evaluate.reports.table import rank, ranked, score_text
from segmnist.suites.catalog import SUITES, Part, suite
from segmnist.suites.references import references_of
from segmnist.suites.results import load_suite_result
from segmnist.whole_file import replace_file

ROOT = Path(__file__).parents[1]
PAGE, RESULTS = ROOT / "docs" / "benchmark.md", ROOT / "results"
PLACE = re.compile(r"(<!-- results of (.+?) -->\n).*?(<!-- end of results -->)", re.DOTALL)
OTHERS = "other suites"
"""The title of the results that have no place of their own."""

COST = ("seeds", "CPU minutes", "processor", "parameters")
"""What a row cost to train; a budget on a GPU is of wall time."""
PROCESSOR = re.compile(r"\((\w+)")
"""LLVM's name of a processor in what a result says of its machine; older results have that of its kind alone."""
RANGE = "lowest .. highest seed"
"""Of the score that stands before it."""
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
JUDGES = {"oracle_": "exact-posterior", "ceiling_": "best to be expected"}
"""Scores that results compared with the exact posterior hold of it, which are rows unless there is a result of its own:
what it scored, and what can be expected.
"""


def main(check: bool) -> int:
    """Return 0 if the page agrees with the result files, or has just been written from them."""
    results = [_test_result(path) for path in sorted(RESULTS.glob("*.json"))]
    before = PAGE.read_text(encoding="utf-8")
    after = _filled(before, _tables(results))
    if not check:
        replace_file(PAGE, after.encode())
    elif after != before:
        print(f"benchmark_page: {PAGE} is not what the result files say; run it without --check")
    return int(check and after != before)


def _filled(page: str, tables: dict[str, list[str]]) -> str:
    """Return the page with each table in its place. Raises `CorruptData` for a place that is not named after a suite."""
    titles = [title for _, title, _ in PLACE.findall(page)]
    for title in titles:
        if title != OTHERS and title.partition(",")[0] not in SUITES:
            raise CorruptData(
                f"{PAGE}: results of {title!r}, expected {OTHERS!r} or one of {', '.join(SUITES)}"
            )
    others = {title: table for title, table in tables.items() if title not in titles}
    lines = [line for title, table in others.items() for line in (f"### {title}", "", *table)]
    filled = tables | {OTHERS: lines}
    return PLACE.sub(lambda place: "\n".join([place[1], *filled.get(place[2], []), place[3]]), page)


def _test_result(path: Path) -> Result:
    """Return a result that may be published.

    Raises `CorruptData` for one of `val`, on which models are tuned, and for one that does not say how it was made.
    """
    result = load_suite_result(path)
    if result.split != "test":
        raise CorruptData(f"{path}: split {result.split!r}, expected 'test': score the test split")
    if not result.notes:
        raise CorruptData(
            f"{path}: no notes; say with --notes how the model was trained and where its code is"
        )
    return result


def _tables(results: list[Result]) -> dict[str, list[str]]:
    """Return the lines of a table for each part of each main suite, and of each other one that has results, by its title."""
    tables: dict[str, list[str]] = {}
    for name in dict.fromkeys((*MAIN_SUITES, *SUITES)):
        found = [result for result in results if result.suite == name]
        parts = [part.name for part in suite(name).parts]
        if CLEAN in parts and found:
            tables[name] = [*_corrupted(found), *_notes(found)]
        elif found or name in MAIN_SUITES:
            for part in parts:
                tables[name if len(parts) == 1 else f"{name}, {part}"] = _of_part(name, part, found)
    return tables


def _of_part(name: str, part: str, results: list[Result]) -> list[str]:
    [its] = suite(name).only(part).parts
    columns = (
        PREDICTION_COLUMNS
        if its.given is not None
        else EXACT_COLUMNS
        if name.startswith("exact")
        else COLUMNS
    )
    found = sorted(entries(results, part), key=lambda entry: rank([entry.mean(part)]), reverse=True)
    for entry in found:
        _check_seeds(entry, f"{name}, {part}")
    lines = _part_table(found, part, columns) if found else []
    if name in MAIN_SUITES:
        lines += _not_run(its, {entry.results[0].model for entry in found})
    return lines + _notes([result for entry in found for result in entry.results])


def _check_seeds(entry: Entry, where: str) -> None:
    """Raise `CorruptData` for results of one model, budget and machine that have the same seed."""
    seeds = [result.seed for result in entry.results]
    if len(set(seeds)) < len(seeds):
        listed = ", ".join("none" if seed is None else str(seed) for seed in seeds)
        raise CorruptData(
            f"{RESULTS}: {entry.results[0].model} on {where}: seeds {listed}; keep one file a seed, and name the others' "
            "models differently"
        )


def _part_table(found: list[Entry], part: str, columns: tuple[str, ...]) -> list[str]:
    """Return the table of a part: the models in order, then the exact posterior where it is known."""
    has_seeds = any(len(entry.results) > 1 for entry in found)
    titles = [ROWS[column].title for column in columns]
    rows, judges = [], dict[str, list[str]]()
    has_row = {entry.results[0].model for entry in found}
    for entry in found:
        scored = entry.mean(part)
        rows.append([entry.results[0].model, *_cost(entry), *(_cell(scored, name) for name in columns)])
        for prefix, title in JUDGES.items():
            if title not in has_row and any(name.startswith(prefix) for name in scored.scores):
                cells = [_cell(scored, prefix + name) for name in columns]
                judges.setdefault(title, [title, *("-" for _ in COST), *cells])
    rows += judges.values()
    if has_seeds:
        place = len(COST) + 2  # behind the score that ranks
        titles.insert(1, RANGE)
        ranges = [_range(entry, part, columns[0]) for entry in found] + ["-" for _ in judges]
        for row, cell in zip(rows, ranges, strict=True):
            row.insert(place, cell)
    table = [["model", *COST, *titles], ["---"] * len(rows[0]), *rows]
    return [*(f"| {' | '.join(row)} |" for row in table), ""]


def _corrupted(results: list[Result]) -> list[str]:
    """Return mIoU by corruption, one row a result: a suite of corruptions has too many parts for a table each."""
    lead = ["model", *COST, "clean", "mPC", "rPC", *CORRUPTIONS]
    lines = ["mIoU with background; of each corruption the mean over its severities.", ""]
    lines += [f"| {' | '.join(lead)} |", f"|{' --- |' * len(lead)}"]
    for result in ranked(results):
        found = robustness_of(result.parts)
        if found is not None:
            values = (found.clean, found.mean, found.share, *map(found.mean_of, CORRUPTIONS))
            cells = [*_cost(Entry((result,))), *(f"{value:.3f}" for value in values)]
            lines.append(f"| {result.model} | {' | '.join(cells)} |")
    return [*lines, ""]


def _not_run(part: Part, done: set[str]) -> list[str]:
    """Return a line that names the models without a result, if there are any."""
    missing = [model for model in (*LEARNED, *references_of(part)) if model not in done]
    return [f"Not run: {', '.join(missing)}.", ""] if missing else []


def _cost(entry: Entry) -> list[str]:
    first = entry.results[0]
    return [
        ", ".join(map(str, entry.seeds)) or "-",
        "-" if first.minutes is None else f"{first.minutes:.2g}",
        "-" if first.minutes is None else _processor(first.hardware),
        "-" if first.parameters is None else f"{first.parameters:,}",
    ]


def _processor(hardware: str) -> str:
    """Return the GPU of a machine, if it has been used, or the processor.

    >>> _processor("2 CPU cores (znver5, x86_64), Linux"), _processor("NVIDIA H200; 16 CPU cores (x86_64), Linux")
    ('znver5', 'NVIDIA H200')
    """
    gpu, _, _ = hardware.rpartition("; ")
    found = PROCESSOR.search(hardware)
    return gpu or (found[1] if found else hardware or "-")


def _range(entry: Entry, part: str, name: str) -> str:
    ends = entry.range(part, name)
    return " .. ".join(score_text(Score(end)) for end in ends) if ends else "-"


def _cell(part: PartResult, name: str) -> str:
    if name in part.scores:
        return score_text(part.scores[name])
    ends = [part.scores.get(f"{name}_{end}") for end in ("low", "high")]
    return " .. ".join(f"{end.value:.3f}" for end in ends if end and end.value is not None) or "-"


def _notes(results: list[Result]) -> list[str]:
    """Return how each result was made, in a box that opens with a click."""
    if not results:
        return []
    lines = []
    for r in results:
        seed, commit = (
            f", seed {r.seed}" if r.seed is not None else "",
            f"Commit {r.commit}; " if r.commit else "",
        )
        lines.append(f"- {r.model}{seed}: {r.notes.removesuffix('.')}. {commit}{r.hardware}.")
    return [
        '<details markdown="1"><summary>How each row was made</summary>',
        "",
        *lines,
        "",
        "</details>",
        "",
    ]


if __name__ == "__main__":
    try:
        sys.exit(main("--check" in sys.argv[1:]))
    except SegmnistError as error:
        sys.exit(f"benchmark_page: {error}")
