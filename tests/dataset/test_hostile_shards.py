"""Data sets that agree with themselves and lie: sums, receipts and manifest fit, and a shard claims or hides what is absurd."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.dataset.test_trust import set_at, tampered

from segmnist import BadArgument, CorruptData, DigitBank
from segmnist.classes import column_of
from segmnist.dataset import Recipe, generate, open_dataset
from segmnist.dataset.manifest import sum_of

BOMB = 256 << 20
"""Bytes that the bombs unpack to."""


def refused(place: Path) -> str:
    """Return why a data set is refused, when opened or when read; little memory is taken for that."""
    tracemalloc.start()
    try:
        with pytest.raises((CorruptData, BadArgument)) as reason:
            open_dataset(place)[2]
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()
    assert len(str(reason.value)) < 1000
    return str(reason.value)


def replaced(root: Path, path: str, data: bytes) -> None:
    """Put other bytes into a file of shard 1 and mend receipt and manifest, as whoever made them up would."""
    (root / path).write_bytes(data)
    [manifest] = root.rglob("*manifest.json")
    file = sum_of(data)._asdict()
    values = json.loads(manifest.read_bytes())
    whole = not values["shards"]
    change = set_at("files", path, file) if whole else set_at("shards", 1, "files", path, file)
    manifest.write_bytes(tampered(manifest.read_bytes(), change))
    for receipt in root.rglob("receipts/0000001.json"):
        values = json.loads(receipt.read_bytes())
        values["files"][path] = file
        text = json.dumps(values, sort_keys=True, separators=(",", ":"))
        receipt.write_text(text + "\n", encoding="utf-8")


@pytest.fixture
def made(tinier: Recipe, bank: DigitBank, ram: Path) -> Callable[[str], Path]:
    def make(format_: str) -> Path:
        generate(dataclasses.replace(tinier, format=format_), ram, bank=bank, num_workers=1)
        return ram

    return make


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def claiming(shape: Any, dtype: str = "|u1") -> bytes:
    """Return a .npy file that claims a shape and has no data."""
    file = io.BytesIO()
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        set_at("arrays", "video", "shape", [10**5] * 3),
        set_at("arrays", "video", "shape", [2**62] * 3),
        set_at("arrays", "video", "shape", [-1, 16, 20]),
        set_at("arrays", "video", "dtype", "O"),
        set_at("arrays", "video", "dtype", "|V2147483647"),
        set_at("arrays", "video", "axes", ["time"] * 10**4),
        lambda values: values["arrays"].update(evil=values["arrays"]["video"]),
        lambda values: values["shards"].pop(),
        set_at("arrays", "video", "padding", math.nan),
        set_at("arrays", "video", "dtype", 7),
        set_at("arrays", 7),
        set_at("shards", 1, "clips", math.inf),
        set_at("shards", 1, "files", "video/c.1.0.0.0", {"bytes": math.inf, "sha256": ""}),
        set_at("shards", 1, "files", "video/c.1.0.0.0", {"bytes": -1, "sha256": []}),
        set_at("files", "zarr.json", {"bytes": math.nan, "sha256": ""}),
        set_at("recipe", "seed", math.inf),
    ],
)
def test_arrays_that_the_recipe_does_not_give_are_refused(made: Any, change: Any) -> None:
    manifest = made("zarr") / "train.zarr/manifest.json"
    manifest.write_bytes(tampered(manifest.read_bytes(), change))
    assert "manifest.json" in refused(manifest.parents[1])


def test_a_clip_that_no_memory_holds_is_refused(made: Any) -> None:
    """The recipe, its arrays and its shards agree on clips of 10 GB; nothing of them is read."""
    place = made("zarr")
    dataset = open_dataset(place)
    with pytest.MonkeyPatch.context() as patch:
        memory = type("Memory", (), {"total": 1000})
        patch.setattr("psutil.virtual_memory", lambda: memory)
        with pytest.raises(BadArgument, match=r"rows='2 rows'.*1 kB of memory"):
            dataset.batch([0, 1])
        assert dataset.batch([0, 1], ["labels"])["labels"].shape[0] == 2


ZIPS: dict[str, bytes] = {
    "a claim": claiming((1, 10**5, 10**5, 10**5)),
    "a bomb": npy(np.zeros((1, 2, 16, 20), np.uint8)) + bytes(BOMB),
    "another shape": npy(np.zeros((1, 2, 16, 21), np.uint8)),
    "another dtype": npy(np.zeros((1, 2, 16, 20), "f8")),
    "objects": claiming((1, 2, 16, 20), "|O"),
}


@pytest.mark.parametrize("name", ZIPS)
def test_archives(made: Any, name: str) -> None:
    place = made("npz")
    path = "train-000001.npz"
    root = place / "train.npz-shards"
    file = io.BytesIO()
    with zipfile.ZipFile(root / path) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            new.writestr(member, ZIPS[name] if member == "video.npy" else old.read(member))
    replaced(root, path, file.getvalue())
    assert path in refused(place)


def member(name: str, data: bytes, size: int | None = None) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    head = info.tobuf(tarfile.USTAR_FORMAT)
    if size is not None:
        number = size.to_bytes(12, "big", signed=True)
        number = bytes([0xFF if size < 0 else 0x80]) + number[1:]
        head = head[:124] + number + head[136:148] + b" " * 8 + head[156:]
        head = head[:148] + b"%06o\0 " % sum(head) + head[156:]
    return head + data + bytes(-len(data) % 512)


TARS: dict[str, bytes] = {
    "a claim": member("clip_2.video.npy", claiming((10**5, 10**5, 10**5))),
    "a huge member": member("clip_2.video.npy", b"", 2**80),
    "a member of negative size": member("clip_2.video.npy", b"", -512),
    "no header": b"x" * 1024,
    "deep JSON": member("clip_2.json", b"[" * 10**6),
    "long numbers": member("clip_2.json", b'{"clip_id": ' + b"9" * 5000 + b"}"),
    "a huge number": member("clip_2.json", b'{"clip_id": ' + b"9" * 100 + b"}"),
    "nothing": b"",
}


@pytest.mark.parametrize("name", TARS)
def test_tar_files(made: Any, name: str) -> None:
    place = made("webdataset")
    path = "train-000001.tar"
    replaced(place / "train.webdataset", path, TARS[name])
    assert path in refused(place)


def test_parquet_bombs(made: Any) -> None:
    """Columns of one repeated value: a few kilobytes that unpack to as much as one likes."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    place = made("huggingface")
    [path] = (p.relative_to(place / "huggingface").as_posix() for p in place.rglob("*-00001-of-*"))
    good = pq.read_table(place / "huggingface" / path)

    def stored(table: Any) -> bytes:
        file = io.BytesIO()
        pq.write_table(table, file, compression="zstd")
        return file.getvalue()

    video = good.schema.get_field_index("video")
    picture = {"bytes": b"\0" * (8 << 20), "path": None}
    long = pa.array([[picture] * 8], good.schema.field("video").type)
    many = pa.array([[0] * 10**6], pa.list_(pa.int64()))
    labels = good.schema.get_field_index(column_of("labels"))
    for table in (
        pa.concat_tables([good] * 1000),
        good.set_column(video, "video", long),
        good.set_column(labels, column_of("labels"), many),
        good.drop_columns(["video"]),
        good.set_column(video, "video", pa.array([7])),
    ):
        replaced(place / "huggingface", path, stored(table))
        before = pa.total_allocated_bytes()
        assert path in refused(place)
        assert pa.total_allocated_bytes() - before < 32 << 20


