"""What lies beside data sets: exports, links, strangers of the same names, and what dead writers left."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.dataset.conftest import files_of

from segmnist import BadArgument, CorruptData, DigitBank, SceneSpec
from segmnist.dataset import Recipe, generate, open_dataset, recipe_for, repair, verify
from segmnist.dataset.export import export
from segmnist.dataset.local_store import LocalStore
from segmnist.dataset.locate import locate
from segmnist.dataset.verify import clean
from segmnist.formats import FOLDER
from segmnist.whole_file import is_abandoned, temporary_path

SPEC = SceneSpec(height=28, width=36, num_frames=2, num_digits_range=(1, 2))


def recipe_of(split: str = "test", seed: int = 1) -> Recipe:
    return recipe_for(SPEC, num_clips=3, split=split, seed=seed, index=False)


@pytest.mark.parametrize("format_", FOLDER)
def test_an_export_is_verified_and_mended_like_the_rest(ram: Path, format_: str) -> None:
    for library in {"mots": ["pycocotools"], "coco-amodal": ["pycocotools"], "ffv1": ["av"]}.get(format_, []):
        pytest.importorskip(library, reason="the extra `judges` brings it")
    export(dataclasses.replace(recipe_of(), clips_per_shard=2), ram, format_, num_workers=1)
    good = files_of(ram)
    [verdict] = verify(ram)
    assert verdict.is_good
    assert verdict.found.format == format_
    assert verdict.num_bytes > 0
    for path, data in good.items():
        (ram / path).write_bytes(data[:-1] + b"\0")
        faults = [str(fault) for verdict in verify(ram) for fault in verdict.faults]
        assert len(faults) == 1
        assert faults[0].startswith(f"corrupt: {path}")
        for verdict in verify(ram):
            repair(verdict)
        assert files_of(ram) == good
        (ram / path).unlink()
        for verdict in verify(ram):
            assert [fault.kind for fault in verdict.faults] == ["missing"]
            repair(verdict)
        assert files_of(ram) == good


def test_an_export_whose_books_are_of_another_format_is_lost_and_stays_as_it_is(ram: Path) -> None:
    """So were exports before they had receipts: their recipes named `zarr`, and a repair wrote that."""
    export(recipe_of(), ram / "export", "mmseg", num_workers=1)
    generate(recipe_of(), ram / "data", num_workers=1)
    for name in ("recipe.json", "manifest.json"):
        shutil.copy(ram / "data/test.zarr" / name, ram / "export" / f"test.mmseg.{name}")
    before = files_of(ram / "export")
    [verdict] = verify(ram / "export")
    assert not verdict.is_good
    with pytest.raises(CorruptData, match="a data set in zarr has its recipe elsewhere"):
        repair(verdict)
    assert files_of(ram / "export") == before


def test_the_frames_of_an_export_are_not_looked_through_for_data_sets(
    ram: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(recipe_of(), ram, "davis", num_workers=1)
    looked_into: list[str] = []
    names = LocalStore.names

    def noted(store: LocalStore, folder: str) -> set[str]:
        looked_into.append(folder)
        return names(store, folder)

    monkeypatch.setattr(LocalStore, "names", noted)
    assert len(locate(ram)) == 1
    assert "JPEGImages/480p/" in looked_into
    assert not any("test_0" in folder for folder in looked_into)


def test_an_export_is_no_data_set_to_open(ram: Path) -> None:
    export(recipe_of(), ram, "mmseg", num_workers=1)
    with pytest.raises(BadArgument, match=r"format='mmseg' is not permitted.*other tools read it"):
        open_dataset(ram)


def test_strangers_beside_an_export_confuse_nobody(ram: Path) -> None:
    export(recipe_of(), ram, "mmseg", num_workers=1)
    for path in ("manifest.json", "img_dir/manifest.json", "my-recipe.json", "img_dir/recipe.json"):
        (ram / path).write_bytes(b'{"name": "a web app"}')
    [verdict] = verify(ram)
    assert verdict.is_good
    assert verdict.found.format == "mmseg"


def test_exports_of_two_splits_and_a_data_set_in_one_place(ram: Path) -> None:
    generate(recipe_of("val"), ram, num_workers=1)
    for split in ("train", "test"):
        export(recipe_of(split), ram, "mmseg")
    verdicts = verify(ram)
    assert sorted((v.found.format, v.found.recipe.split) for v in verdicts) == [
        ("mmseg", "test"), ("mmseg", "train"), ("zarr", "val"),
    ]  # fmt: skip
    assert all(verdict.is_good for verdict in verdicts)
    assert len(open_dataset(ram, "val")) == 3


SPLITS = ("train", "val", "test")


def in_one_folder(tinier: Recipe, split: str, **changes: object) -> Recipe:
    return dataclasses.replace(tinier, split=split, format="huggingface", **changes)


def test_each_split_in_a_folder_is_written_verified_and_mended_for_itself(
    ram: Path, tinier: Recipe, bank: DigitBank
) -> None:
    writers = [
        threading.Thread(
            target=generate, args=(in_one_folder(tinier, split), ram), kwargs={"bank": bank, "num_workers": 1}
        )
        for split in SPLITS
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    good = files_of(ram)
    for split in SPLITS:
        generate(in_one_folder(tinier, split), ram / "apart" / split, bank=bank, num_workers=1)
        apart = files_of(ram / "apart" / split)
        assert all(good[path] == data for path, data in apart.items())
        assert len(open_dataset(ram, split)) == 3
    shutil.rmtree(ram / "apart")
    (ram / "huggingface/notes.txt").write_bytes(b"mine")
    shard = next(ram.glob("huggingface/data/validation-00001-*.parquet"))
    shard.write_bytes(b"rot")
    faults = {verdict.found.recipe.split: list(map(str, verdict.faults)) for verdict in verify(ram)}
    assert faults == {
        "train": ["foreign: notes.txt"], "val": [f"truncated: data/{shard.name}"], "test": [],
    }  # fmt: skip
    (ram / "huggingface/README.md").unlink()
    assert [fault.kind for verdict in verify(ram) for fault in verdict.faults].count("missing") == 3
    for verdict in verify(ram):
        repair(verdict, bank=bank)
    assert files_of(ram) == {**good, "huggingface/notes.txt": b"mine"}


def test_splits_in_a_folder_have_the_same_columns(ram: Path, tinier: Recipe, bank: DigitBank) -> None:
    generate(in_one_folder(tinier, "train"), ram, bank=bank, num_workers=1, shard_range=(0, 2))
    before = files_of(ram)
    with pytest.raises(BadArgument, match=r"truth='instance in.*columns of train.*semantic in 2 frames"):
        generate(in_one_folder(tinier, "val", truths=("instance",)), ram, bank=bank, num_workers=1)
    assert files_of(ram) == before


def test_strangers_with_the_names_of_ours_confuse_nobody(ram: Path, tinier: Recipe, bank: DigitBank) -> None:
    generate(tinier, ram, bank=bank, num_workers=1)
    for path in (
        "manifest.json",
        "app/manifest.json",
        "my-recipe.json",
        "app/recipe.json",
        "train.notes.recipe.json",
    ):
        (ram / path).parent.mkdir(exist_ok=True)
        (ram / path).write_bytes(b'{"name": "a web app"}')
    [verdict] = verify(ram)
    assert verdict.is_good
    assert len(open_dataset(ram)) == 3
    with pytest.raises(BadArgument, match=r"no recipe\.json"):
        locate(ram / "app")


@pytest.mark.parametrize("format_", ["zarr", "webdataset", "npz", "huggingface", "origin-npy"])
def test_a_folder_of_places_holds_their_data_sets(
    ram: Path, tinier: Recipe, bank: DigitBank, format_: str
) -> None:
    for name, split in (("one", "train"), ("two", "val")):
        recipe = dataclasses.replace(tinier, split=split, format=format_, truths=("semantic",))
        generate(recipe, ram / name, bank=bank, num_workers=1)
    assert [verdict.found.recipe.split for verdict in verify(ram) if verdict.is_good] == ["train", "val"]
    assert len(open_dataset(ram, "val")) == 3


def test_what_desktops_leave_in_a_data_set_is_no_fault(ram: Path, tinier: Recipe, bank: DigitBank) -> None:
    generate(tinier, ram, bank=bank, num_workers=1)
    for path in ("train.zarr/.DS_Store", "train.zarr/video/._c.0", "train.zarr/Thumbs.db", ".DS_Store"):
        (ram / path).write_bytes(b"desktop")
    assert verify(ram)[0].is_good
    (ram / "train.zarr/DS_Store").write_bytes(b"a stranger")
    assert [str(fault) for fault in verify(ram)[0].faults] == ["foreign: DS_Store"]


def test_a_linked_data_set_is_found(ram: Path, tinier: Recipe, bank: DigitBank) -> None:
    generate(tinier, ram / "away", bank=bank, num_workers=1)
    (ram / "here").mkdir()
    (ram / "here/train.zarr").symlink_to(ram / "away/train.zarr")
    (ram / "here/loop").symlink_to(ram / "here")
    [verdict] = verify(ram / "here")
    assert verdict.is_good
    assert len(open_dataset(ram / "here")) == 3


def test_two_exports_into_one_place_at_once(ram: Path) -> None:
    """One of them is there, whole, and the other one is refused; whichever comes first."""
    wholes = {
        seed: files_of(Path(export(recipe_of(seed=seed), ram / f"whole{seed}", "davis"))) for seed in (1, 2)
    }
    for trial in range(6):
        place = ram / f"place{trial}"
        errors: list[Exception] = []

        def run(seed: int, place: Path = place, errors: list[Exception] = errors) -> None:
            try:
                export(recipe_of(seed=seed), place, "davis")
            except BadArgument as error:
                errors.append(error)

        threads = [threading.Thread(target=run, args=(seed,)) for seed in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(errors) == 1
        assert files_of(place) in wholes.values()


def test_exports_that_share_a_place_do_not_wait_for_one_another(ram: Path) -> None:
    """Two formats, two splits, and one of them twice, all at once: each is there, whole."""
    wanted = [("davis", "test"), ("davis", "train"), ("mmseg", "test"), ("mmseg", "test")]
    for trial in range(4):
        with ThreadPoolExecutor(len(wanted)) as pool:
            list(pool.map(lambda w, trial=trial: export(recipe_of(w[1]), ram / str(trial), w[0]), wanted))
        verdicts = verify(ram / str(trial))
        assert sorted((v.found.format, v.found.recipe.split) for v in verdicts) == sorted(set(wanted))
        assert all(verdict.is_good for verdict in verdicts)


def test_an_export_that_meets_a_stranger_writes_nothing(ram: Path) -> None:
    whole = files_of(Path(export(recipe_of(), ram / "whole", "davis")))
    last = sorted(path for path in whole if "davis." not in path)[-1]
    (ram / "out" / last).parent.mkdir(parents=True)
    (ram / "out" / last).write_bytes(b"mine")
    with pytest.raises(BadArgument, match="no such file exists"):
        export(recipe_of(), ram / "out", "davis")
    assert files_of(ram / "out") == {last: b"mine"}


def test_what_killed_writers_left_is_listed_and_swept(ram: Path, tinier: Recipe, bank: DigitBank) -> None:
    generate(dataclasses.replace(tinier, format="origin-npy"), ram, bank=bank)
    export(recipe_of(), ram, "davis")
    good = files_of(ram)
    left = {}
    for name in ("train_images.npy", "test.davis.recipe.json"):
        alive = temporary_path(ram / name)
        dead = alive.with_name(alive.name.replace(f".{os.getpid()}.", ".999999999."))
        for path in (alive, dead):
            path.mkdir() if name.endswith("json") else path.write_bytes(b"half")
        left[name] = (alive, dead)
    of_others = ram / dead.name.replace("test.davis", "val.davis")
    of_others.mkdir()
    verdicts = verify(ram)
    listed = sorted(str(fault) for verdict in verdicts for fault in verdict.faults)
    assert listed == sorted(f"leftover: {path.name}" for pair in left.values() for path in pair)
    swept = [path for verdict in verdicts for path in clean(verdict.found)]
    assert sorted(swept) == sorted(dead.name for _, dead in left.values())
    assert of_others.exists()
    for alive, _ in left.values():
        assert alive.exists()
        alive.rmdir() if alive.is_dir() else alive.unlink()
    assert files_of(ram) == good


def test_a_writer_of_another_pid_namespace_is_not_dead(tmp_path: Path) -> None:
    """A container of the same host name: its process ids say nothing here, nor ours there."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root may make a PID namespace")
    ours = temporary_path(tmp_path / "x")
    ours.write_bytes(b"")
    code = (
        "import sys; from pathlib import Path; from segmnist.whole_file import is_abandoned, temporary_path;"
        "print(is_abandoned(Path(sys.argv[1])), temporary_path(Path(sys.argv[2])).name)"
    )
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", code, ours, tmp_path / "y"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no PID namespaces here: {done.stderr[:80]}")
    abandoned, name = done.stdout.split()
    assert abandoned == "False"
    (tmp_path / name).write_bytes(b"")
    assert not is_abandoned(tmp_path / name)
    assert not is_abandoned(ours)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"plan_id": 1}\n'])
@pytest.mark.parametrize("name", ["recipe.json", "manifest.json", "receipts/0000001.json"])
def test_damaged_books_are_named_with_the_way_to_mend_them(
    ram: Path, tinier: Recipe, bank: DigitBank, name: str, data: bytes
) -> None:
    generate(tinier, ram, bank=bank, num_workers=1)
    (ram / "train.zarr" / name).write_bytes(data)
    if name.startswith("receipts"):
        (ram / "train.zarr/manifest.json").unlink()
    with pytest.raises(CorruptData, match=rf"train\.zarr/{name}: .*segmnist verify --repair"):
        generate(tinier, ram, bank=bank, num_workers=1)
    for verdict in verify(ram):
        repair(verdict, bank=bank)
    assert all(verdict.is_good for verdict in verify(ram))
