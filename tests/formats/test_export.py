"""`segmnist export`: what is there is whole, and the same command resumes; bad use writes nothing."""

from __future__ import annotations

import itertools
import os
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segmnist
from segmnist import BadArgument, MissingDependency
from segmnist.cli import main
from segmnist.dataset import Plan, generate, open_dataset, recipe_for
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
def test_a_broken_export_keeps_whole_shards_and_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """6 files a clip, 2 clips in the first of two shards."""
    drawn: list[int] = []
    draw, whole = Plan.draw, mmseg.clip_files
    count = itertools.count()

    def counted(plan: Plan, shard: int, num_threads: int = 1) -> Any:
        drawn.append(shard)
        return draw(plan, shard, num_threads)

    def broken(*arguments: Any) -> Any:
        for data in whole(*arguments):
            if next(count) == after:
                raise OSError(28, "No space left on device")
            yield data

    monkeypatch.setattr(Plan, "draw", counted)
    monkeypatch.setattr(Plan, "estimate_bytes", lambda plan: 0)
    monkeypatch.setattr(mmseg, "clip_files", broken)
    with pytest.raises(OSError, match="No space"):
        export(recipe_of(), tmp_path / "out", "mmseg", num_workers=1)
    left = tree(tmp_path / "out")
    assert "test.mmseg.manifest.json" not in left
    assert len([path for path in left if path.endswith(".png")]) == (12 if after >= 12 else 0)
    monkeypatch.setattr(mmseg, "clip_files", whole)
    drawn.clear()
    export(recipe_of(), tmp_path / "out", "mmseg", num_workers=1)
    assert drawn == ([1] if after >= 12 else [0, 1])
    export(recipe_of(), tmp_path / "other", "mmseg", num_workers=1)
    assert tree(tmp_path / "out") == tree(tmp_path / "other")


@pytest.mark.parametrize("format_", ["davis", "coco-panoptic"])
def test_an_export_holds_no_more_than_a_shard_in_memory(tmp_path: Path, format_: str) -> None:
    """A clip of 12 kB and more of files adds less than one to the peak.

    The least of three runs counts: pathlib interns names, and now and then Python's table of those doubles.
    """
    peaks: dict[int, list[int]] = {4: [], 16: [], 48: []}
    for num_clips, attempt in itertools.product(peaks, range(3)):
        recipe = recipe_of(num_clips=num_clips, clips_per_shard=4)
        tracemalloc.start()
        export(recipe, tmp_path / f"{num_clips}-{attempt}", format_, num_workers=1)
        peaks[num_clips].append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (min(peaks[48]) - min(peaks[16])) / 32 < 1000


def test_many_processes_write_the_same_export(tmp_path: Path) -> None:
    recipe = recipe_of(num_clips=10, clips_per_shard=1)
    for workers in (1, 2):
        export(recipe, tmp_path / str(workers), "vipseg", num_workers=workers)
    assert tree(tmp_path / "1") == tree(tmp_path / "2")


@pytest.mark.parametrize("format_", ["davis", "youtube-vis"])
def test_an_export_needs_no_call_that_windows_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str
) -> None:
    export(recipe_of(), tmp_path / "posix", format_, num_workers=1)
    for name in ("sync", "sysconf", "pread"):
        monkeypatch.delattr(os, name)
    export(recipe_of(), tmp_path / "windows", format_, num_workers=1)
    assert tree(tmp_path / "windows") == tree(tmp_path / "posix")


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


def test_a_folder_with_the_name_of_a_preset_is_not_shadowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    generate(recipe_of(), "clean", num_workers=1)
    options = ["out", "--format", "mmseg", "--clips", "2"]
    code, error = run(monkeypatch, capsys, "clean", *options)
    assert code == 2
    assert "'./clean'" in error
    assert run(monkeypatch, capsys, "./clean", *options)[0] == 0
    assert len(list((tmp_path / "out/img_dir/test").iterdir())) == 2 * SPEC.num_frames


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
    for files in (preset, recipe):
        for path in [path for path in files if path.startswith("test.mmseg.")]:
            del files[path]
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
    from tests.formats.readers import READERS, close

    for library in {"mots": ["pycocotools"], "coco-amodal": ["pycocotools"], "ffv1": ["av"]}.get(format_, []):
        pytest.importorskip(library, reason="the extra `judges` brings it")
    export(recipe_of(), tmp_path, format_)
    found = READERS[format_](tree(tmp_path), "test")
    clips = segmnist.ClipSource(SPEC, split="test", truth=("semantic", "instance"), length=3)
    for clip in clips:
        read = found[f"test_{clip.clip_id:010d}"]
        assert "video" in read or close(np.stack(read["lossy"]), clip.video)
        for array in {"video", "instance", "semantic"} & set(read):
            np.testing.assert_array_equal(np.stack(read[array]), clip[array])
