"""`segmnist export`: a folder is there whole or not at all; bad use writes nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segmnist
from segmnist import BadArgument, MissingDependency
from segmnist.cli import main
from segmnist.dataset import generate, open_dataset, recipe_for
from segmnist.dataset.export import export
from segmnist.formats import FOLDER, mmseg

SPEC = segmnist.preset("standard", height=40, width=52, num_frames=3)


def recipe_of(split: str = "test", **changes: Any) -> Any:
    return recipe_for(
        changes.pop("spec", SPEC), **{"num_clips": 3, "split": split, "clips_per_shard": 2, **changes}
    )


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def run(monkeypatch: pytest.MonkeyPatch, capsys: Any, *arguments: object) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["segmnist", "export", *map(str, arguments)])
    with pytest.raises(SystemExit) as done:
        main()
    return int(done.value.code or 0), capsys.readouterr().err


def test_splits_share_a_place_and_a_second_run_finds_it_complete(tmp_path: Path) -> None:
    for split in ("train", "test"):
        export(recipe_of(split), tmp_path, "mmseg")
    before = tree(tmp_path)
    times = {path: (tmp_path / path).stat().st_mtime_ns for path in before}
    export(recipe_of("test"), tmp_path, "mmseg")
    assert tree(tmp_path) == before
    assert {path: (tmp_path / path).stat().st_mtime_ns for path in before} == times
    assert {path.split("/")[1] for path in before if path.startswith("ann_dir")} == {"train", "test"}
    assert {"README.md", "LICENSE-MNIST.txt", "classes.json", "test.mmseg.recipe.json"} <= set(before)


def test_another_data_set_of_this_split_is_refused(tmp_path: Path) -> None:
    export(recipe_of(), tmp_path, "mmseg")
    before = tree(tmp_path)
    with pytest.raises(BadArgument, match="seed: 0 and 1"):
        export(recipe_of(seed=1), tmp_path, "mmseg")
    assert tree(tmp_path) == before


def test_files_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(BadArgument, match=r"README.md.*no such file"):
        export(recipe_of(), tmp_path, "mmseg")
    assert tree(tmp_path) == {"README.md": b"mine"}


@pytest.mark.parametrize("after", [0, 1, 7, 17])
def test_a_broken_export_leaves_nothing_and_can_be_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    whole = mmseg.files

    def broken(*arguments: Any) -> Any:
        for number, pair in enumerate(whole(*arguments)):
            if number == after:
                raise OSError(28, "No space left on device")
            yield pair

    monkeypatch.setattr(mmseg, "files", broken)
    with pytest.raises(OSError, match="No space"):
        export(recipe_of(), tmp_path / "out", "mmseg")
    assert tree(tmp_path / "out") == {}
    monkeypatch.undo()
    export(recipe_of(), tmp_path / "out", "mmseg")
    export(recipe_of(), tmp_path / "other", "mmseg")
    assert tree(tmp_path / "out") == tree(tmp_path / "other")


@pytest.mark.parametrize("format_", ["webdataset", "huggingface", "npz"])
def test_sharded_formats_resume_and_are_read_back(tmp_path: Path, format_: str) -> None:
    truth = ("semantic", "boxes", "difficulty")
    whole = Path(export(recipe_of(truth=truth), tmp_path / "whole", format_, num_workers=1))
    part = Path(export(recipe_of(truth=truth), tmp_path / "part", format_, num_workers=1))
    shards = {
        p for p in tree(part) if p.endswith((".tar", ".npz")) or (p.endswith(".parquet") and "data" in p)
    }
    assert len(shards) == 2
    (part / max(shards)).unlink()
    for path in part.rglob("receipts/0000001.json"):
        path.unlink()
    next(part.rglob("manifest.json")).unlink()
    export(recipe_of(truth=truth), tmp_path / "part", format_, num_workers=1)
    assert tree(part) == tree(whole)
    stored, source = open_dataset(whole), segmnist.ClipSource(SPEC, split="test", truth=truth)
    batch, expected = stored.batch([2, 0]), source.batch([2, 0]).arrays
    for name, array in expected.items():
        np.testing.assert_array_equal(batch[name], array, err_msg=name)


def test_a_format_gets_the_truths_it_needs_from_a_data_set_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    generate(recipe_of(), tmp_path / "data", num_workers=1)
    code, _ = run(monkeypatch, capsys, tmp_path / "data", tmp_path / "out", "--format", "vipseg")
    assert code == 0
    export(recipe_of(), tmp_path / "direct", "vipseg")
    assert tree(tmp_path / "out") == tree(tmp_path / "direct")


def test_presets_recipes_and_parts_of_data_sets_can_be_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    size = ["--set", "height=40", "--set", "width=52", "--set", "num_frames=3"]
    arguments = ["--format", "mmseg", "--split", "test", "--clips", 2]
    assert run(monkeypatch, capsys, "standard", tmp_path / "preset", *arguments, *size)[0] == 0
    recipe_of().to_toml(tmp_path / "recipe.toml")
    assert run(monkeypatch, capsys, tmp_path / "recipe.toml", tmp_path / "recipe", *arguments)[0] == 0
    preset, recipe = tree(tmp_path / "preset"), tree(tmp_path / "recipe")
    # The two recipes differ in how many clips a shard would have, and in nothing else.
    for name in ("test.mmseg.recipe.json", "test.mmseg.manifest.json"):
        assert preset.pop(name) != recipe.pop(name)
    assert preset == recipe


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["standard", "OUT", "--format", "davis"], "--clips"),
        (["standard", "OUT", "--format", "avi", "--clips", 2], "'avi' is not permitted.*zarr.*ffv1"),
        (["stendard", "OUT", "--format", "davis", "--clips", 2], "stendard.*standard"),
        (["standard", "s3://bucket/x", "--format", "davis", "--clips", 2], "local folder"),
        (
            ["crowded", "OUT", "--format", "davis", "--clips", 2, "--set", "num_digits_range=2,30"],
            "20 digits",
        ),
        (["standard", "OUT", "--format", "davis", "--clips", 900_000_000], "fits into|at most"),
    ],
)
def test_bad_use_says_why_in_one_line_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, arguments: list[Any], words: str
) -> None:
    import re

    monkeypatch.chdir(tmp_path)
    code, error = run(monkeypatch, capsys, *arguments)
    assert code == 2
    assert re.search(words, error)
    assert len(error.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("format_", "library"), [("mots", "pycocotools"), ("ffv1", "av")])
def test_a_library_that_is_absent_is_named_before_the_first_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str, library: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingDependency, match=f"pip install '{library}>="):
        export(recipe_of(), tmp_path, format_)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("format_", sorted(FOLDER))
def test_real_clips_go_through_every_folder_format(tmp_path: Path, format_: str) -> None:
    from tests.formats.readers import READERS

    for library in {"mots": ["pycocotools"], "ffv1": ["av"]}.get(format_, []):
        pytest.importorskip(library, reason="the extra `judges` brings it")
    export(recipe_of(), tmp_path, format_)
    found = READERS[format_](tree(tmp_path), "test")
    clips = segmnist.ClipSource(SPEC, split="test", truth=("semantic", "instance"), length=3)
    for clip in clips:
        read = found[f"test_{clip.clip_id:010d}"]
        for array in {"video", "instance", "semantic"} & set(read):
            np.testing.assert_array_equal(np.stack(read[array]), clip[array])
