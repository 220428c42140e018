"""The packed MNIST is the published MNIST, and its cached copy is right or rebuilt, never in the way."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmnist.cache_folder import cache_folder
from segmnist.digits import DigitBank, packed
from segmnist.errors import CorruptData

PACKED_FILE = Path(packed.__file__).with_name(packed.PACKED_NAME)
CLASS_COUNTS_TRAIN = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
CLASS_COUNTS_TEST = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_packed_file_is_the_pinned_one_and_small() -> None:
    content = PACKED_FILE.read_bytes()
    assert hashlib.sha256(content).hexdigest() == packed.PACKED_SHA256
    assert len(content) < 9_100_000


def test_licence_lies_beside_the_packed_file() -> None:
    licence = PACKED_FILE.with_name("LICENSE-MNIST.txt").read_text(encoding="utf-8")
    for needed in (
        "LeCun",
        "Cortes",
        "https://creativecommons.org/licenses/by-sa/3.0/",
        "lossless repacking",
    ):
        assert needed in licence


def test_mnist_is_the_published_one(mnist: DigitBank) -> None:
    images, labels = mnist.images, mnist.labels
    assert hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest() == packed.ARRAY_SHA256
    assert np.bincount(labels[:60_000]).tolist() == CLASS_COUNTS_TRAIN
    assert np.bincount(labels[60_000:]).tolist() == CLASS_COUNTS_TEST
    assert labels[[0, 59_999, 60_000, 69_999]].tolist() == [5, 8, 7, 6]
    assert images[[0, 59_999, 60_000, 69_999]].sum(axis=(1, 2)).tolist() == [27525, 20920, 18454, 41833]


def test_import_reads_neither_digits_nor_the_array_cache(tmp_path: Path) -> None:
    code = f"""
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
import segmnist.digits
assert not [path for path in opened if path.endswith(({packed.PACKED_NAME!r}, {packed.CACHE_NAME!r}))]
"""
    subprocess.run([sys.executable, "-c", code], env=_environment(tmp_path / "cache"), check=True, timeout=60)
    assert not (tmp_path / "cache").exists()


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 4), st.integers(1, 19), st.integers(1, 19), st.integers(0, 2**32 - 1))
def test_unpack_undoes_pack(n: int, height: int, width: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (n, height, width), np.uint8)
    images[random.random(images.shape) < 0.7] = 0
    labels = random.integers(0, 10, n, np.uint8)
    content = packed.pack(images, labels)
    assert packed.unpack(content, (n, height, width)).tobytes() == images.tobytes() + labels.tobytes()
    assert content == packed.pack(images, labels)


# --- the cached copy, with a tiny stand-in for the 55 MB ---


class Tiny:
    """Stands in for MNIST: 3 digits, and a count of how often they were decoded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.flat = np.arange(3 * 785, dtype=np.uint64).astype(np.uint8)
        self.num_decoded = 0
        self.path = folder / packed.CACHE_NAME
        sha256 = hashlib.sha256(self.flat.data).hexdigest()
        changes = {"NUM_DIGITS": 3, "SHAPE": (3, 28, 28), "_NUM_BYTES": 3 * 785, "ARRAY_SHA256": sha256}
        for name, value in (changes | {"_decoded": self.decode}).items():
            monkeypatch.setattr(packed, name, value)
        monkeypatch.setenv("SEGMNIST_CACHE_DIR", str(folder))

    def decode(self) -> np.ndarray:
        self.num_decoded += 1
        return self.flat.copy()

    def open(self) -> np.ndarray:
        images, labels = packed.mnist()
        assert images.tobytes() + labels.tobytes() == self.flat.tobytes()
        return images


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tiny:
    return Tiny(monkeypatch, tmp_path / "new" / "cache")


def _is_mapped(array: np.ndarray) -> bool:
    base: object = array
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    return isinstance(base, np.memmap)


def test_second_opening_decodes_nothing_and_maps_the_file(tiny: Tiny) -> None:
    assert _is_mapped(tiny.open())
    images = tiny.open()
    assert _is_mapped(images)
    assert not images.flags.writeable
    assert tiny.num_decoded == 1
    assert os.listdir(tiny.path.parent) == [packed.CACHE_NAME]


def _flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)


