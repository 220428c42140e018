"""What a user may get wrong: exit code 2, one line that names the argument, nothing written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

RECIPE = 'split = "test"\nspec = 3\n'


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["generate"], "segmnist generate --help"),
        (["generate", "g", "--clips", "x"], "--clips"),
        (["generate", "g", "--clips", "-3"], "--clips=-3"),
        (["generate", "g", "--clips", "3", "--preset", "nope"], "preset='nope'"),
        (["generate", "g", "--clips", "3", "--split", "dev"], "split='dev'"),
        (["generate", "g", "--clips", "3", "--bank", "nowhere"], "nowhere"),
        (["generate", "g", "--recipe", "spec.toml"], "spec='3'"),
        (["generate", "spec.toml", "--clips", "3"], "spec.toml is a file"),
        (["preview", "a.jpg"], "'.jpg'"),
        (["preview", "nowhere/a.png"], "nowhere/a.png"),
        (["preview", "a.png", "--first", str(10**20)], "--first="),
        (["preview", "a.png", "--clps", "3"], "--clps"),
        (["verify", "nowhere"], "DATASET='nowhere'"),
        (["recipe", "nowhere"], "DATASET='nowhere'"),
        (["find", "nowhere", "label = 6"], "DATASET='nowhere'"),
        (["find", "nowhere", "label = 6", "--save", "no/hard.toml"], "no/hard.toml"),
        (["export", "nowhere", "out", "--format", "davis"], "SOURCE='nowhere'"),
        (["export", "standard", "out", "--format", "davis"], "--clips"),
        (["report", "nowhere"], "DATASET='nowhere'"),
        (["show", "nope"], "preset='nope'"),
        (["explore", "--port", "99999999"], "port=99999999"),
        (["oracle"], "--ceiling SUITE"),
        (["oracle", "o", "--first", str(10**20)], "--first"),
        (["suites", "tiny-v1", "--split", "val"], "--split='val'"),
        (["preview", "s3://bucket/p.png"], "s3://bucket/p.png"),
        (["evaluate", "s3://bucket/p", "--suite", "tiny-v1"], "s3://bucket/p"),
        (["report", "nowhere", "--out", "s3://bucket/r.html"], "s3://bucket/r.html"),
        (["oracle", "s3://bucket/o", "--clips", "1"], "s3://bucket/o"),
        (["oracle", "o", "--recipe", "spec.toml", "--seed", "1"], "--seed=1"),
        (["nope"], "'nope'"),
    ],
)
def test_one_line_names_it(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: Any, named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(RECIPE)
    code, _, err = run(*arguments)
    assert code == 2
    assert err.startswith("segmnist: ")
    assert err.count("\n") == 1
    assert named in err
    assert [path.name for path in tmp_path.iterdir()] == ["spec.toml"]


def test_the_command_alone_prints_its_help(run: Any) -> None:
    code, out, _ = run()
    assert code == 0
    assert "generate" in out


def test_an_interruption_is_one_line_too(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(name: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("segmnist.suites.suite", stopped)
    code, _, err = run("suites", "tiny-v1")
    assert code == 130
    assert err.strip() == "segmnist: interrupted"


def test_memory_that_runs_out_is_told_in_one_line(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_much(*arguments: Any, **options: Any) -> None:
        np.empty(1 << 60, np.uint8)

    monkeypatch.setattr(sys.modules["segmnist.cli.main"], "app", too_much)
    code, out, err = run("presets")
    assert (code, out) == (1, "")
    assert err.startswith(
        "segmnist: out of memory; try fewer or smaller clips at a time: Unable to allocate 1.00 EiB"
    )
    assert err.count("\n") == 1
