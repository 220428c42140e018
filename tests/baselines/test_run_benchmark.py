"""The script of the benchmark: it leaves a result file, skips what is done, and names every run once."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch comes with the `train` extra")

from scripts import run_benchmark

from segmnist.suites.results import load_suite_result


def test_a_run_leaves_a_result_and_is_then_done(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    only = ("--suite", "tiny-v1", "--model", "all-background", "--seed", "1", "--minutes", "0.001")
    places = ("--runs", str(tmp_path / "runs"), "--results", str(tmp_path))
    monkeypatch.setattr("os.nice", lambda by: 0)

    def listed() -> str:
        monkeypatch.setattr(sys, "argv", ["run_benchmark", *only, *places, "--list"])
        assert run_benchmark.main() == 0
        return str(capsys.readouterr().out)

    assert listed().split() == ["missing", "0.001", "min", "tiny-v1-all-background-1"]
    options = argparse.Namespace(
        threads=1, minutes=0.001, runs=tmp_path / "runs", results=tmp_path, device="cpu", tracking=False,
        oracle=False, commit=None,
    )  # fmt: skip
    run = run_benchmark.Run("tiny-v1", None, "all-background", 1, 2.0)
    assert run_benchmark.finish(run, options).startswith("tiny-v1-all-background-1: ")
    result = load_suite_result(tmp_path / "tiny-v1-all-background-1.json")
    assert (result.seed, result.parameters, result.minutes is not None) == (1, 11, True)
    assert listed().startswith("done")
    (tmp_path / "tiny-v1-all-background-1.json").write_text("{}")
    assert listed().startswith("missing")


def test_runs_have_names_of_their_own() -> None:
    names = [run.name for run in run_benchmark.all_runs()]
    assert len(set(names)) == len(names)
