"""`segmnist evaluate`, `suites` and `train` as a user runs them: exit codes, stderr, files."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segmnist.cli import main
from segmnist.dataset import open_dataset
from segmnist.evaluate.reports.results import load_result
from segmnist.suites import suite


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: Any) -> Any:
    """Return the exit code, stdout and stderr of the command."""
    monkeypatch.setattr("sys.argv", ["segmnist", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capsys.readouterr()
    return end.value.code or 0, out, err


def test_suites_lists_and_verifies(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(monkeypatch, capsys, "suites")
    assert code == 0
    assert "standard-v1" in out
    assert "60,000" in out
    assert suite("digits-v1").content_id("test")[:12] in out
    code, out, _ = run(monkeypatch, capsys, "suites", "digits-v1")
    assert code == 0
    assert "digits-8" in out
    assert f"digits-v1 test: {suite('digits-v1').content_id('test')}" in out
    assert suite("digits-v1").part("digits-8").content_id("val")[:12] in out
    code, _, err = run(monkeypatch, capsys, "suites", "tiny-v9")
    assert code == 2
    assert err.count("\n") == 1
    assert "tiny-v1" in err


def test_suites_writes_the_clips_that_are_scored(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, _ = run(monkeypatch, capsys, "suites", "tiny-v1", "--out", tmp_path, "--split", "val")
    assert code == 0
    assert "50 clips" in out
    stored, source = open_dataset(tmp_path), suite("tiny-v1").parts[0].source("val")
    assert stored.recipe.content_id == suite("tiny-v1").content_id("val")
    for name in ("video", "semantic"):
        assert np.array_equal(stored.batch(range(50))[name], getattr(source[0:50], name))
    for arguments, said in (((), "name of a suite"), (("exact-v1", "--split", "train"), "val, test")):
        code, _, err = run(monkeypatch, capsys, "suites", *arguments, "--out", tmp_path / "new")
        assert code == 2
        assert said in err
        assert not (tmp_path / "new").exists()


def test_a_suite_of_parts_is_a_folder_a_part(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    parts = tuple(dataclasses.replace(part, test_clips=2) for part in suite("exact-v1").parts[:2])
    monkeypatch.setattr("segmnist.suites.catalog._PARTS", {"exact-v1": lambda: parts})
    assert run(monkeypatch, capsys, "suites", "exact-v1", "--out", tmp_path)[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sigma-20", "sigma-40"]


def test_evaluate_writes_a_result_and_a_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    answers = np.full((50, 8, 32, 32), 10, np.uint8)
    np.save(tmp_path / "background.npy", answers)
    files = (
        "--out",
        tmp_path / "r.json",
        "--html",
        tmp_path / "r.html",
        "--model",
        "floor",
        "--commit",
        "abc",
        "--seed",
        4,
    )
    code, out, _ = run(
        monkeypatch,
        capsys,
        "evaluate",
        tmp_path / "background.npy",
        "--suite",
        "tiny-v1",
        "--split",
        "val",
        *files,
    )
    assert code == 0
    assert "foreground accuracy" in out
    result = load_result(tmp_path / "r.json")
    assert (result.suite, result.split, result.model, result.commit, result.seed) == (
        "tiny-v1",
        "val",
        "floor",
        "abc",
        4,
    )
    assert result.parts[0].scores["foreground_accuracy"].value == 0
    assert json.loads((tmp_path / "r.json").read_text())["schema"] == "segmnist-result/2"
    text = (tmp_path / "r.html").read_text()
    assert "floor on tiny-v1" in text
    assert 'href="http://127.0.0.1:8008/clip?part=all&amp;clip=' in text
    assert f"segmnist explore --predictions {tmp_path / 'background.npy'} --split val --suite tiny-v1" in text


def test_evaluate_scores_a_spec_of_your_own_against_the_exact_posterior(
    monkeypatch: Any, capsys: Any, tmp_path: Any
) -> None:
    np.save(tmp_path / "background.npy", np.full((3, 2, 32, 32), 10, np.uint8))
    changes = ("num_frames=2", "classes=[6, 9]", "position_step=9.0", "sensor_sigma=30.0")
    options = [option for change in changes for option in ("--set", change)]
    place = tmp_path / "r.json"
    code, out, _ = run(
        monkeypatch, capsys, "evaluate", tmp_path / "background.npy", "--preset", "exact", *options,
        "--clips", 3, "--oracle", "offline", "--out", place,
    )  # fmt: skip
    assert code == 0
    assert "of the exact posterior" in out
    result = load_result(place)
    assert (result.suite, result.parts[0].num_clips) == ("exact", 3)
    assert result.parts[0].spec["sensor_sigma"] == 30
    gained = result.parts[0].scores["oracle_information_gained"].value
    assert gained is not None
    assert gained > 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("absent.npy",), 2, "absent.npy"),
        (("segmnist.nothing:model",), 2, "segmnist.nothing:model"),
        (("math:pi",), 2, "a function"),
        (("absent.npy", "--suite", "tiny"), 2, "tiny-v1"),
        (("absent.npy", "--preset", "exact"), 2, "either --suite or --preset"),
        (("absent.npy", "--part", "small"), 2, "part='small'"),
        (("absent.npy", "--clips", "0"), 2, "1 or more"),
        (("absent.npy", "--minutes", "-1"), 2, "0 or more"),
        (("absent.npy", "--split", "train"), 2, "train sets are drawn without end"),
        (("absent.npy", "--out", "no/such/folder/r.json"), 2, "create the folder first"),
        (("absent.npy", "--html", "."), 2, "the name of a file"),
    ],
)
def test_bad_input_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: Any, code: int, said: str
) -> None:
    ended, _, err = run(monkeypatch, capsys, "evaluate", "--suite", "tiny-v1", *arguments)
    assert ended == code
    assert err.count("\n") == 1
    assert said in err


def test_an_empty_folder_tells_what_belongs_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, _, err = run(monkeypatch, capsys, "evaluate", tmp_path, "--suite", "tiny-v1")
    assert (code, err.count("\n")) == (1, 1)
    assert f"{tmp_path}: it is empty; expected names that end in a clip's number" in err


def test_a_torch_module_is_run_as_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="torch comes with the `train` extra")
    code = "from segmnist.baselines.catalog import build\nnet = build('all-background')\n"
    (tmp_path / "of_a_user.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    code, out, err = run(
        monkeypatch, capsys, "evaluate", "of_a_user:net", "--suite", "tiny-v1", "--split", "val"
    )
    assert code == 0, err
    assert "NLL" in out


COUNTS_THREADS = """
import numpy as np, torch
def count(video):
    print(torch.get_num_threads(), flush=True)
    return np.full((*video.shape[:2], 11, *video.shape[2:]), 1 / 11)