def _rewrite(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(change(path.read_bytes()))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "bit flip": _flip_a_bit,
    "truncated": _rewrite(lambda content: content[:-1]),
    "header only": _rewrite(lambda content: content[:128]),
    "half a header": _rewrite(lambda content: content[:40]),
    "empty": _rewrite(lambda content: b""),
    "a zip": _rewrite(lambda content: b"PK\x03\x04" + content[4:]),
    "a pickle": _rewrite(lambda content: b"\x80\x04N."),
    "other shape": lambda path: np.save(path, np.zeros((3, 785), np.uint8)),
    "other type": lambda path: np.save(path, np.zeros(3 * 785, np.int8)),
    "objects": lambda path: np.save(path, np.array([{}], object), allow_pickle=True),
    "too long a shape": _rewrite(lambda content: content.replace(b"(2355,)", b"(9999,)")),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_cache_is_silently_rebuilt(tiny: Tiny, damage: Callable[[Path], object]) -> None:
    tiny.open()
    whole = tiny.path.read_bytes()
    damage(tiny.path)
    assert tiny.path.read_bytes() != whole
    tiny.open()
    assert tiny.num_decoded == 2
    assert tiny.path.read_bytes() == whole


def test_folder_in_the_way_of_the_file(tiny: Tiny) -> None:
    tiny.path.mkdir(parents=True)
    (tiny.path / "keep").touch()
    assert not _is_mapped(tiny.open())
    assert os.listdir(tiny.path.parent) == [packed.CACHE_NAME]


def test_file_in_the_way_of_the_folder(tiny: Tiny) -> None:
    tiny.path.parent.parent.touch()
    assert not _is_mapped(tiny.open())


@pytest.mark.parametrize("function", ["fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_full_or_read_only_disk_falls_back_to_memory(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, function: str, number: int
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, function, fail)
    images = tiny.open()
    assert not _is_mapped(images)
    assert os.listdir(tiny.path.parent) == []


def test_leftovers_of_killed_writers_are_swept_but_not_those_under_way(tiny: Tiny) -> None:
    tiny.path.parent.mkdir(parents=True)
    name = tiny.path.name
    names = (f".{name}.elsewhere.1.0000000a.tmp", f".{name}.elsewhere.1.0000000b.tmp", "c.tmp")
    old, new, other = (tiny.path.with_name(name) for name in names)
    for path in (old, new, other):
        path.touch()
    for path in (old, other):
        os.utime(path, (0, 0))
    tiny.open()
    assert sorted(tiny.path.parent.iterdir()) == sorted([tiny.path, new, other])


def test_empty_variable_means_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMNIST_CACHE_DIR", "")
    folder = cache_folder()
    assert folder is not None
    assert folder.is_absolute()
    assert "segmnist" in folder.parts


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_all_users_may_read_the_copy_whatever_the_umask_of_who_decodes(tiny: Tiny) -> None:
    before = os.umask(0o077)
    try:
        tiny.open()
    finally:
        os.umask(before)
    assert stat.S_IMODE(tiny.path.stat().st_mode) == 0o644
    assert stat.S_IMODE(tiny.path.parent.stat().st_mode) == 0o755


def test_without_a_home_digits_are_held_in_memory(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "cache_folder", lambda: None)
    assert not _is_mapped(tiny.open())


# --- the real thing ---


def _environment(cache: Path) -> dict[str, str]:
    paths = [path for path in sys.path if path]
    return os.environ | {"SEGMNIST_CACHE_DIR": str(cache), "PYTHONPATH": os.pathsep.join(paths)}


OPEN_MNIST = """
from segmnist.digits import DigitBank, bank, checks
mnist = DigitBank.mnist()
assert checks.bank_sha256(mnist.images, mnist.labels, mnist.splits) == bank.MNIST_SHA256
"""


def test_many_processes_at_once_on_an_empty_then_a_damaged_cache(tmp_path: Path) -> None:
    for _ in range(2):
        command = [sys.executable, "-c", OPEN_MNIST]
        processes = [subprocess.Popen(command, env=_environment(tmp_path)) for _ in range(4)]
        assert [process.wait() for process in processes] == [0] * 4
        assert os.listdir(tmp_path) == [packed.CACHE_NAME]
        _flip_a_bit(tmp_path / packed.CACHE_NAME)


@pytest.mark.parametrize("damage", ["missing", "flipped"])
def test_damaged_package_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, damage: str) -> None:
    if damage == "flipped":
        (tmp_path / packed.PACKED_NAME).write_bytes(b"\0" + PACKED_FILE.read_bytes()[1:])
    monkeypatch.setattr("segmnist.digits.packed.resources.files", lambda package: tmp_path)
    with pytest.raises(CorruptData, match=f"{packed.PACKED_NAME}: .*reinstall"):
        packed._decoded()
