"""`segmnist find` as a user meets it: ids on stdout, and words where there are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import SMALL

pytest.importorskip("duckdb", reason="segmnist[index] is not installed")


def test_no_match_is_said_in_words(run: Any, tmp_path: Path) -> None:
    place, saved = tmp_path / "data", tmp_path / "hard.toml"
    assert run("generate", place, *SMALL, "--clips", 3)[0] == 0
    assert run("find", place, "label < 10")[:2] == (0, "0\n1\n2\n")
    code, out, err = run("find", place, "label = 77")
    assert (code, out) == (0, "")
    assert "no clip" in err
    assert "label = 77" in err
    code, out, err = run("find", place, "label = 77", "--save", saved)
    assert (code, out) == (0, "")
    assert f"{saved} is not written" in err
    assert not saved.exists()


@pytest.mark.parametrize("command", ["find", "verify", "recipe", "report"])
def test_an_input_is_not_called_out(run: Any, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "DATASET" in out
    assert "OUT" not in out
