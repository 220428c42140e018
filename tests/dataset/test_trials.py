"""The trials by which trust in stored data was won, at full count: damage of every kind, faults of a store, hostile recipes."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.dataset.conftest import files_of
from tests.dataset.test_trust import FORMATS, OBSTACLES, OTHERS, fresh, healed
from tests.dataset.test_trust import wholes as wholes

from segmnist import BadArgument, CorruptData, DigitBank
from segmnist.dataset import Recipe, generate, open_dataset, repair, verify

Damage = Callable[[bytes, random.Random], bytes | None]


def flipped(data: bytes, place: int, bit: int) -> bytes:
    out = bytearray(data)
    out[place] ^= 1 << bit
    return bytes(out)


def shuffled(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    chance.shuffle(out)
    return bytes(out)


DAMAGES: dict[str, Damage] = {
    "first bit": lambda data, chance: flipped(data, 0, 7),
    "last bit": lambda data, chance: flipped(data, -1, 0),
    **{
        f"bit {number}": lambda data, chance: flipped(data, chance.randrange(len(data)), chance.randrange(8))
        for number in range(16)
    },
    "empty": lambda data, chance: b"",
    "one byte": lambda data, chance: data[:1],
    "half": lambda data, chance: data[: len(data) // 2],
    "a byte less": lambda data, chance: data[:-1],
    "the first byte gone": lambda data, chance: data[1:],
    "a byte more": lambda data, chance: data + b"\n",
    "twice": lambda data, chance: data + data,
    "zeros": lambda data, chance: bytes(len(data)),
    "ones": lambda data, chance: b"\xff" * len(data),
    "noise": lambda data, chance: chance.randbytes(len(data)),
    "shuffled": shuffled,
    "other line ends": lambda data, chance: data.replace(b"\n", b"\r\n") + b"\r\n",
    "a page": lambda data, chance: b"<html>503</html>",
    "gone": lambda data, chance: None,
}


def trials(whole: Path, others: dict[str, Path]) -> Iterator[tuple[str, str, Callable[[Path], None]]]:
    """Iterate over a file's path, what is done to it, and the function that does it, for all files of a data set."""
    own = files_of(whole)
    theirs = {name: files_of(place) for name, place in others.items()}

    def writing(data: bytes | None) -> Callable[[Path], None]:
        def write(path: Path) -> None:
            if data is not None:
                path.write_bytes(data)

        return write

    for path, data in own.items():
        for kind, damage in DAMAGES.items():
            yield path, kind, writing(damage(data, random.Random(f"{path} {kind}")))
        for obstacle in OBSTACLES:
            yield path, obstacle.__name__, obstacle
        for name, files in theirs.items():
            if files.get(path, data) != data:
                yield path, f"of another data set: {name}", writing(files[path])
        neighbour = next((other for other in own if other != path and own[other] != data), None)
        if neighbour is not None:
            yield path, "a neighbour's", writing(own[neighbour])


def others_of(wholes: Any, format_: str) -> dict[str, Path]:
    """Return data sets that differ from the whole one, by what differs."""
    unlike = ("other truths", "other shards") if format_.startswith("origin") else ()
    return {name: wholes(format_, changes.items()) for name, changes in OTHERS.items() if name not in unlike}


def test_there_are_2296_kinds_of_damage_and_more(wholes: Any) -> None:
    counts = {name: sum(1 for _ in trials(wholes(name), others_of(wholes, name))) for name in FORMATS}
    assert sum(counts.values()) >= 2296, counts


@pytest.mark.slow
@pytest.mark.parametrize("format_", FORMATS)
def test_every_kind_of_damage_to_every_file_is_found_and_healed(
    wholes: Any, bank: DigitBank, ram: Path, format_: str
) -> None:
    own = files_of(wholes(format_))
    others = others_of(wholes, format_)
    undetected, unhealed = [], []
    for path, kind, damage in trials(wholes(format_), others):
        place = fresh(wholes(format_), ram / "damaged")
        (place / path).unlink()
        damage(place / path)
        faults = [fault for verdict in verify(place) for fault in verdict.faults]
        if not any(path.endswith(fault.path) for fault in faults):
            undetected.append((path, kind))
        left = {name: data for name, data in healed(place, bank).items() if not name.endswith("/mine")}
        if left != own:
            unhealed.append((path, kind))
    assert (undetected, unhealed) == ([], [])


