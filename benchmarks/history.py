"""The history of all benchmark runs: history.jsonl beside this file, one line per run.

Each line has the benchmark's name, the time, the commit, the machine, and the measures by name with their unit. Every
benchmark appends to it; `--history FILE` names another file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from segmnist import GENERATOR_VERSION

PLACE = Path(__file__).with_name("history.jsonl")


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add `--history` to a benchmark's command line."""
    parser.add_argument(
        "--history", type=Path, default=PLACE, help=f"file to append to (default {PLACE.name})"
    )


def record(benchmark: str, measures: Mapping[str, float], place: Path) -> None:
    """Append a run to the history; `measures` are by name and unit, for instance `{"import, s": 0.26}`."""
    run = {
        "benchmark": benchmark,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": commit(),
        "machine": machine(),
        "measures": {name: float(f"{value:.5g}") for name, value in measures.items()},
    }
    with place.open("a", encoding="utf-8") as file:
        file.write(json.dumps(run, ensure_ascii=False) + "\n")


def commit() -> str:
    """Return the short hash of the commit, with a `+` if files differ from it, or `unknown` outside a clone."""
    command = ["git", "describe", "--always", "--exclude=*", "--dirty=+"]
    done = subprocess.run(command, cwd=PLACE.parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def machine() -> str:
    """Return the processor's name, as the kernel or else Python tells it, and the versions that matter."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    return (
        f"{processor}, {os.cpu_count()} cores, {platform.system()}; Python {platform.python_version()}, "
        f"NumPy {np.__version__}, generator {GENERATOR_VERSION}"
    )
