"""Whatever a reader trusts is tied to the rest: no file of another data set, and none that lies, goes unnoticed."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.dataset.conftest import files_of

from segmnist import CorruptData, DigitBank
from segmnist.dataset import Recipe, generate, open_dataset, repair, verify
from segmnist.dataset.locate import locate_one
from segmnist.errors import BadArgument

Wholes = Callable[..., Path]
Change = Callable[[Any], Any]

FORMATS = ("zarr", "webdataset", "npz", "huggingface", "origin-npy", "origin-h5")

OTHERS: dict[str, dict[str, Any]] = {
    "seed": {"seed": 12},
    "shorter": {"num_clips": 2},
    "other truths": {"truths": ("instance",)},
    "other shards": {"clips_per_shard": 1},
}
"""Data sets that might be mixed up with one another."""


@pytest.fixture(scope="module")
def wholes(tinier: Recipe, bank: DigitBank, tmp_path_factory: pytest.TempPathFactory) -> Wholes:
    """Return the place of a data set of a format, made once: whole, of the recipe with some changes."""
    made: dict[tuple[Any, ...], Path] = {}

    def whole(format_: str, changes: Iterable[tuple[str, Any]] = ()) -> Path:
        key = (format_, *sorted(dict(changes).items()))
        if key not in made:
            made[key] = tmp_path_factory.mktemp("whole")
            recipe = dataclasses.replace(tinier, format=format_, **dict(changes))
            generate(recipe, made[key], bank=bank, num_workers=1)
        return made[key]

    return whole


def fresh(whole: Path, place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(whole, place)
    return place


def healed(place: Path, bank: DigitBank) -> dict[str, bytes]:
    """Repair every data set in a place; return its files without those that were set aside."""
    for verdict in verify(place):
        repair(verdict, bank=bank)
    return {path: data for path, data in files_of(place).items() if ".aside" not in path}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("format_", FORMATS)
def test_any_file_of_another_data_set_is_found_and_mended(
    wholes: Wholes, bank: DigitBank, ram: Path, format_: str, other: str
) -> None:
    changes = OTHERS[other]
    if format_.startswith("origin") and other in ("other truths", "other shards"):
        pytest.skip("the 2020 layouts hold one set of truths and no shards")
    own, theirs = files_of(wholes(format_)), files_of(wholes(format_, changes.items()))
    swapped = [path for path in own if path in theirs and own[path] != theirs[path]]
    assert len(swapped) >= 3
    for path in swapped:
        place = fresh(wholes(format_), ram / "mixed")
        (place / path).write_bytes(theirs[path])
        faults = [fault for verdict in verify(place) for fault in verdict.faults]
        assert any(path.endswith(fault.path) for fault in faults), path
        assert healed(place, bank) == own, path
        assert all(verdict.is_good for verdict in verify(place))


def test_readers_refuse_a_recipe_and_a_manifest_of_two_data_sets(
    wholes: Wholes, tinier: Recipe, bank: DigitBank, ram: Path
) -> None:
    for name in ("recipe.json", "manifest.json"):
        place = fresh(wholes("zarr"), ram / "mixed")
        shutil.copy(wholes("zarr", OTHERS["seed"].items()) / "train.zarr" / name, place / "train.zarr" / name)
        with pytest.raises(CorruptData, match=r"seed: 1[12] and 1[12].*verify --repair"):
            locate_one(place)
        with pytest.raises(CorruptData, match="different data sets"):
            open_dataset(place)
        for seed in (11, 12):
            with pytest.raises((CorruptData, BadArgument)):
                generate(dataclasses.replace(tinier, seed=seed), place, bank=bank, num_workers=1)


def test_receipts_of_another_data_set_are_no_work_done(
    wholes: Wholes, tinier: Recipe, bank: DigitBank, ram: Path
) -> None:
    """An unfinished data set whose recipe.json was replaced: nothing is taken for the other's."""
    place = fresh(wholes("zarr"), ram / "mixed")
    (place / "train.zarr/manifest.json").unlink()
    (place / "train.zarr/receipts/0000001.json").unlink()
    theirs = wholes("zarr", OTHERS["seed"].items()) / "train.zarr/recipe.json"
    shutil.copy(theirs, place / "train.zarr/recipe.json")
    before = files_of(place)
    with pytest.raises(CorruptData, match="verify --repair"):
        generate(dataclasses.replace(tinier, seed=12), place, bank=bank, num_workers=1)
    assert files_of(place) == before


