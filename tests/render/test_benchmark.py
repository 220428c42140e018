from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_the_section_on_devices_is_written_into_its_page_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    page = tmp_path / "page.md"
    page.write_text("# Drawing\n\nwhat stays\n\n## On a device\n\nwhat goes\n", encoding="utf-8")
    command = [sys.executable, str(BENCHMARK.with_name("device.py")), "--clips", "1", "--repeats", "1"]
    command += ["--history", str(tmp_path / "history.jsonl"), "--page", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    assert text == f"# Drawing\n\nwhat stays\n\n{done.stdout.rstrip()}\n"
    rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.startswith("|")]
    assert {row[1] for row in rows} > {"tiny", "standard", "exact", "memory, all operations in one"}
    assert "nan" not in text
    [run] = map(json.loads, (tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines())
    assert run["measures"]["standard, tensors, cpu, frames/s"] > 0
