"""Prediction files that are made to be a trap: one line, before anything is unpacked or run."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from segmnist.evaluate import BadPrediction
from segmnist.suites.stored import MOST_SAMPLES, StoredPredictions

SHAPE = (3, 24, 36)
NUM = 5
BOMB = 6 << 30
"""Bytes that the bombs claim, or unpack to."""


def header(shape: Any, descr: str = "|u1", version: bytes = b"\1\0", padding: int = 0) -> bytes:
    text = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode() + b" " * padding + b"\n"
    size = len(text).to_bytes(2 if version == b"\1\0" else 4, "little")
    return b"\x93NUMPY" + version + size + text


def archive(
    path: Path, member: bytes, name: str = "semantic.npy", claim: int | None = None, method: int = 8
) -> None:
    """Write an archive of one member; claim: the size that it is said to unpack to."""
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr(name, member)
        if claim:
            file.filelist[0].file_size = claim


class Trap:
    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return (pytest.fail, ("unpickled",))


def objects() -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([Trap()] * NUM, object), allow_pickle=True)
    return file.getvalue()


ARRAYS = {
    "objects": objects(),
    "objects in a structure": header((NUM,), descr="[('a', '|O')]"),
    "a shape of 6 GB": header((NUM, BOMB // NUM)),
    "a shape without end": header((NUM, *[2**62] * 8)),
    "a negative shape": header((NUM, -1)),
    "a dtype of 6 GB": header((NUM,), descr=f"|V{2**31 - 1}"),
    "a header of 40 KB": header((NUM, *SHAPE), padding=40_000),
    "a header that claims 4 GB": b"\x93NUMPY\2\0\xff\xff\xff\xff" + bytes(1000),
    "a header that is deep": b"\x93NUMPY\1\0" + (9000).to_bytes(2, "little") + b"(" * 9000,
    "a header that is code": b"\x93NUMPY\1\0" + (14).to_bytes(2, "little") + b"exit(pytest())",
    "too many samples": header((NUM, MOST_SAMPLES * 12, *SHAPE)),
    "nothing": b"",
}
"""The bytes of .npy files, by what is wrong with them."""


def refused(path: Path) -> str:
    """Return why predictions are refused; at most a few megabytes are taken for that."""
    tracemalloc.start()
    try:
        with pytest.raises(BadPrediction) as reason:
            StoredPredictions(path, range(NUM, NUM + 1), SHAPE)(0, SHAPE)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert len(str(reason.value)) < 1000
    return str(reason.value)


@pytest.mark.parametrize("name", ARRAYS)
def test_hostile_arrays_are_refused_in_every_form(name: str, tmp_path: Path) -> None:
    (tmp_path / "p.npy").write_bytes(ARRAYS[name])
    archive(tmp_path / "p.npz", ARRAYS[name])
    for form in ("npy", "npz"):
        assert f"p.{form}" in refused(tmp_path / f"p.{form}")
        folder = tmp_path / form
        folder.mkdir()
        for clip in range(NUM):
            (folder / f"clip_{clip}.{form}").write_bytes((tmp_path / f"p.{form}").read_bytes())
        assert f"clip_0.{form}" in refused(folder)


def test_a_whole_file_that_is_larger_than_its_header_says(tmp_path: Path) -> None:
    (tmp_path / "p.npy").write_bytes(header((NUM, *SHAPE)) + bytes(NUM * 3 * 24 * 36 + 1))
    assert "declares" in refused(tmp_path / "p.npy")


@pytest.mark.parametrize("claim", [BOMB, None])
@pytest.mark.parametrize("name", ["semantic.npy", "notes.txt", "samples.npy", "a"])
def test_bombs(tmp_path: Path, name: str, claim: int | None) -> None:
    """64 MB of zeros that are said to be 6 GB, or said to be what they are."""
    archive(tmp_path / "p.npz", header((NUM, *SHAPE)) + bytes(64 << 20), name, claim)
    assert (tmp_path / "p.npz").stat().st_size < 1 << 20
    assert "p.npz" in refused(tmp_path / "p.npz")


def test_a_bomb_that_hides_its_size(tmp_path: Path) -> None:
    archive(tmp_path / "p.npz", header((NUM, *SHAPE)) + bytes(64 << 20), claim=NUM * 3 * 24 * 36 + 200)
    assert "p.npz" in refused(tmp_path / "p.npz")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_that_numpy_does_not_write(tmp_path: Path, method: int) -> None:
    file = io.BytesIO()
    np.save(file, np.full((NUM, *SHAPE), 10, np.uint8))
    archive(tmp_path / "p.npz", file.getvalue(), method=method)
    assert "does not use" in refused(tmp_path / "p.npz")


def test_many_members(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.npz", "w") as file:
        for number in range(1001):
            file.writestr(f"{number}.npy", b"")
    assert "1001 members" in refused(tmp_path / "p.npz")


@pytest.mark.parametrize(
    ("shape", "chunks"), [((NUM, 10**6, 10**6), (1, 10, 10)), ((NUM, *SHAPE), (NUM, 10**4, 10**4, 10**2))]
)
def test_zarr_arrays_that_claim_too_much(tmp_path: Path, shape: Any, chunks: Any) -> None:
    zarr.create_array(tmp_path / "p.zarr", shape=shape, chunks=chunks, dtype="uint8", fill_value=10)
    assert "more than a prediction" in refused(tmp_path / "p.zarr")


def test_what_is_permitted_is_read(tmp_path: Path) -> None:
    soft = np.full((NUM, 3, 11, 24, 36), 1 / 11)
    np.savez_compressed(
        tmp_path / "p.npz",
        probabilities=soft,
        samples=np.full((NUM, MOST_SAMPLES, *SHAPE), 10, np.uint8),
        instance=np.zeros((NUM, *SHAPE), np.uint8),
    )
    found = StoredPredictions(tmp_path / "p.npz", range(NUM, NUM + 1), SHAPE)(NUM - 1, SHAPE)
    assert found.samples is not None
    assert found.samples.shape == (MOST_SAMPLES, *SHAPE)
