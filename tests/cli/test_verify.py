"""`segmnist verify`, `recipe` and `find` as a user meets them."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import SMALL

from segmnist.dataset import Recipe


@pytest.fixture
def data(run: Any, tmp_path: Path) -> Any:
    assert run("generate", tmp_path / "data", *SMALL, "--split", "val", "--clips", 6)[0] == 0
    return tmp_path / "data"


def test_whole_broken_mended(run: Any, data: Any) -> None:
    assert run("verify", data)[0] == 0
    shard = data / "val.zarr/video/c.0.0.0.0"
    good = shard.read_bytes()
    shard.write_bytes(good[:-1])
    code, out, err = run("verify", data)
    assert code == 1
    assert "truncated: video/c.0.0.0.0" in out
    assert "Traceback" not in err
    assert run("verify", data, "--repair")[0] == 0
    assert shard.read_bytes() == good


def test_strangers_and_leftovers(run: Any, data: Any) -> None:
    (data / "val.zarr/mine").write_text("x")
    code, out, _ = run("verify", data, "--clean")
    assert code == 1
    assert "foreign: mine" in out
    assert (data / "val.zarr/mine").exists()


def test_the_recipe_makes_the_same_bytes(run: Any, data: Any, tmp_path: Path) -> None:
    code, out, _ = run("recipe", data)
    assert code == 0
    (tmp_path / "recipe.toml").write_text(out)
    assert Recipe.from_file(tmp_path / "recipe.toml").split == "val"
    assert run("generate", tmp_path / "copy", "--recipe", tmp_path / "recipe.toml")[0] == 0
    first, second = (folder / "val.zarr/manifest.json" for folder in (data, tmp_path / "copy"))
    assert first.read_bytes() == second.read_bytes()


def test_find_and_save(run: Any, data: Any, tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="segmnist[index] is not installed")
    code, out, _ = run("find", data, "frame = 1", "--limit", 2, "--save", tmp_path / "few.toml")
    assert (code, out) == (0, "0\n1\n")
    assert Recipe.from_file(tmp_path / "few.toml").clip_ids == (0, 1)
    code, _, err = run("find", data, "frame = 1", "--save", tmp_path / "few.toml")
    assert code == 2
    assert "few.toml" in err


@pytest.mark.parametrize(
    "command",
    [("verify",), ("recipe",), ("find", "label = 1")],
)
def test_no_data_set_there(run: Any, tmp_path: Path, command: Any) -> None:
    code, _, err = run(command[0], tmp_path / "nowhere", *command[1:])
    assert code == 2
    assert err.count("\n") == 1


def test_a_bad_query_is_one_line(run: Any, data: Any) -> None:
    pytest.importorskip("duckdb", reason="segmnist[index] is not installed")
    code, _, err = run("find", data, "label = (select * from '/etc/passwd')")
    assert code == 2
    assert err.count("\n") == 1


def test_what_a_full_disk_keeps_find_from_saving_is_not_there(
    run: Any, data: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("duckdb", reason="segmnist[index] is not installed")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    (tmp_path / "out").mkdir()
    code, _, err = run("find", data, "frame = 1", "--save", tmp_path / "out/few.toml")
    assert code == 1
    assert err.splitlines()[-1].startswith("segmnist: ")
    assert "No space left on device" in err
    assert list((tmp_path / "out").iterdir()) == []
