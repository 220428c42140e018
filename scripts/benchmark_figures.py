"""Draw the figures of docs/benchmark.md: python scripts/benchmark_figures.py.

Learning curves: information gained on the validation split against minutes of training, a figure for each suite
or part, from `results/curves/`, where `scripts/run_benchmark.py` keeps the validations of every run. The gap to
the ceiling: the share of the exact posterior's information that each model gains on each part of `exact-v2`, from
the result files.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from segmnist.errors import SegmnistError
from segmnist.evaluate.reports.curve import Curve, curve, learning_curve
from segmnist.evaluate.reports.levels import Levels
from segmnist.evaluate.reports.results import Result, Score
from segmnist.suites.catalog import suite
from segmnist.suites.results import load_suite_result
from segmnist.whole_file import replace_file

ROOT = Path(__file__).parents[1]
RESULTS, IMAGES = ROOT / "results", ROOT / "docs" / "images"
GAP_SUITE = "exact-v2"


def main() -> int:
    """Draw all figures anew and print their paths."""
    results = [load_suite_result(path) for path in sorted(RESULTS.glob("*.json"))]
    figures = learning_curves(RESULTS / "curves") | gap(results)
    for name, drawing in figures.items():
        replace_file(IMAGES / name, drawing.svg().encode())
        print(IMAGES / name)
    return 0


def learning_curves(folder: Path) -> dict[str, Curve]:
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


def gap(results: Iterable[Result]) -> dict[str, Curve]:
    """Return the figure of each model's share of the ceiling by part, or nothing without such results."""
    parts = [part.name for part in suite(GAP_SUITE).parts]
    shares: dict[str, list[Score]] = defaultdict(lambda: [Score(None)] * len(parts))
    # Of several budgets the longest counts.
    for result in sorted(results, key=lambda result: result.minutes or 0):
        if result.suite == GAP_SUITE and result.seed in (None, 0):
            for part in result.parts:
                share = part.scores.get("information_share")
                if share and share.value is not None:
                    shares[result.model][parts.index(part.name)] = share
    if not shares:
        return {}
    places = tuple(place / (len(parts) - 1) for place in range(len(parts)))
    levels = Levels("part", tuple(parts), tuple(parts), places)
    title = f"{GAP_SUITE}, test: information gained, share of the exact posterior's"
    return {f"gap-{GAP_SUITE}.svg": curve(title, levels, shares)}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SegmnistError as error:
        sys.exit(f"benchmark_figures: {error}")
