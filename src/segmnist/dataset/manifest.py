"""A data set's bookkeeping files: a receipt for each shard, and the manifest over all of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from segmnist.dataset.recipe import Recipe, canonical_json
from segmnist.errors import BadArgument, CorruptData
from segmnist.formats import ArrayLayout, Layout
from segmnist.formats.layout import FileBytes

Values = Mapping[str, Any]

CHUNK_BYTES = 1 << 20
"""Bytes of a file that are read and hashed at a time."""


class FileSum(NamedTuple):
    """Size and SHA-256 of a file."""

    bytes: int
    sha256: str


def sum_of(data: bytes | FileBytes) -> FileSum:
    """Return size and SHA-256 of these bytes, read piece by piece."""
    if isinstance(data, bytes):
        return FileSum(len(data), hashlib.sha256(data).hexdigest())
    digest = hashlib.sha256()
    for start in range(0, len(data), CHUNK_BYTES):
        digest.update(data[start : start + CHUNK_BYTES])
    return FileSum(len(data), digest.hexdigest())


@dataclass(frozen=True)
class Receipt:
    """That a shard is stored: how many clips it has, and size and SHA-256 of each of its files."""

    plan_id: str
    shard: int
    clips: int
    files: dict[str, FileSum]

    def to_bytes(self) -> bytes:
        """Return its canonical JSON and a newline."""
        files = _plain_sums(self.files)
        values = {"plan_id": self.plan_id, "shard": self.shard, "clips": self.clips, "files": files}
        return canonical_json(values).encode() + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Receipt:
        """Return the receipt that `to_bytes` wrote. Raises `CorruptData` for anything else."""
        receipt = _receipt(_parsed(data, "a receipt"))
        if receipt.to_bytes() != data:
            raise CorruptData("not a receipt as segmnist writes them")
        return receipt

    @property
    def num_bytes(self) -> int:
        """Bytes of all the shard's files."""
        return sum(file.bytes for file in self.files.values())


@dataclass(frozen=True)
class Manifest:
    """A finished data set: its recipe, its arrays, the files of no shard, and the receipts in order.

    On disk it is JSON, one receipt a line; the last line holds the SHA-256 of all the bytes before that line.
    """

    recipe: Recipe
    layout: Layout
    files: dict[str, FileSum]
    receipts: tuple[Receipt, ...]

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Return the manifest that `manifest_bytes` wrote.

        Raises `CorruptData` where it is damaged, `BadArgument` for the recipe of another generator version.
        """
        body = data[: data.rfind(b"\n", 0, -1) + 1]
        if data != body + _last_line(hashlib.sha256(body).hexdigest()):
            raise CorruptData("its SHA-256 does not fit its content")
        values = _parsed(data, "a manifest")
        try:
            recipe = Recipe.from_dict(values["recipe"])
            arrays = {name: _array(array) for name, array in values["arrays"].items()}
            files, receipts = _sums(values["files"]), tuple(map(_receipt, values["shards"]))
            layout = Layout(
                arrays, recipe.num_clips, recipe.clips_per_shard, values["recipe"], recipe.plan_id
            )
            intact = manifest_bytes(recipe, layout, files, receipts) == data
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            if isinstance(error, BadArgument) and error.argument == "generator_version":
                raise
            raise CorruptData(f"not a manifest: {error}") from None
        if not intact:
            raise CorruptData("not a manifest as segmnist writes them")
        return cls(recipe, layout, files, receipts)


def manifest_bytes(
    recipe: Recipe, layout: Layout, files: Mapping[str, FileSum], receipts: Iterable[Receipt]
) -> bytes:
    """Return the bytes of a manifest; receipts may be a generator, of which no list is made."""
    return b"".join(manifest_pieces(recipe, layout, files, receipts))


def manifest_pieces(
    recipe: Recipe, layout: Layout, files: Mapping[str, FileSum], receipts: Iterable[Receipt]
) -> Iterator[bytes]:
    """Yield the bytes of a manifest, receipt by receipt."""
    head = canonical_json(
        {
            "arrays": {name: array._asdict() for name, array in layout.arrays.items()},
            "files": _plain_sums(files),
            "plan_id": recipe.plan_id,
            "recipe": recipe.to_dict(),
        }
    )
    digest = hashlib.sha256()

    def hashed(piece: bytes) -> bytes:
        digest.update(piece)
        return piece

    yield hashed(head[:-1].encode() + b',"shards":[\n')
    for place, receipt in enumerate(receipts):
        yield hashed(b",\n" * (place > 0) + receipt.to_bytes().rstrip())
    yield hashed(b"\n],\n")
    yield _last_line(digest.hexdigest())


def _last_line(digest: str) -> bytes:
    return f'"sha256":"{digest}"}}\n'.encode()


def _parsed(data: bytes, what: str) -> Values:
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise CorruptData(f"not {what}: {error}") from None
    if not isinstance(values, dict):
        raise CorruptData(f"not {what}")
    return values


def _receipt(values: Values) -> Receipt:
    try:
        files = _sums(values["files"])
        return Receipt(str(values["plan_id"]), int(values["shard"]), int(values["clips"]), files)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise CorruptData(f"not a receipt: {error!r}") from None


def _array(values: Values) -> ArrayLayout:
    return ArrayLayout(**{**values, "axes": tuple(values["axes"]), "shape": tuple(values["shape"])})


def _plain_sums(files: Mapping[str, FileSum]) -> dict[str, Any]:
    return {path: file._asdict() for path, file in files.items()}


def _sums(files: Values) -> dict[str, FileSum]:
    return {_inner(path): FileSum(int(f["bytes"]), str(f["sha256"])) for path, f in files.items()}


def _inner(path: str) -> str:
    """Return a path that stays inside the data set; raise ValueError for any other."""
    if not path.isprintable() or "\\" in path or ":" in path or {"", ".", ".."} & set(path.split("/")):
        raise ValueError(f"the path {path[:80]!r} leads outside")
    return path
