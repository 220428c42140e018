"""`segmnist generate` as a user meets it: exit codes, one line of reason, nothing half-written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from tests.cli.conftest import SMALL

from segmnist import ClipSource, SceneSpec
from segmnist.dataset import Recipe, generate, open_dataset, recipe_for

SPEC = SceneSpec(num_frames=3, height=32, width=40)


def test_a_zarr_group_with_its_recipe(run: Any, tmp_path: Path) -> None:
    code, out, err = run("generate", tmp_path, *SMALL, "--split", "test", "--clips", 5, "--truth", "instance")
    assert code == 0
    assert "test.zarr" in out
    assert "5/5 clips" in err
    group = zarr.open_group(tmp_path / "test.zarr", mode="r")
    clips = ClipSource(SPEC, split="test", truth=("semantic", "instance")).batch(range(5))
    for name in ("video", "semantic", "instance", "labels", "num_digits"):
        assert np.array_equal(group[name][:], clips[name])
    assert group["video"].metadata.dimension_names == ("clip", "time", "y", "x")
    recipe = Recipe.from_dict(group.attrs["segmnist"])
    assert recipe.spec == SPEC
    assert recipe.split == "test"


def test_again_is_complete_and_another_seed_is_refused(run: Any, tmp_path: Path) -> None:
    command = ("generate", tmp_path, *SMALL, "--clips", 4)
    assert run(*command)[0] == 0
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert run(*command)[0] == 0
    code, _, err = run(*command, "--seed", 1)
    assert code == 2
    assert "seed: 0 and 1" in err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_what_began_compressed_goes_on_so_unless_told_otherwise(run: Any, tmp_path: Path) -> None:
    command = ("generate", tmp_path / "a", *SMALL, "--clips", 4)
    assert run("generate", tmp_path / "a", *SMALL, "--clips", 4, "--compress-video")[0] == 0
    before = (tmp_path / "a/train.zarr/recipe.json").read_bytes()
    assert b"compress_video" not in before
    assert run(*command)[0] == 0
    assert (tmp_path / "a/train.zarr/recipe.json").read_bytes() == before
    code, _, err = run(*command, "--no-compress-video")
    assert code == 2
    assert "compress_video: True and False" in err
    assert run("generate", tmp_path / "b", *SMALL, "--clips", 4)[0] == 0
    assert not Recipe.from_file(tmp_path / "b/train.zarr/recipe.json").compress_video


def test_a_recipe_file_says_everything(run: Any, tmp_path: Path) -> None:
    run("generate", tmp_path / "a", *SMALL, "--clips", 4, "--seed", 3)
    recipe = tmp_path / "a/train.zarr/recipe.json"
    assert run("generate", tmp_path / "b", "--recipe", recipe)[0] == 0
    for path in (tmp_path / "a").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


@pytest.mark.parametrize(
    "given",
    [["--split", "val"], ["--seed", "0"], ["--first", "2"], ["--format", "npz"], ["--no-index"], ["--clips", "3"],
     ["--compress-video"],
     ["--preset", "clean"], ["--truth", "boxes"], ["--set", "num_frames=2"]],
)  # fmt: skip
def test_an_option_that_the_recipe_overrules_is_refused(run: Any, tmp_path: Path, given: list[str]) -> None:
    recipe_for(SPEC, num_clips=4, split="test").to_toml(tmp_path / "r.toml")
    code, _, err = run("generate", tmp_path / "out", "--recipe", tmp_path / "r.toml", *given)
    assert code == 2
    assert err.startswith(f"segmnist: {given[0].replace('--no-', '--')}=")
    assert "beside --recipe" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("kind", ["toml", "json"])
def test_recipes_and_specs_of_any_editor(run: Any, tmp_path: Path, encoding: str, kind: str) -> None:
    recipe = recipe_for(SPEC, num_clips=2, split="test")
    text = recipe.to_toml() if kind == "toml" else recipe.to_json()
    (tmp_path / "recipe").write_text(text.replace("\n", "\r\n"), encoding=encoding)
    assert Recipe.from_file(tmp_path / "recipe") == recipe
    (tmp_path / "spec.toml").write_text(SPEC.to_toml(), encoding=encoding)
    assert SceneSpec.from_toml(tmp_path / "spec.toml") == SPEC


def test_home_and_file_urls(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert run("generate", "~/a b", *SMALL, "--clips", 2)[0] == 0
    url = (tmp_path / "a b").as_uri()
    for place in (url, "~/a b"):
        assert run("verify", place)[0] == 0
        assert len(open_dataset(place)) == 2
    assert run("generate", url, *SMALL, "--clips", 2)[0] == 0
    assert run("recipe", url)[1].endswith(Recipe.from_file(f"{url}/train.zarr/recipe.json").to_toml())
    assert [path.name for path in tmp_path.iterdir()] == ["a b"]


def test_a_spec_file(run: Any, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text("num_frames = 2\nheight = 40\n")
    assert run("generate", tmp_path, "--spec", tmp_path / "my.toml", "--clips", 2)[0] == 0
    assert zarr.open_group(tmp_path / "train.zarr", mode="r")["video"].shape == (2, 2, 40, 64)


@pytest.mark.parametrize(
    "options",
    [
        ["--clips", 0], [], ["--clips", -3], ["--clips", 5, "--preset", "nope"],
        ["--clips", 5, "--set", "num_frames=0"], ["--clips", 5, "--set", "nframes=3"],
        ["--clips", 5, "--set", "speed_range=5,1"], ["--clips", 5, "--set", "height=20"],
        ["--clips", 5, "--truth", "depthh"], ["--clips", 5, "--format", "tar"],
        ["--clips", 5, "--split", "dev"],
        ["--clips", 5, "--seed", -1], ["--clips", 5, "--first", -1], ["--clips", 5, "--workers", 0],
        ["--clips", 5, "--bank", "/nowhere.npz"], ["--clips", 5, "--spec", "/nowhere.toml"],
        ["--recipe", "/nowhere.toml"], ["--clips", 10**15], ["--clips", 10**30],
        ["--clips", 2, "--set", "height=1024", "--set", "width=1024", "--set", "num_frames=10000"],
        ["--clips", 2, "--set", "speed_range=[nan, 1.0]"],
    ],
)  # fmt: skip
def test_bad_use_is_one_line_and_writes_nothing(run: Any, tmp_path: Path, options: Any) -> None:
    code, _, err = run("generate", tmp_path / "out", *options)
    assert code == 2
    assert err.startswith("segmnist: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_place_that_is_a_file(run: Any, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("mine")
    for out in (place, place / "below"):
        code, _, err = run("generate", out, *SMALL, "--clips", 2)
        assert code == 2
        assert "is a file" in err
    assert place.read_text() == "mine"


def test_more_than_the_limit_wants_yes(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from segmnist.dataset.local_store import LocalStore

    monkeypatch.setattr(LocalStore, "free_bytes", lambda self: 10**18)
    code, _, err = run("generate", tmp_path, "--clips", 3_000_000)
    assert code == 2
    assert "--yes" in err
    assert list(tmp_path.iterdir()) == []


def test_the_recipe_of_a_newer_generator(run: Any, tmp_path: Path) -> None:
    run("generate", tmp_path / "a", *SMALL, "--clips", 4)
    values = json.loads((tmp_path / "a/train.zarr/recipe.json").read_text())
    (tmp_path / "new.json").write_text(json.dumps({**values, "generator_version": 99}))
    code, _, err = run("generate", tmp_path / "b", "--recipe", tmp_path / "new.json")
    assert code == 2
    assert "generator_version=99" in err


def test_the_recipe_of_another_bank(run: Any, tmp_path: Path) -> None:
    run("generate", tmp_path / "a", *SMALL, "--clips", 4)
    values = json.loads((tmp_path / "a/train.zarr/recipe.json").read_text())
    (tmp_path / "new.json").write_text(json.dumps({**values, "bank_sha256": "ab" * 32}))
    code, _, err = run("generate", tmp_path / "b", "--recipe", tmp_path / "new.json")
    assert code == 2
    assert "abababab" in err
    assert "--bank" in err


def test_a_live_bar_on_a_terminal(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    code, _, err = run("generate", tmp_path, *SMALL, "--clips", 4, "--no-index")
    assert code == 0
    assert "4/4 clips" in err
    assert "clips/s" in err
    assert "\x1b[" in err


def test_a_full_disk_names_the_place_and_the_way_on(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from segmnist.dataset.local_store import LocalStore

    put = LocalStore.put_new

    def full(store: LocalStore, path: str, data: bytes) -> None:
        if path.startswith("video"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        put(store, path, data)

    monkeypatch.setattr(LocalStore, "put_new", full)
    code, _, err = run("generate", tmp_path / "out", *SMALL, "--clips", 2, "--workers", 1)
    assert code == 1
    assert err.splitlines()[-1] == (
        f"segmnist: {tmp_path / 'out'}: No space left on device: "
        "finished shards are kept; make room and run the same command again"
    )


def test_progress_of_a_resumed_job_counts_what_was_there(tmp_path: Path) -> None:
    recipe = recipe_for(SPEC, num_clips=10, clips_per_shard=2)
    generate(recipe, tmp_path, num_workers=1, shard_range=(0, 2))
    told: list[Any] = []
    generate(recipe, tmp_path, num_workers=1, report=told.append)
    assert [(progress.clips, progress.total_clips) for progress in told] == [(6, 10), (8, 10), (10, 10)]
    assert told[0].bytes == 0