def tampered(data: bytes, change: Change) -> bytes:
    """Return a manifest with a change to its values and a sum that fits."""
    values = json.loads(data)
    values.pop("sha256")
    change(values)

    def text(value: Any) -> bytes:
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

    shards = values.pop("shards")
    body = text(values)[:-1] + b',"shards":[\n' + b",\n".join(map(text, shards)) + b"\n],\n"
    return body + f'"sha256":"{hashlib.sha256(body).hexdigest()}"}}\n'.encode()


def set_at(*keys_and_value: Any) -> Change:
    *keys, last, value = keys_and_value

    def change(values: Any) -> None:
        for key in keys:
            values = values[key]
        values[last] = value

    return change


FILE = {"bytes": 1, "sha256": "0" * 64}
TAMPERED: dict[str, Change] = {
    "fewer receipts": lambda m: m["shards"].pop(),
    "no receipts": lambda m: m["shards"].clear(),
    "more receipts": lambda m: m["shards"].extend(m["shards"]),
    "receipts reversed": lambda m: m["shards"].reverse(),
    "a receipt without files": set_at("shards", 1, "files", {}),
    "a file more": set_at("shards", 1, "files", "video/c.9", FILE),
    "another sum": set_at("shards", 1, "files", "video/c.1.0.0.0", FILE),
    "a number of clips": set_at("shards", 1, "clips", 10**9),
    "a plan id in a receipt": set_at("shards", 1, "plan_id", "ab" * 32),
    "a shard that is no number": set_at("shards", 1, "shard", "x"),
    "the plan id": set_at("plan_id", "ab" * 32),
    "a huge array": set_at("arrays", "video", "shape", [10**6] * 3),
    "a negative shape": set_at("arrays", "video", "shape", [-1, 16, 20]),
    "a smaller array": set_at("arrays", "video", "shape", [1, 16, 20]),
    "objects": set_at("arrays", "video", "dtype", "O"),
    "another dtype": set_at("arrays", "video", "dtype", "float64"),
    "an array more": lambda m: m["arrays"].update({"../evil": m["arrays"]["video"]}),
    "an array less": lambda m: m["arrays"].pop("video"),
    "a number of clips in the recipe": set_at("recipe", "num_clips", 10**15),
    "shards in the recipe": set_at("recipe", "clips_per_shard", 1),
    "a split that is none": set_at("recipe", "split", "../x"),
    "a recipe that is a list": set_at("recipe", []),
    "an absolute path": set_at("files", "/etc/passwd", FILE),
    "a path with a NUL": set_at("files", "nul\0x", FILE),
    "a long path": set_at("files", "x" * 5000, FILE),
    "an empty path": set_at("files", "", FILE),
    "the path of a folder": set_at("files", "video", FILE),
    "a drive": set_at("files", "C:x", FILE),
    "an escape": set_at("files", "\x1b[2J", FILE),
    "a sum of zarr.json": set_at("files", "zarr.json", FILE),
    "no zarr.json": lambda m: m["files"].pop("zarr.json"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_manifest_that_fits_its_sum_and_lies_is_found_and_mended(
    wholes: Wholes, bank: DigitBank, ram: Path, name: str
) -> None:
    own = files_of(wholes("zarr"))
    place = fresh(wholes("zarr"), ram / "lying")
    manifest = place / "train.zarr/manifest.json"
    manifest.write_bytes(tampered(manifest.read_bytes(), TAMPERED[name]))
    assert not all(verdict.is_good for verdict in verify(place))
    assert healed(place, bank) == own


def test_metadata_that_lie_with_a_sum_that_fits_are_found_and_mended(
    wholes: Wholes, bank: DigitBank, ram: Path
) -> None:
    """zarr.json and the manifest changed together: what stock readers read is not what the recipe gives."""
    own = files_of(wholes("zarr"))
    place = fresh(wholes("zarr"), ram / "lying")
    metadata = place / "train.zarr/zarr.json"
    metadata.write_bytes(metadata.read_bytes().replace(b'"seed": 11', b'"seed": 12'))
    sums = {"bytes": metadata.stat().st_size, "sha256": hashlib.sha256(metadata.read_bytes()).hexdigest()}
    manifest = place / "train.zarr/manifest.json"
    manifest.write_bytes(tampered(manifest.read_bytes(), set_at("files", "zarr.json", sums)))
    [verdict] = verify(place)
    assert [fault.path for fault in verdict.faults] == ["zarr.json"]
    assert healed(place, bank) == own


def a_folder(path: Path) -> None:
    path.mkdir()


def a_full_folder(path: Path) -> None:
    path.mkdir()
    (path / "mine").write_bytes(b"precious")


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_loop(path: Path) -> None:
    path.symlink_to(path.name)


def a_link_to_nowhere(path: Path) -> None:
    path.symlink_to("nowhere")


def nothing_to_read(path: Path) -> None:
    path.write_bytes(b"")
    path.chmod(0)


OBSTACLES = [a_folder, a_full_folder, a_pipe, a_loop, a_link_to_nowhere, nothing_to_read]


@pytest.mark.parametrize("obstacle", OBSTACLES)
@pytest.mark.parametrize("format_", FORMATS)
def test_whatever_stands_in_a_files_place_every_file_gets_a_verdict(
    wholes: Wholes, bank: DigitBank, ram: Path, format_: str, obstacle: Callable[[Path], None]
) -> None:
    own = files_of(wholes(format_))
    paths = sorted(own)
    for path, also in zip(paths, [*paths[1:], paths[0]]):
        place = fresh(wholes(format_), ram / "odd")
        (place / path).unlink()
        obstacle(place / path)
        books = {path.rpartition("/")[2], also.rpartition("/")[2]}
        if not any(name.endswith(("recipe.json", "manifest.json")) for name in books):
            (place / also).write_bytes(own[also][:-1])
        faults = [fault for verdict in verify(place) for fault in verdict.faults]
        assert any(path.endswith(fault.path) for fault in faults)
        if (place / also).read_bytes() != own[also]:
            assert any(also.endswith(fault.path) for fault in faults)
        left = healed(place, bank)
        assert {path: data for path, data in left.items() if not path.endswith("/mine")} == own
        if obstacle is a_full_folder:
            assert (place / f"{path}.aside/mine").read_bytes() == b"precious"


def test_a_file_where_a_folder_belongs(wholes: Wholes, bank: DigitBank, ram: Path) -> None:
    place = fresh(wholes("zarr"), ram / "odd")
    for folder in ("video", "receipts"):
        shutil.rmtree(place / "train.zarr" / folder)
        (place / "train.zarr" / folder).write_bytes(b"mine")
    [verdict] = verify(place)
    assert verdict.broken_shards == [0, 1]
    assert healed(place, bank) == files_of(wholes("zarr"))
    assert (place / "train.zarr/video.aside").read_bytes() == b"mine"


def test_a_disk_that_fails_is_one_fault_of_one_file(
    wholes: Wholes, ram: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = fresh(wholes("zarr"), ram / "failing")
    bad = os.stat(place / "train.zarr/video/c.1.0.0.0").st_ino
    read = os.pread

    def failing(descriptor: int, size: int, start: int) -> bytes:
        if os.fstat(descriptor).st_ino == bad:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(descriptor, size, start)

    monkeypatch.setattr(os, "pread", failing)
    [verdict] = verify(place)
    assert list(map(str, verdict.faults)) == ["unreadable: video/c.1.0.0.0 (Input/output error)"]
    dataset = open_dataset(place)
    assert dataset[0]["video"].shape == (2, 16, 20)
    with pytest.raises(CorruptData, match=r"video/c\.1.*verify --repair"):
        dataset[2]


def test_a_shard_that_is_cut_short_while_it_is_read_is_an_error_and_no_crash(
    wholes: Wholes, ram: Path
) -> None:
    place = fresh(wholes("zarr"), ram / "shrinking")
    dataset = open_dataset(place)
    assert dataset[0]["video"].shape == (2, 16, 20)
    os.truncate(place / "train.zarr/video/c.0.0.0.0", 16)
    with pytest.raises(CorruptData, match="cut short"):
        dataset[1]


def test_names_of_files_are_printed_plain(wholes: Wholes, ram: Path) -> None:
    place = fresh(wholes("zarr"), ram / "odd")
    (place / "train.zarr/\x1b[2J\nwhole").write_bytes(b"")
    [verdict] = verify(place)
    assert list(map(str, verdict.faults)) == [r"foreign: \x1b[2J\nwhole"]


def test_resuming_needs_room_for_what_is_missing_only(
    tiny: Recipe, tiny_files: dict[str, bytes], bank: DigitBank, ram: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from segmnist.dataset.local_store import LocalStore
    from segmnist.dataset.plan import Plan

    generate(tiny, ram, bank=bank, num_workers=1)
    monkeypatch.setattr(Plan, "estimate_bytes", lambda self: 1400)
    for path in ("manifest.json", "receipts/0000004.json", "video/c.4.0.0.0"):
        (ram / "train.zarr" / path).unlink()
    monkeypatch.setattr(LocalStore, "free_bytes", lambda self: 500)
    generate(tiny, ram, bank=bank, num_workers=1)
    assert files_of(ram) == tiny_files
    with pytest.raises(BadArgument, match="14 clips to write"):
        generate(tiny, ram / "elsewhere", bank=bank, num_workers=1)
