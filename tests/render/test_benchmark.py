from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "render.py"


def test_the_benchmark_prints_its_tables_and_appends_to_the_history(tmp_path: Path) -> None:
    """The benchmark works; the figures of so short a run are not judged."""
    history = tmp_path / "history.jsonl"
    history.write_text("{}\n", encoding="utf-8")
    command = [sys.executable, str(BENCHMARK), "--clips", "2", "--repeats", "1", "--markdown"]
    command += ["--history", str(history)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1].strip() for line in done.stdout.splitlines() if line.startswith("|")]
    assert {"measure", "standard", "origin with NumPy + Pillow", "ratio"} <= set(rows)
    assert "nan" not in done.stdout
    known, run = map(json.loads, history.read_text(encoding="utf-8").splitlines())
    assert known == {}
    assert run["benchmark"] == "render"
    assert run["commit"]
    assert run["machine"] in done.stdout
    assert run["measures"]["standard, us a frame"] > 0
