"""Files of digits come back as they were written; a broken one is refused by name before it costs memory."""

from __future__ import annotations

import contextlib
import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segmnist.digits import files
from segmnist.errors import BadArgument, CorruptData, SegmnistError

Encode = Callable[[np.ndarray], bytes]
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
arrays = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=7))


@quick
@given(array=arrays, zipped=st.booleans())
def test_idx_round_trip(tmp_path: Path, idx_bytes: Encode, array: np.ndarray, zipped: bool) -> None:
    content = idx_bytes(array)
    # The name says nothing: what is gzipped is told by its first bytes.
    (tmp_path / "digits").write_bytes(gzip.compress(content) if zipped else content)
    read = files.read_idx(tmp_path / "digits", array.ndim)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, array)


@quick
@given(array=arrays, zipped=st.booleans(), data=st.data())
def test_idx_cut_or_extended_anywhere(
    tmp_path: Path, idx_bytes: Encode, array: np.ndarray, zipped: bool, data: st.DataObject
) -> None:
    content = idx_bytes(array)
    change = data.draw(st.integers(-len(content), 5).filter(bool))
    content = content[:change] if change < 0 else content + b"\7" * change
    path = tmp_path / "digits"
    path.write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(CorruptData, match="digits: "):
        files.read_idx(path, array.ndim)


def test_idx_cut_at_every_byte(
    tmp_path: Path, idx_bytes: Encode, digits: tuple[np.ndarray, np.ndarray]
) -> None:
    plain = idx_bytes(digits[0][:3])
    path = tmp_path / "digits"
    for content in (plain, gzip.compress(plain, mtime=0)):
        for length in range(len(content)):
            path.write_bytes(content[:length])
            with pytest.raises(CorruptData, match="digits: "):
                files.read_idx(path, 3)


@quick
@given(data=st.data())
def test_damaged_gzip_or_npz_is_refused_or_harmless(
    tmp_path: Path, idx_bytes: Encode, digits: tuple[np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, images=digits[0])
    readers = {
        gzip.compress(idx_bytes(digits[0]), mtime=0): lambda path: files.read_idx(path, 3),
        buffer.getvalue(): lambda path: files.read_npz(path, ["images"]).get("images", digits[0]),
    }
    for content, read in readers.items():
        place = data.draw(st.integers(0, len(content) - 1))
        damaged = bytearray(content)
        damaged[place] ^= data.draw(st.integers(1, 255))
        (tmp_path / "digits").write_bytes(damaged)
        with contextlib.suppress(CorruptData):
            np.testing.assert_array_equal(read(tmp_path / "digits"), digits[0])


def _header(*sizes: int) -> bytes:
    return bytes((0, 0, 8, len(sizes))) + b"".join(size.to_bytes(4, "big") for size in sizes)


@pytest.mark.parametrize(
    "sizes", [(10_000, 10_000, 10_000), (2**32 - 1,) * 3, (0, 28, 28), (0, 2**32 - 1, 2**32 - 1)]
)
@pytest.mark.parametrize("zipped", [False, True])
def test_idx_bomb_allocates_nothing(tmp_path: Path, sizes: tuple[int, ...], zipped: bool) -> None:
    content = _header(*sizes) + bytes(1000)
    path = tmp_path / "digits"
    path.write_bytes(gzip.compress(content) if zipped else content)
    tracemalloc.start()
    with pytest.raises(CorruptData, match=r"digits: declares \d+ bytes"):
        files.read_idx(path, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_idx_beyond_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "digits").write_bytes(_header(101) + bytes(101))
    monkeypatch.setattr(files, "LIMIT_BYTES", 100)
    with pytest.raises(CorruptData, match="declares 101 bytes"):
        files.read_idx(tmp_path / "digits", 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "starts with nothing, expected 00000803"),
        (b"\0\0\x0d\3" + bytes(40), "starts with 00000d03"),
        (_header(3) + b"123", "starts with 00000801"),
        (_header(1, 1, 1)[:-1], "cut short in the header, 15 of 16 bytes"),
        (_header(3, 2, 1) + b"12345", "declares 6 bytes|cut short, 5 of 6"),
        (_header(3, 2, 1) + b"1234567", r"trailing bytes after 6 declared bytes \(3, 2, 1\)"),
        (gzip.compress(_header(3, 2, 1) + b"12345", mtime=0), r"cut short, 5 of 6 declared bytes"),
        (gzip.compress(_header(3, 2, 1) + b"123456", mtime=0) + b"junk", "broken gzip stream"),
        (gzip.compress(_header(3, 2, 1) + b"123456", mtime=0)[:-4] + b"\1\1\1\1", "broken gzip stream"),
    ],
)
def test_idx_says_what_is_wrong(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "digits").write_bytes(content)
    with pytest.raises(CorruptData, match=f"digits: .*({message})"):
        files.read_idx(tmp_path / "digits", 3)


