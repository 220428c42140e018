from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "render.py"


def test_the_benchmark_runs_and_prints_its_tables() -> None:
    """So that it is not found broken when it is needed; what it measures in a moment is not judged."""
    command = [sys.executable, str(BENCHMARK), "--clips", "2", "--repeats", "1", "--markdown"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1].strip() for line in done.stdout.splitlines() if line.startswith("|")]
    assert {"measure", "standard", "origin with NumPy + Pillow", "ratio"} <= set(rows)
    assert "nan" not in done.stdout
