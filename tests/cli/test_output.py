"""The laws of `--json` and `--quiet`: every command has them, with one meaning."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import typer.main
from tests.cli.conftest import SMALL

from segmnist.cli.main import COMMANDS, app
from segmnist.cli.output import LARGE_BYTES, Answer, say_memory
from segmnist.dataset import open_dataset
from segmnist.quiet import QUIET

TINY = [*SMALL, "--clips", 2]
MODEL = "import numpy as np\n\ndef background(video):\n    return np.full(video.shape, 10, np.uint8)\n"
LEARN = ["--suite", "tiny-v1", "--steps", 1, "--width", 8, "--device", "cpu", "--validations", 0]
SOLVABLE = [
    "--set",
    "num_frames=2",
    "--set",
    "classes=[6, 9]",
    "--set",
    "position_step=9.0",
    "--set",
    "sensor_sigma=30.0",
]


def test_much_memory_is_said_before_it_is_taken_unless_quiet(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    say_memory("preview", LARGE_BYTES - 1)
    say_memory("preview", 4_000_000_000)
    monkeypatch.setenv(QUIET, "1")
    say_memory("preview", 4_000_000_000)
    assert capsys.readouterr() == ("", "preview: 4 GB of memory\n")


EXAMPLES: dict[str, Callable[[Path], list[Any]]] = {
    "presets": lambda here: [],
    "show": lambda here: ["clean", "--set", "num_frames=3"],
    "preview": lambda here: [here / "p.png", *TINY],
    "generate": lambda here: [here / "new", *TINY],
    "verify": lambda here: [here / "data"],
    "recipe": lambda here: [here / "data"],
    "find": lambda here: [here / "data", "label >= 0"],
    "report": lambda here: [here / "data", "--out", here / "r.html"],
    "export": lambda here: [here / "data", here / "davis", "--format", "davis"],
    "suites": lambda here: ["noise-v1"],
    "evaluate": lambda here: ["a_tiny_model:background", *TINY],
    "compare": lambda here: [here / "a.json", here / "b.json"],
    "sweep": lambda here: ["a_tiny_model:background", *TINY, "--knob", "noise_density", "--values", "0,1"],
    "train": lambda here: ["all-background", "--out", here / "run", *LEARN],
    "oracle": lambda here: [here / "posteriors.zarr", *SOLVABLE, "--clips", 1, "--observer", "frame", "--workers", 1],
}  # fmt: skip
"""Arguments of each command that answers."""


@pytest.fixture
def here(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a data set, a model, and two results."""
    monkeypatch.delenv(QUIET, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "a_tiny_model.py").write_text(MODEL)
    assert run("generate", tmp_path / "data", *TINY, "--split", "test")[0] == 0
    return tmp_path


def commands() -> dict[str, Any]:
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


def answering() -> set[str]:
    return {function.__name__ for function in COMMANDS if get_type_hints(function)["return"] is Answer}


def test_every_command_has_them_and_only_what_answers_nothing_has_no_json() -> None:
    flags = {name: {flag for p in each.params for flag in p.opts} for name, each in commands().items()}
    assert {name for name in flags if "--quiet" not in flags[name] or "-q" not in flags[name]} == set()
    assert {name for name in flags if "--json" in flags[name]} == answering() == set(EXAMPLES)
    assert set(flags) - answering() == {"explore"}
    assert {p.is_flag for each in commands().values() for p in each.params if "--json" in p.opts} == {True}


@pytest.mark.parametrize("name", EXAMPLES)
def test_json_is_the_whole_of_stdout_and_quiet_leaves_the_answer_alone(
    run: Any, here: Path, name: str
) -> None:
    if name == "train":
        pytest.importorskip("torch")
    if name == "find":
        pytest.importorskip("duckdb")
    if name == "compare":
        for model in ("a", "b"):
            written = ("--out", here / f"{model}.json", "--model", model)
            assert run("evaluate", "a_tiny_model:background", *TINY, *written)[0] == 0
    arguments = EXAMPLES[name](here)
    code, said, _ = run(name, *arguments)
    assert code == 0
    again = ["--resume"] if name == "train" else []
    code, quiet, err = run(name, *arguments, *again, "--quiet")
    assert (code, quiet, err) == (0, said, "")
    code, document, _ = run(name, *arguments, *again, "--json")
    assert code == 0
    assert json.loads(document)
    assert document.count("\n") > 1


def test_faults_are_an_answer_with_the_code_of_a_failure(run: Any, here: Path) -> None:
    (here / "data/test.zarr/mine").write_text("x")
    code, out, _ = run("verify", here / "data", "--json", "--quiet")
    [verdict] = json.loads(out)
    assert code == 1
    assert not verdict["is_good"]
    assert verdict["faults"] == [{"kind": "foreign", "path": "mine", "shard": None, "reason": ""}]


def test_errors_are_said_under_quiet_and_leave_stdout_empty(run: Any, here: Path) -> None:
    code, out, err = run("verify", here / "nowhere", "--json", "--quiet")
    assert (code, out) == (2, "")
    assert err.startswith("segmnist: ")
    assert err.count("\n") == 1


def test_quiet_ends_with_its_command(run: Any, here: Path) -> None:
    assert run("find", here / "data", "label = 77", "--quiet")[2] == ""
    assert "no clip" in run("find", here / "data", "label = 77")[2]


def test_the_documents_say_what_the_functions_return(run: Any, here: Path) -> None:
    recipe = open_dataset(here / "data").recipe
    found = json.loads(run("recipe", here / "data", "--json")[1])
    assert found == {"content_id": recipe.content_id, "plan_id": recipe.plan_id, "recipe": recipe.to_dict()}
    assert json.loads(run("find", here / "data", "label >= 0", "--json")[1]) == {"clip_ids": [0, 1]}
    place = here / "result.json"
    out = run("evaluate", "a_tiny_model:background", *TINY, "--out", place, "--json")[1]
    assert json.loads(out) == json.loads(place.read_text())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_each_command_has_functions_in_python(command: Any) -> None:
    if command.__name__ == "train":
        pytest.importorskip("torch")
    reference = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    assert COMMANDS[command].python
    for name in COMMANDS[command].python:
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name
        assert f"`{module}`" in reference
        assert f"| `{attribute}` |" in reference, name