def test_counts_that_differ(
    tmp_path: Path, digits: tuple[np.ndarray, np.ndarray], write_idx: Callable[[Path, np.ndarray], Path]
) -> None:
    images, labels = write_idx(tmp_path / "images", digits[0]), write_idx(tmp_path / "labels", digits[1][:-1])
    with pytest.raises(CorruptData, match=r"labels: 27 labels for 28 images in .*images"):
        files.read_pair(images, labels)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    "array", [np.arange(24).reshape(2, 3, 4), np.asfortranarray(np.eye(3)), np.array(5), np.zeros((0, 3))]
)
def test_npz_round_trip(tmp_path: Path, save: Callable[..., None], array: np.ndarray) -> None:
    save(tmp_path / "a.npz", wanted=array, unwanted=np.array([{}], object))
    read = files.read_npz(tmp_path / "a.npz", ["wanted", "absent"])
    assert read.keys() == {"wanted"}
    assert read["wanted"].dtype == array.dtype
    np.testing.assert_array_equal(read["wanted"], array)


def _npz(path: Path, member: bytes, name: str = "images.npy") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, member)
    return path


def _npy(shape: object, descr: str = "|u1", body: bytes = b"", version: bytes = b"\1\0") -> bytes:
    header = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header + body


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (_npy((10**12,), body=b"12"), r"images.npy has \d+ bytes, declares 1000000000000 \(1000000000000,\)"),
        (_npy((4,), body=b"123"), r"images.npy has 3 bytes, declares 4 \(4,\)"),
        (_npy((4,), body=b"12345"), r"images.npy has 5 bytes, declares 4 \(4,\)"),
        (_npy((-4,), body=b"1234"), "images.npy"),
        (
            _npy((1,), descr="|O", body=b"\x80\x04N."),
            "images.npy holds pickled objects, which are never loaded",
        ),
        (_npy((1,), version=b"\3\0", body=b"1"), r"images.npy is of .npy version \(3, 0\)"),
        (_npy("x"), "images.npy: not a readable .npy"),
        (b"not an array at all", "images.npy: not a readable .npy"),
        (b"", "images.npy: not a readable .npy"),
    ],
)
def test_npz_says_what_is_wrong(tmp_path: Path, member: bytes, message: str) -> None:
    path = _npz(tmp_path / "a.npz", member)
    with pytest.raises(CorruptData, match=f"a.npz: .*{message}"):
        files.read_npz(path, ["images"])


def test_npz_objects_are_never_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
            return (pytest.fail, ("unpickled",))

    np.savez(tmp_path / "a.npz", images=np.array([Trap()], object))
    with pytest.raises(CorruptData, match="pickled"):
        files.read_npz(tmp_path / "a.npz", ["images"])


def test_zip_bomb_is_refused_before_it_unfolds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _npz(tmp_path / "a.npz", _npy((1_000_000,), body=bytes(1_000_000)))
    assert path.stat().st_size < 5_000
    monkeypatch.setattr(files, "LIMIT_BYTES", 999_999)
    with pytest.raises(CorruptData, match=r"a.npz: unpacks to \d+ bytes, more than the 999999 permitted"):
        files.read_npz(path, ["images"])


def test_npz_of_other_kinds(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(3))
    for path in (tmp_path / "a.npy", Path(__file__)):
        with pytest.raises(CorruptData, match=f"{path.name}: not a readable .npz: BadZipFile"):
            files.read_npz(path, ["images"])


@pytest.mark.parametrize(
    "read", [lambda path: files.read_idx(path, 3), lambda path: files.read_npz(path, [])]
)
def test_what_is_no_file_is_a_bad_argument(tmp_path: Path, read: Callable[[Path], object]) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(BadArgument, match="path="):
            read(path)


def test_npz_cut_at_every_byte(tmp_path: Path, digits: tuple[np.ndarray, np.ndarray]) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, images=digits[0][:3])
    content = buffer.getvalue()
    for length in range(len(content)):
        (tmp_path / "a.npz").write_bytes(content[:length])
        with pytest.raises(SegmnistError):
            files.read_digits_npz(tmp_path / "a.npz")