@pytest.mark.parametrize("size", [(20, 17), (13_000, 13_000), (60_000, 60_000)])
def test_pictures_of_another_size_are_not_unpacked(made: Any, size: Any) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    place = made("huggingface")
    [path] = (p.relative_to(place / "huggingface").as_posix() for p in place.rglob("*-00001-of-*"))
    good = pq.read_table(place / "huggingface" / path)
    picture = {"bytes": grey_png(*size), "path": None}
    column = pa.array([[picture] * 2], good.schema.field("video").type)
    file = io.BytesIO()
    pq.write_table(good.set_column(good.schema.get_field_index("video"), "video", column), file)
    replaced(place / "huggingface", path, file.getvalue())
    assert path in refused(place)


def grey_png(width: int, height: int) -> bytes:
    """Return a picture that claims a size; its data are cut short."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + crc

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    data = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_hdf5_bombs(made: Any) -> None:
    """A chunk that unpacks to 256 MB, other filters, other chunks, a link to another file, raw bytes of another file."""
    h5py = pytest.importorskip("h5py", reason="segmnist[hdf5] is not installed")
    place = made("origin-h5")
    good = (place / "train.h5").read_bytes()
    shape = (3, 2, 1, 16, 20)

    def changed(change: Callable[[Any], None]) -> None:
        (place / "train.h5").write_bytes(good)
        with h5py.File(place / "train.h5", "a") as file:
            change(file)
        replaced(place, "train.h5", (place / "train.h5").read_bytes())
        assert "train.h5" in refused(place)

    def anew(**options: Any) -> Callable[[Any], None]:
        def change(file: Any) -> None:
            del file["images"]
            file.create_dataset("images", shape, "u1", **options)

        return change

    def bomb(file: Any) -> None:
        file["images"].id.write_direct_chunk((2, 0, 0, 0, 0), zlib.compress(bytes(BOMB)))

    def link(file: Any) -> None:
        del file["images"]
        file["images"] = h5py.ExternalLink("/etc/passwd", "/images")

    def group(file: Any) -> None:
        del file["images"]
        file.create_group("images")

    changed(bomb)
    changed(link)
    changed(group)
    changed(anew(chunks=(3, 2, 1, 16, 20), compression="gzip"))
    changed(anew(chunks=(1, 2, 1, 16, 20), compression="gzip", shuffle=True))
    changed(anew(chunks=(1, 2, 1, 16, 20), compression="lzf"))
    changed(anew(external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)]))
    changed(anew())


def test_npy_files_of_2020(made: Any) -> None:
    place = made("origin-npy")
    shapes = [(10**6,) * 5, (3, 2, 1, 16, 21), (-3, 2, 1, 16, 20)]
    for data in [*map(claiming, shapes), claiming((3, 2, 1, 16, 20), "|O"), b"\x93NUMPY\2\0\xff\xff\xff\xff"]:
        replaced(place, "train_images.npy", data)
        assert "train_images.npy" in refused(place)


def test_zarr_chunks_that_claim_another_size(made: Any) -> None:
    from numcodecs import zstd

    from segmnist.formats.zarr import _with_crc

    place = made("zarr")
    contents = {"semantic": zstd.compress(np.zeros(BOMB, np.uint8), -1), "video": bytes(1000)}
    for name, content in contents.items():
        good = (place / f"train.zarr/{name}/c.1.0.0.0").read_bytes()
        chunk = b"".join(_with_crc(content))
        for size in (len(chunk), 2**63):
            index = np.full((2, 2), 2**64 - 1, "<u8")
            index[0] = (0, size)
            data = chunk + b"".join(_with_crc(index.tobytes()))
            replaced(place / "train.zarr", f"{name}/c.1.0.0.0", data)
            assert f"{name}/c.1" in refused(place)
        replaced(place / "train.zarr", f"{name}/c.1.0.0.0", good)