@pytest.mark.slow
def test_374_faults_of_a_store(
    tinier: Recipe, tinier_files: dict[str, bytes], bank: DigitBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("moto", reason="moto is a test extra")
    pytest.importorskip("s3fs", reason="segmnist[s3] is not installed")
    from tests.dataset.faulty_s3 import BUCKET, serving

    from segmnist.dataset.object_store import ObjectStore

    monkeypatch.setattr("segmnist.dataset.object_store.FIRST_PAUSE", 0.001)
    monkeypatch.setattr("s3fs.core.S3FileSystem.retries", 1)
    with serving() as server:
        number = 0
        while len(server.injected) < 374:
            server.faults, server.rate = (409, 412, 500, 503, "lost"), 0.4
            server.by_object.clear()
            url = f"s3://{BUCKET}/{number}"
            generate(tinier, url, bank=bank, num_workers=1)
            if number % 3 == 0:
                broken = ObjectStore(f"{url}/train.zarr")
                server.faults = ()
                broken.replace("video/c.1.0.0.0", b"rot")
                server.faults = (500, 503)
                server.by_object.clear()
                [verdict] = verify(url)
                assert verdict.broken_shards == [1]
                repair(verdict, bank=bank)
            server.faults = ()
            store = ObjectStore(url)
            assert {path: store.read(path) for path in store.walk()} == tinier_files, number
            number += 1


def hostile_recipes(good: Recipe) -> dict[str, bytes]:
    """Return the bytes of recipe.json files that nobody should trust, by what is wrong with them."""
    fields = good.to_dict()

    def changed(**changes: Any) -> bytes:
        return json.dumps({**fields, **changes}).encode()

    spec = fields["spec"]
    odd: dict[str, list[Any]] = {
        "seed": [-1, 2**64, 1.5, "1", None, True, [1], {}],
        "split": ["../x", "", "dev", 3, None, "train\0", "x" * 10**5],
        "num_clips": [0, -1, 2**63, 1e300, "3", None, True],
        "first_clip": [-1, 2**63 - 1, "0"],
        "clip_ids": [[-1], [1, 1], ["a"], [2**63], "123", [[1]], [None]],
        "truths": [["deep"], [], "semantic", [["semantic"]], [None]],
        "format": ["tar", "../zarr", "", None, ["zarr"], "__import__('os')"],
        "clips_per_shard": [0, 10**9, -1, 0.5],
        "bank_sha256": ["", "x" * 64, "0" * 63, None],
        "generator_version": [0, 10**9, "1", None],
        "index": ["yes", 2],
        "spec": [
            3,
            [],
            None,
            "x",
            {"height": 10**9},
            {"height": []},
            {"colour": 1},
            {**spec, "classes": [10]},
        ],
        "plan_id": ["", "0" * 64, 7],
        "surplus": [1],
    }
    made = {
        f"{name}: {value!r:.30}": changed(**{name: value}) for name, values in odd.items() for value in values
    }
    texts = {
        "nothing": b"", "a NUL": b"\0", "a list": b"[]", "a number": b"3", "half": changed()[:40],
        "depth": b"[" * 100_000, "digits": changed(seed=0)[:-1] + b', "num_clips": ' + b"9" * 5000 + b"}",
        "NaN": b'{"seed": NaN}', "no UTF-8": b'{"split": "\xff"}', "two values": changed() + changed(),
        "50 MB": b" " * 50_000_000,
    }  # fmt: skip
    return made | texts


@pytest.mark.slow
def test_57_hostile_recipes(tinier: Recipe, bank: DigitBank, ram: Path) -> None:
    """As a file for `--recipe`, and as the recipe.json of a finished data set: refused, or found and mended; soon."""
    recipes = hostile_recipes(tinier)
    assert len(recipes) >= 57
    generate(tinier, ram / "good", bank=bank, num_workers=1)
    good = files_of(ram / "good")
    for name, data in recipes.items():
        began = time.monotonic()
        (ram / "hostile.json").write_bytes(data)
        if not name.startswith(("plan_id", "truths: []")):
            with pytest.raises(BadArgument) as refused:
                Recipe.from_file(ram / "hostile.json")
            assert len(str(refused.value)) < 1500, name
            assert "\n" not in str(refused.value), name
        place = fresh(ram / "good", ram / "place")
        (place / "train.zarr/recipe.json").write_bytes(data)
        assert open_dataset(place)[0]["video"].shape == (2, 16, 20)
        with pytest.raises((BadArgument, CorruptData)):
            generate(tinier, place, bank=bank, num_workers=1)
        assert not all(verdict.is_good for verdict in verify(place)), name
        assert healed(place, bank) == good, name
        (place / "train.zarr/manifest.json").unlink()
        shutil.rmtree(place / "train.zarr/receipts")
        (place / "train.zarr/recipe.json").write_bytes(data)
        with pytest.raises((BadArgument, CorruptData)):
            open_dataset(place)
        assert time.monotonic() - began < 60, name


@pytest.mark.slow
def test_252_kills_of_the_command(tmp_path: Path) -> None:
    """`segmnist generate` with two workers, killed with all its processes at random moments, then run to its end."""
    import signal
    import subprocess
    import sys

    command = [sys.executable, "-m", "segmnist", "generate"]
    options = ["--preset", "clean", "--clips", "60", "--workers", "2", "--set", "num_frames=2", "--no-index"]
    subprocess.run([*command, tmp_path / "whole", *options], check=True, capture_output=True)
    expected = files_of(tmp_path / "whole")
    chance, longest, killed, trial = random.Random(7), 4.0, 0, 0
    place = tmp_path / "place"
    while killed < 252:
        trial += 1
        process = subprocess.Popen(
            [*command, place, *options],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(chance.uniform(0.3, longest))
            longest = max(1.0, longest * 0.9)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
            longest *= 1.05
        left = files_of(place) if place.exists() else {}
        assert all(expected.get(path, data) == data for path, data in left.items())
        if "train.zarr/manifest.json" in left:
            assert {path for path in left if path in expected} == set(expected)
            shutil.rmtree(place)
    subprocess.run([*command, place, *options], check=True, capture_output=True)
    left = files_of(place)
    assert {path: data for path, data in left.items() if not path.endswith(".tmp")} == expected