"""


@pytest.mark.parametrize(
    ("variables", "first_line", "threads"),
    [
        ({}, "", 1),
        ({"OMP_NUM_THREADS": "2"}, "", min(2, os.cpu_count() or 1)),
        ({}, "import torch; torch.set_num_threads(2)", 2),
    ],
)
def test_torch_takes_one_thread_unless_told_otherwise(
    tmp_path: Path, variables: dict[str, str], first_line: str, threads: int
) -> None:
    pytest.importorskip("torch", reason="torch comes with the `train` extra")
    (tmp_path / "model.py").write_text(first_line + COUNTS_THREADS)
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"} | variables
    options = ["model:count", "--suite", "tiny-v1", "--clips", "1", "--quiet"]
    command = [sys.executable, "-m", "segmnist", "evaluate", *options]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[0] == str(threads)


@pytest.mark.parametrize(
    "command", [("train", "none"), ("evaluate", "none"), ("sweep", "none", "--knob", "none", "--values", "1")]
)
def test_commands_that_run_torch_ask_for_one_thread(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: Any
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert run(monkeypatch, capsys, *command)[0] == 2
    assert os.environ["OMP_NUM_THREADS"] == "1"


def test_a_class_of_torch_modules_is_told_from_a_module(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="torch comes with the `train` extra")
    (tmp_path / "of_a_learner.py").write_text("from torch import nn\nclass Net(nn.Module):\n    pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    code, _, err = run(monkeypatch, capsys, "evaluate", "of_a_learner:Net", "--suite", "tiny-v1")
    assert (code, err.count("\n")) == (2, 1)
    assert "model = Net()" in err


def test_a_checkpoint_is_evaluated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="torch comes with the `train` extra")
    options = ("--suite", "tiny-v1", "--steps", 2, "--width", 8, "--device", "cpu", "--validations", 0)
    code, _, err = run(monkeypatch, capsys, "train", "all-background", "--out", tmp_path / "run", *options)
    assert code == 0, err
    place = tmp_path / "run" / "checkpoint.pt"
    asked = ("--suite", "tiny-v1", "--split", "val", "--clips", 2, "--device", "cpu")
    code, out, err = run(monkeypatch, capsys, "evaluate", place, *asked, "--out", tmp_path / "result.json")
    assert code == 0, err
    assert "NLL" in out
    result = load_result(tmp_path / "result.json")
    assert (result.seed, result.parameters) == (0, 11)
    assert 0 < (result.minutes or 0) < 1
    assert result.notes.startswith("2 steps of ")
    said = ("--seed", 4, "--minutes", 7, "--notes", "twice", "--out", tmp_path / "said.json")
    assert run(monkeypatch, capsys, "evaluate", place, *asked, *said)[0] == 0
    result = load_result(tmp_path / "said.json")
    assert (result.seed, result.minutes, result.notes, result.parameters) == (4, 7, "twice", 11)
    # The folder of a run is no folder of predictions.
    code, _, err = run(monkeypatch, capsys, "evaluate", tmp_path / "run", *asked)
    assert (code, err.count("\n")) == (1, 1)
    assert f"name {tmp_path / 'run' / 'checkpoint.pt'}" in err


def test_a_checkpoint_on_what_it_was_not_trained_on_is_refused_unless_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="torch comes with the `train` extra")
    options = (
        "--part",
        "small",
        "--frames",
        4,
        "--steps",
        1,
        "--width",
        8,
        "--device",
        "cpu",
        "--validations",
        0,
    )
    out = ("--out", tmp_path / "run")
    code, _, err = run(monkeypatch, capsys, "train", "all-background", *out, "--suite", "exact-v2", *options)
    assert code == 0, err
    place = tmp_path / "run" / "checkpoint.pt"
    asked = ("--split", "val", "--device", "cpu", "--clips", 2)
    for other, said in (
        (("--suite", "exact-v2"), "expected one trained on exact-v2;"),
        (("--suite", "exact-v2", "--part", "twins"), "expected one trained on exact-v2 part twins;"),
        (("--suite", "tiny-v1"), "expected one trained on tiny-v1;"),
        (("--preset", "exact"), "expected one trained on exact;"),
    ):
        code, _, err = run(monkeypatch, capsys, "evaluate", place, *asked, *other)
        assert (code, err.count("\n")) == (2, 1)
        assert "trained on exact-v2 part small" in err
        assert said in err
        assert "--transfer" in err
    code, shown, err = run(monkeypatch, capsys, "evaluate", place, *asked, "--suite", "tiny-v1", "--transfer")
    assert code == 0, err
    code, shown, err = run(
        monkeypatch, capsys, "evaluate", place, *asked, "--suite", "exact-v2", "--part", "small"
    )
    assert code == 0, err
    assert suite("exact-v2").part("small").first(2).content_id("val")[:12] in shown
    assert "twins" not in shown


@pytest.mark.parametrize(
    "arguments", [("train", "unet", "--out", "run"), ("evaluate", "model.pt", "--suite", "tiny-v1")]
)
def test_without_torch_the_extra_is_named(tmp_path: Path, arguments: Any) -> None:
    # In a process of its own: modules that are imported anew here would stay on their package for the tests after.
    code = "import sys; sys.modules['torch'] = None; from segmnist.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "extra 'train'" in done.stderr
    assert list(tmp_path.iterdir()) == []
