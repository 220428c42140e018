"""Compute the ceilings of an exact suite, part by part, and write their table into docs/ambiguity.md.

    python scripts/run_ceilings.py [--videos 300] [--workers 2] [--suite exact-v2] [--parts small faint ...] [--table]

Each part and observer is written to results/ceilings/ once it is done; what is there already is not computed again.
The posteriors are those of the train family, on test clips: what a model that learned train perfectly would answer.
`--table` only writes the table.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import msgspec
import numpy as np

from segmnist.executors import Where
from segmnist.oracle.ceiling import Ceiling, ceiling
from segmnist.oracle.observers import OBSERVERS
from segmnist.oracle.oracle import Oracle
from segmnist.suites.catalog import Part, suite
from segmnist.suites.prior import class_prior
from segmnist.whole_file import replace_file

ROOT = Path(__file__).parents[1]
PAGE, RESULTS = ROOT / "docs" / "ambiguity.md", ROOT / "results" / "ceilings"
FIRST, LAST = "<!-- ceilings -->", "<!-- end of ceilings -->"


class CeilingResult(msgspec.Struct):
    """One part's ceiling for one observer, and what it took."""

    suite: str
    part: str
    content_id: str
    hypotheses: int
    ceiling: Ceiling
    cpu_seconds_per_video: float


def place_of(name: str, part: str, observer: str) -> Path:
    """Return where the result of one part and observer lies."""
    return RESULTS / f"{name}-{part}-{observer}.json"


def compute(name: str, part: Part, observer: str, videos: int, workers: int) -> None:
    """Write the ceiling of one part and observer."""
    oracle, source = Oracle(part.spec, split="train"), part.source("test")
    before = time.process_time()
    row = ceiling(oracle, source, observer, videos, where=Where("local", workers, None))
    seconds = (time.process_time() - before) / videos if workers == 1 else float("nan")
    content = part.content_id("test")
    result = CeilingResult(name, part.name, content, oracle.family.num_hypotheses, row, seconds)
    RESULTS.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n"
    replace_file(place_of(name, part.name, observer), text)


def short(value: float, digits: int) -> str:
    """Return a number without a leading zero, as in `.0571`."""
    return f"{value:.{digits}f}".removeprefix("0")


def pair(value: tuple[float, float], digits: int) -> str:
    """Return a value and its standard error, as in `.0571 (.0021)`."""
    return f"{short(value[0], digits)} ({short(value[1], digits)})"


def table(name: str) -> list[str]:
    """Return the table's lines from the results that are there."""
    lines = [
        "| part | N | observer | videos | NLL of the prior | NLL = entropy | realised NLL | accuracy"
        " | highest foreground accuracy | coin | mIoU bracket |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for part in suite(name).parts:
        for observer in reversed(OBSERVERS):
            place = place_of(name, part.name, observer)
            if not place.exists():
                lines.append(f"| {part.name} | | {observer} | not run | | | | | | | |")
                continue
            result = msgspec.json.decode(place.read_bytes(), type=CeilingResult)
            row = result.ceiling
            cells = [
                part.name,
                f"{result.hypotheses:,}",
                observer,
                str(row.num_videos),
                short(prior_nll(part), 4),
                pair(row.nll, 4),
                pair(row.realised_nll, 4),
                pair(row.accuracy, 4),
                pair(row.highest_foreground_accuracy, 3),
                short(row.coin_share[0], 3),
                " .. ".join(short(end, 3) for end in (row.miou_low, row.miou_high) if end is not None) or "-",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def prior_nll(part: Part) -> float:
    """Return what knowing nothing but the class shares costs, in nats a pixel."""
    prior = class_prior(part)
    return float(-(prior * np.log(prior)).sum())


def main() -> None:
    """Run what is missing, then write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--suite", default="exact-v2")
    parser.add_argument("--parts", nargs="*")
    parser.add_argument("--videos", type=int, default=300)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    for part in () if asked.table else suite(asked.suite).parts:
        for observer in OBSERVERS:
            wanted = not asked.parts or part.name in asked.parts
            if wanted and not place_of(asked.suite, part.name, observer).exists():
                print(f"{part.name}, {observer} ...", flush=True)
                compute(asked.suite, part, observer, asked.videos, asked.workers)
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(FIRST)
    after = rest.split(LAST)[1]
    lines = "\n".join(table(asked.suite))
    replace_file(PAGE, f"{before}{FIRST}\n\n{lines}\n\n{LAST}{after}".encode())


if __name__ == "__main__":
    main()
