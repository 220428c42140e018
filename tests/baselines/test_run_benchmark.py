"""The script of the benchmark: it leaves a result file, skips what is done, and names every run once."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

pytest.importorskip("torch", reason="torch comes with the `train` extra")

from scripts import benchmark_figures, run_benchmark

from segmnist.evaluate.reports.results import SCHEMA, PartResult, Result, Score
from segmnist.suites.results import load_suite_result


def test_a_run_leaves_a_result_and_is_then_done(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    only = ("--suite", "tiny-v1", "--model", "unet", "--seed", "1", "--minutes", "0.001")
    places = ("--runs", str(tmp_path / "runs"), "--results", str(tmp_path))

    def listed() -> str:
        monkeypatch.setattr(sys, "argv", ["run_benchmark", *only, *places, "--list"])
        assert run_benchmark.main() == 0
        return str(capsys.readouterr().out)

    name = "tiny-v1-unet-1-0.001min"
    assert listed().split() == ["missing", "0.001", "min", name]
    options = argparse.Namespace(
        threads=1, runs=tmp_path / "runs", results=tmp_path, device="cpu", tracking=False,
        oracle=False, commit=None,
    )  # fmt: skip
    run = run_benchmark.Run("tiny-v1", None, "unet", 1, 2.0).for_minutes(0.001)
    with monkeypatch.context() as patch:
        patch.setattr("segmnist.baselines.train.machine", lambda device: "a GPU; 16 CPU cores")
        assert run_benchmark.finish(run, options).startswith(f"{name}: ")
    result = load_suite_result(tmp_path / f"{name}.json")
    assert (result.seed, result.parameters, result.minutes is not None) == (1, 483323, True)
    assert result.hardware == "a GPU; 16 CPU cores", "where it was trained"
    curve = json.loads((tmp_path / "curves" / f"{name}.json").read_text())
    assert (curve["model"], curve["seed"]) == ("unet", 1)
    assert curve["validations"][-1].keys() == {"minutes", *run_benchmark.CURVE_SCORES}
    assert benchmark_figures.learning_curves(tmp_path / "curves") == {}  # only seed 0 is drawn
    assert listed().startswith("done")
    (tmp_path / f"{name}.json").write_text("{}")
    assert listed().startswith("missing")


def test_a_run_with_the_budget_of_the_list_keeps_its_name() -> None:
    run = run_benchmark.Run("tiny-v1", None, "unet", 1, 2.0)
    assert run.for_minutes(None) == run.for_minutes(2.0) == run
    assert (run.name, run.for_minutes(40).name) == ("tiny-v1-unet-1", "tiny-v1-unet-1-40min")
    reference = run_benchmark.Run("tiny-v1", None, "class-prior", 0, 0.0)
    assert reference.for_minutes(40) == reference


class Killed(argparse.Namespace):
    """Options that kill the process of a run that reads them."""

    @property
    def threads(self) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return 1


def test_a_run_that_fails_or_is_killed_is_told_and_the_others_go_on(tmp_path: Path, capfd: Any) -> None:
    options = {
        "runs": tmp_path / "runs",
        "results": tmp_path,
        "device": "cpu",
        "tracking": False,
        "oracle": False,
    }
    run = run_benchmark.Run("tiny-v1", None, "all-background", 1, 2.0).for_minutes(0.001)
    assert not run_benchmark.finish_apart(run, Killed(**options, commit=None))
    assert not run_benchmark.finish_apart(run, argparse.Namespace(**options, threads=0, commit=None))
    assert not list(tmp_path.glob("*.json"))
    assert not run_benchmark.finish_apart(run, argparse.Namespace(**options, threads="1", commit=None))
    killed, failed, broken = capfd.readouterr().err.splitlines()[-3:]
    assert killed == f"{run.name}: killed by SIGKILL; run again to resume"
    assert failed.startswith(f"{run.name}: failed: threads=0 is not permitted")
    assert broken.startswith(f"{run.name}: failed: TypeError: ")
    assert run_benchmark.finish_apart(run, argparse.Namespace(**options, threads=1, commit=None))
    assert (tmp_path / f"{run.name}.json").exists()


def test_a_run_ends_with_the_script_that_is_killed(tmp_path: Path) -> None:
    """Or it would write into the folder of the one that resumes it."""
    command = [sys.executable, run_benchmark.__file__, "--suite", "tiny-v1", "--model", "unet", "--seed", "1"]
    places = ["--runs", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
    script = subprocess.Popen([*command, *places])
    while not (tmp_path / "runs").exists():
        assert script.poll() is None, "it ends before it begins"
        time.sleep(0.1)
    started = psutil.Process(script.pid).children(recursive=True)
    assert len(started) >= 2, "the run, and what tracks resources for it"
    script.kill()
    script.wait()
    assert not psutil.wait_procs(started, timeout=60)[1]


def test_a_reference_is_a_run_without_training(tmp_path: Path) -> None:
    options = argparse.Namespace(
        threads=1, runs=tmp_path, results=tmp_path, tracking=False, oracle=False, commit=None
    )
    run = run_benchmark.Run("exact-v2", "small", "class-prior", 0, 0.0)
    assert run in list(run_benchmark.all_runs())
    run_benchmark.finish(run, options)
    result = load_suite_result(tmp_path / "exact-v2-small-class-prior-0.json")
    assert [part.name for part in result.parts] == ["small"]
    assert abs(result.parts[0].scores["information_gained"].value or 0) < 2  # in bits of 576 pixels
    assert result.parameters is result.minutes is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--suite", "tiny-v9"], "--list"),
        (["--suite", "tiny-v1", "--part", "small"], "--list"),
        (["--jobs", "0"], "1 or more"),
    ],
)
def test_what_names_no_run_is_said(monkeypatch: Any, capsys: Any, arguments: list[str], said: str) -> None:
    monkeypatch.setattr(sys, "argv", ["run_benchmark", *arguments])
    with pytest.raises(SystemExit, match="2"):
        run_benchmark.main()
    assert said in capsys.readouterr().err


def test_runs_have_names_of_their_own() -> None:
    names = [run.name for run in run_benchmark.all_runs()]
    assert len(set(names)) == len(names)


def test_learning_curves_are_drawn_by_suite_and_part(tmp_path: Path) -> None:
    for part, model in (("small", "unet"), ("small", "unet3d"), ("twins", "unet")):
        points = [{"minutes": m, "information_gained": 10.0 * m, "nll": 1.0, "miou": 0.5} for m in (1, 2, 5)]
        kept = {"suite": "exact-v2", "part": part, "model": model, "seed": 0, "validations": points}
        (tmp_path / f"{part}-{model}.json").write_text(json.dumps(kept))
    figures = benchmark_figures.learning_curves(tmp_path)
    assert figures.keys() == {"learning-exact-v2-small.svg", "learning-exact-v2-twins.svg"}
    svg = figures["learning-exact-v2-small.svg"].svg()
    assert "unet3d, 5 minutes: 50" in svg
    assert svg.count("<circle") == 2 * 3 + 2
    assert figures["learning-exact-v2-small.svg"].png().startswith(b"\x89PNG")


def test_a_model_with_two_budgets_has_two_learning_curves(tmp_path: Path) -> None:
    for minutes in (5, 40):
        points = [{"minutes": minutes, "information_gained": 10.0, "nll": 1.0, "miou": 0.5}]
        kept = {"suite": "exact-v2", "part": "small", "model": "unet", "seed": 0, "validations": points}
        (tmp_path / f"unet-{minutes}.json").write_text(json.dumps(kept))
    svg = benchmark_figures.learning_curves(tmp_path)["learning-exact-v2-small.svg"].svg()
    assert "unet, 5 min<" in svg
    assert "unet, 40 min<" in svg


def test_the_gap_to_the_ceiling_has_a_cell_for_each_part_that_was_scored() -> None:
    def result(model: str, part: str, share: float | None, minutes: float = 5, seed: int = 0) -> Result:
        scored = PartResult(part, 1, 1, {"information_share": Score(share)}, [], {}, [], [], [])
        suite = ("exact-v2", "", "test")
        return Result(SCHEMA, *suite, model, [scored], "", 4, seed=seed, minutes=minutes, parameters=7)

    results = [
        result("unet", "small", 0.25, minutes=40),
        result("unet", "small", 0.125),
        result("unet", "small", 0.375, seed=1),
        result("unet", "twins", 0.5, minutes=40),
        result("unet3d", "small", 0.5),
        result("prednet", "faint", None),
    ]
    svg = benchmark_figures.gap(results)["gap-exact-v2.svg"].svg()
    cells = re.findall(r"<title>(.*?)</title>", svg)
    # Best first; of two budgets the usual one, and the mean over its seeds.
    assert cells == ["unet3d, small: 0.500", "unet, small: 0.250", "unet, twins: 0.500"]
    assert svg.count(">-</text>") == 2 * 7 - 3
    assert "prednet" not in svg
    assert benchmark_figures.gap([]) == {}
