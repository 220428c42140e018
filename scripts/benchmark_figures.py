"""Draw the figures of docs/benchmark.md: python scripts/benchmark_figures.py.

Learning curves: information gained on the validation split against minutes of training, a figure for each suite
or part, from `results/curves/`, where `scripts/run_benchmark.py` keeps the validations of every run. The gap to
the ceiling: the share of the exact posterior's information that each model gains on each part of `exact-v2`, a table
with shades, from the result files.
"""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean

from segmnist.errors import SegmnistError
from segmnist.evaluate.reports.curve import learning_curve
from segmnist.evaluate.reports.drawing import Box, Drawing, Mark, Text
from segmnist.evaluate.reports.over_seeds import entries
from segmnist.evaluate.reports.results import Result
from segmnist.suites.catalog import suite
from segmnist.suites.results import load_suite_result
from segmnist.whole_file import replace_file

ROOT = Path(__file__).parents[1]
RESULTS, IMAGES = ROOT / "results", ROOT / "docs" / "images"
GAP_SUITE = "exact-v2"
USUAL = 2.0
"""Minutes that most models of that suite were trained for."""
NAMES, CELL = 170, (92, 22)
"""Width of the names of rows, and width and height of a cell."""
SHADES = ((0xEC, 0xE7, 0xF2), (0x5B, 0x2A, 0x86))
"""Of nothing, and of all that can be known."""


def main() -> int:
    """Draw all figures anew and print their paths."""
    results = [load_suite_result(path) for path in sorted(RESULTS.glob("*.json"))]
    figures = learning_curves(RESULTS / "curves") | gap(results)
    for name, drawing in figures.items():
        replace_file(IMAGES / name, drawing.svg().encode())
        print(IMAGES / name)
    return 0


def learning_curves(folder: Path) -> dict[str, Drawing]:
    """Return a figure for each suite or part with runs of seed 0, by the name of its file."""
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    found: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(dict)
    for run in runs:
        if run["seed"] == 0:
            where = "-".join(filter(None, (run["suite"], run["part"])))
            points = [(point["minutes"], point["information_gained"]) for point in run["validations"]]
            # A model has a run for each of its budgets.
            others = [o for o in runs if all(o[k] == run[k] for k in ("suite", "part", "model", "seed"))]
            budget = f", {points[-1][0]:.0f} min" if len(others) > 1 else ""
            found[where][run["model"] + budget] = points
    best_first = {
        where: dict(sorted(models.items(), key=lambda item: -item[1][-1][1]))
        for where, models in found.items()
    }
    return {
        f"learning-{where}.svg": learning_curve(f"{where}, val: information gained, bits a frame", models)
        for where, models in best_first.items()
    }


def gap(results: Iterable[Result]) -> dict[str, Drawing]:
    """Return the figure of each model's share of the ceiling by part, or nothing without such results."""
    parts = [part.name for part in suite(GAP_SUITE).parts]
    found = [result for result in results if result.suite == GAP_SUITE]
    shares: dict[str, dict[str, float]] = defaultdict(dict)
    for part in parts:
        # Of several budgets the one nearest to that of most rows comes last, and stays.
        for entry in sorted(entries(found, part), key=lambda entry: -_from_usual(entry.results[0])):
            share = entry.mean(part).scores.get("information_share")
            if share and share.value is not None:
                shares[entry.results[0].model][part] = share.value
    if not shares:
        return {}
    # By the first part, which all models are run on first, or by the others.
    best_first = dict(
        sorted(shares.items(), key=lambda item: -item[1].get(parts[0], fmean(item[1].values())))
    )
    title = f"{GAP_SUITE}, test: information gained, share of the exact posterior's"
    return {f"gap-{GAP_SUITE}.svg": _heat_map(title, parts, best_first)}


def _from_usual(result: Result) -> float:
    return abs(math.log(result.minutes / USUAL)) if result.minutes else 0.0


def _heat_map(title: str, columns: Sequence[str], rows: Mapping[str, Mapping[str, float]]) -> Drawing:
    """Return a table of shares, darker where they are larger."""
    marks: list[Mark] = [
        Text(NAMES + CELL[0] * (i + 0.5), 14, column, "middle") for i, column in enumerate(columns)
    ]
    for j, (row, shares) in enumerate(rows.items()):
        y = 22 + CELL[1] * j
        marks.append(Text(NAMES - 8, y + 15, row, "end"))
        for i, column in enumerate(columns):
            x, share = NAMES + CELL[0] * i, shares.get(column)
            if share is not None:
                dark = min(max(share, 0.0), 1.0)
                colour = "#" + "".join(
                    f"{round(low + (high - low) * dark):02x}" for low, high in zip(*SHADES, strict=True)
                )
                marks.append(
                    Box(x + 1, y + 1, CELL[0] - 2, CELL[1] - 2, colour, f"{row}, {column}: {share:.3f}")
                )
            text = "-" if share is None else f"{share:.3f}".replace("0.", ".")
            on = None if share is None else "#fff" if share > 0.5 else "#111"
            marks.append(Text(x + CELL[0] / 2, y + 15, text, "middle", on))
    return Drawing(title, 26 + CELL[1] * len(rows), tuple(marks), NAMES + CELL[0] * len(columns), 8)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SegmnistError as error:
        sys.exit(f"benchmark_figures: {error}")
