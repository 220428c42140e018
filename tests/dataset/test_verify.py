"""verify finds every flipped bit and every cut, names it, and repair mends exactly that, from the recipe."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.dataset.conftest import files_of

from segmnist import BadArgument, CorruptData, DigitBank
from segmnist.dataset import generate, open_dataset, repair, verify
from segmnist.dataset.verify import clean
from segmnist.whole_file import temporary_path


@pytest.fixture
def place(tinier: Any, bank: DigitBank, ram: Any) -> Any:
    generate(tinier, ram, bank=bank, num_workers=1)
    return ram


def flip(data: Any, bit: Any) -> Any:
    damaged = bytearray(data)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def flip_bits(place: Any, bank: DigitBank, good: Any, count: Any, repairs: Any, seed: Any) -> Any:
    """Flip one bit at a time somewhere in the data set; return how many flips were found and how many mended."""
    chance = random.Random(seed)
    paths = sorted(good)
    sizes = [8 * len(good[path]) for path in paths]
    found = mended = 0
    for trial in range(count):
        [path] = chance.choices(paths, sizes)
        target = place / path
        target.write_bytes(flip(good[path], chance.randrange(8 * len(good[path]))))
        [verdict] = verify(place)
        found += any(path.endswith(fault.path) and fault.kind == "corrupt" for fault in verdict.faults)
        if trial % (count // repairs) == 0:
            repair(verdict, bank=bank)
            mended += files_of(place) == good
        target.write_bytes(good[path])
    return found, mended


def test_2000_random_bit_flips(place: Any, bank: DigitBank, tinier_files: Any) -> None:
    assert flip_bits(place, bank, tinier_files, count=2000, repairs=200, seed=5) == (2000, 200)


@pytest.mark.slow
def test_10000_random_bit_flips(place: Any, bank: DigitBank, tinier_files: Any) -> None:
    assert flip_bits(place, bank, tinier_files, count=10_000, repairs=10_000, seed=6) == (10_000, 10_000)


def test_every_file_cut_anywhere_or_gone(place: Any, bank: DigitBank, tinier_files: Any) -> None:
    for path, good in tinier_files.items():
        for length in {0, 1, len(good) // 2, len(good) - 1}:
            (place / path).write_bytes(good[:length])
            [verdict] = verify(place)
            assert any(path.endswith(f.path) and f.kind in ("truncated", "corrupt") for f in verdict.faults)
        (place / path).unlink()
        [verdict] = verify(place)
        assert any(path.endswith(f.path) and f.kind == "missing" for f in verdict.faults)
        repair(verdict, bank=bank)
        assert files_of(place) == tinier_files


def test_every_length_of_a_shard(place: Any, tinier_files: Any) -> None:
    path = "train.zarr/video/c.0.0.0.0"
    good = tinier_files[path]
    for length in range(0, len(good), 11):
        (place / path).write_bytes(good[:length])
        [verdict] = verify(place)
        assert [str(fault) for fault in verdict.faults] == ["truncated: video/c.0.0.0.0"]
        assert verdict.broken_shards == [0]


def test_repair_touches_only_what_is_broken(place: Any, bank: DigitBank) -> None:
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*") if path.is_file()}
    (place / "train.zarr/video/c.1.0.0.0").write_bytes(b"rot")
    [verdict] = verify(place)
    repair(verdict, bank=bank)
    after = {path: path.stat().st_mtime_ns for path in place.rglob("*") if path.is_file()}
    touched = {
        path.relative_to(place / "train.zarr").as_posix() for path in after if after[path] != before.get(path)
    }
    assert "video/c.1.0.0.0" in touched
    assert not any(path.endswith("c.0.0.0.0") or path == "manifest.json" for path in touched)


def test_strangers_are_named_and_never_deleted(place: Any, bank: DigitBank, tinier_files: Any) -> None:
    (place / "train.zarr/video/c").mkdir()
    (place / "train.zarr/video/c/mine").write_bytes(b"precious")
    [verdict] = verify(place)
    assert [str(fault) for fault in verdict.faults] == ["foreign: video/c/mine"]
    repair(verdict, bank=bank)
    assert clean(verdict.found) == []
    assert (place / "train.zarr/video/c/mine").read_bytes() == b"precious"


def test_clean_sweeps_dead_writers_only(place: Any) -> None:
    folder = place / "train.zarr/video"
    alive = temporary_path(folder / "x")
    alive.write_bytes(b"")
    dead = alive.with_name(alive.name.replace(f".{alive.name.split('.')[-3]}.", ".999999999."))
    dead.write_bytes(b"")
    elsewhere = folder / ".x.another-host.17.abcdef01.tmp"
    elsewhere.write_bytes(b"")
    [verdict] = verify(place)
    assert {fault.kind for fault in verdict.faults} == {"leftover"}
    assert clean(verdict.found) == [f"video/{dead.name}"]
    assert alive.exists()
    assert elsewhere.exists()


def test_an_unfinished_data_set_is_no_data_set(place: Any, bank: DigitBank, tinier_files: Any) -> None:
    (place / "train.zarr/manifest.json").unlink()
    (place / "train.zarr/receipts/0000001.json").unlink()
    with pytest.raises(BadArgument, match="finished"):
        open_dataset(place)
    [verdict] = verify(place)
    assert {"missing: manifest.json", "missing: receipts/0000001.json"} <= set(map(str, verdict.faults))
    repair(verdict, bank=bank)
    assert files_of(place) == tinier_files


def test_the_reader_checks_a_file_on_first_touch(place: Any, tinier_files: Any) -> None:
    path = "train.zarr/video/c.1.0.0.0"
    (place / path).write_bytes(flip(tinier_files[path], 80))
    dataset = open_dataset(place)
    assert dataset[0]["video"].shape == (2, 16, 20)
    with pytest.raises(CorruptData, match=r"video/c\.1"):
        dataset[2]


def test_the_reader_trusts_the_manifest_only_while_it_fits(place: Any, tinier_files: Any) -> None:
    path = "train.zarr/manifest.json"
    for bit in range(0, 8 * len(tinier_files[path]), 97):
        (place / path).write_bytes(flip(tinier_files[path], bit))
        with pytest.raises(CorruptData, match=r"manifest\.json"):
            open_dataset(place)


def test_repair_wants_the_same_digits(place: Any, bank: DigitBank) -> None:
    (place / "train.zarr/video/c.1.0.0.0").write_bytes(b"rot")
    [verdict] = verify(place)
    other = DigitBank.from_arrays(np.zeros((42, 8, 7), np.uint8), np.arange(42) % 10)
    with pytest.raises(BadArgument, match="--bank"):
        repair(verdict, bank=other)


def test_bytes_of_other_libraries_are_said_to_be(
    place: Any, bank: DigitBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "train.zarr/video/c.1.0.0.0").write_bytes(b"rot")
    [verdict] = verify(place)
    monkeypatch.setattr("segmnist.formats.zarr.ZSTD_LEVEL", 7)
    with pytest.raises(CorruptData, match="versions of zstd"):
        repair(verdict, bank=bank)


def test_nothing_to_verify(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="no recipe"):
        verify(tmp_path)


def lose(folder: Path, how: str) -> None:
    """Damage or delete all that tells a recipe."""
    for name in ("recipe.json", "manifest.json"):
        if how == "damaged":
            (folder / name).write_bytes(b"{}")
        else:
            (folder / name).unlink()


@pytest.mark.parametrize("how", ["damaged", "deleted"])
def test_neither_recipe_nor_manifest_left(place: Any, bank: DigitBank, how: str) -> None:
    lose(place / "train.zarr", how)
    [verdict] = verify(place)
    kind = "corrupt" if how == "damaged" else "missing"
    assert [(fault.kind, fault.path) for fault in verdict.faults] == [
        (kind, "recipe.json"), (kind, "manifest.json"),
    ]  # fmt: skip
    for refused in (lambda: repair(verdict, bank=bank), lambda: open_dataset(place)):
        with pytest.raises(CorruptData, match=r"train\.zarr/*recipe\.json: nothing tells its recipe.*anew"):
            refused()


@pytest.mark.parametrize("how", ["damaged", "deleted"])
@pytest.mark.parametrize("format_", ["zarr", "huggingface"])
def test_each_of_several_sets_gets_a_verdict_whatever_one_of_them_lost(
    tinier: Any, bank: DigitBank, ram: Any, format_: str, how: str
) -> None:
    import dataclasses

    for split in ("train", "val", "test"):
        generate(dataclasses.replace(tinier, split=split, format=format_), ram, bank=bank, num_workers=1)
    lost = {"zarr": "val.zarr", "huggingface": "huggingface/segmnist/val"}[format_]
    lose(ram / lost, how)
    shard = {"zarr": "test.zarr/video/c.0.*", "huggingface": "huggingface/data/test-00001-*"}[format_]
    next(ram.glob(shard)).write_bytes(b"rot")
    verdicts = verify(ram)
    assert len(verdicts) == 3
    assert sorted(len(verdict.faults) for verdict in verdicts) == [0, 1, 2]
    assert open_dataset(ram, "train")[0]["video"].shape == (2, 16, 20)
    with pytest.raises(CorruptData, match="nothing tells its recipe"):
        open_dataset(ram, "val")
    for verdict in verdicts:
        if len(verdict.faults) == 1:
            repair(verdict, bank=bank)
    assert [len(verdict.faults) for verdict in verify(ram)].count(0) == 2


def test_a_recipe_that_lies_elsewhere_hides_no_data_set(place: Any) -> None:
    (place / "recipe.json").write_bytes((place / "train.zarr/recipe.json").read_bytes())
    stray, verdict = verify(place)
    assert verdict.is_good
    assert {fault.path for fault in stray.faults} >= {"manifest.json", "receipts/0000000.json"}


@pytest.mark.parametrize("name", ["origin-npy", "origin-h5"])
def test_whole_formats_are_verified_and_mended(tinier: Any, bank: DigitBank, ram: Any, name: str) -> None:
    import dataclasses

    generate(dataclasses.replace(tinier, format=name), ram, bank=bank)
    good = files_of(ram)
    for path in good:
        (ram / path).write_bytes(flip(good[path], 77))
        [verdict] = verify(ram)
        assert [fault.path for fault in verdict.faults] == [path]
        repair(verdict, bank=bank)
        assert files_of(ram) == good


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "video/../../outside", "..\\\\outside"])
def test_paths_that_lead_outside_are_refused(place: Any, path: str) -> None:
    """A manifest that fits its own sum but was made to point elsewhere."""
    import hashlib

    manifest = place / "train.zarr/manifest.json"
    old = b"video/c.0.0.0.0"
    body = manifest.read_bytes().rpartition(b'"sha256"')[0].replace(old, path.encode())
    manifest.write_bytes(body + f'"sha256":"{hashlib.sha256(body).hexdigest()}"}}\n'.encode())
    with pytest.raises(CorruptData, match="outside"):
        open_dataset(place)
