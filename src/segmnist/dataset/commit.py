"""The commit protocol: claim the place, commit shards, leave receipts, publish the manifest last.

One protocol for one process, many processes, Ray and batch schedulers. docs/format.md states it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from segmnist.dataset.plan import Plan
from segmnist.dataset.recipe import Recipe, canonical_json
from segmnist.dataset.store import Store
from segmnist.errors import BadArgument, CorruptData
from segmnist.formats import WHOLE, sharded_format, whole_format

RECIPE, MANIFEST, RECEIPTS = "recipe.json", "manifest.json", "receipts"


class FileSum(NamedTuple):
    """Size and SHA-256 of a file."""

    bytes: int
    sha256: str


def sum_of(data: bytes | memoryview) -> FileSum:
    """Return size and SHA-256 of these bytes."""
    return FileSum(len(data), hashlib.sha256(data).hexdigest())


@dataclass(frozen=True)
class Receipt:
    """That a shard is stored: how many clips it has, and size and SHA-256 of each of its files."""

    plan_id: str
    shard: int
    clips: int
    files: dict[str, FileSum]

    def to_bytes(self) -> bytes:
        """Return its canonical JSON and a newline."""
        files = {path: file._asdict() for path, file in self.files.items()}
        values = {"plan_id": self.plan_id, "shard": self.shard, "clips": self.clips, "files": files}
        return canonical_json(values).encode() + b"\n"

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Receipt:
        """Return the receipt with these values. Raises KeyError, TypeError or ValueError for anything
        else."""
        files = {str(path): FileSum(int(f["bytes"]), str(f["sha256"])) for path, f in values["files"].items()}
        return cls(str(values["plan_id"]), int(values["shard"]), int(values["clips"]), files)

    @property
    def num_bytes(self) -> int:
        """Bytes of all the shard's files."""
        return sum(file.bytes for file in self.files.values())


def receipt_of(plan: Plan, shard: int, files: dict[str, bytes]) -> Receipt:
    """Return the receipt for a shard's files."""
    sums = {path: sum_of(data) for path, data in files.items()}
    return Receipt(plan.recipe.plan_id, shard, len(plan.layout.rows(shard)), sums)


class Books:
    """The bookkeeping files of a data set in its store."""

    def __init__(self, store: Store, folder: str = "") -> None:
        self.store, self.folder = store, folder

    def path(self, name: str) -> str:
        """Return the path of a bookkeeping file."""
        return f"{self.folder}{name}"

    def receipt_path(self, shard: int) -> str:
        """Return the path of a shard's receipt."""
        return self.path(f"{RECEIPTS}/{shard:07d}.json")

    def claim(self, recipe: Recipe) -> None:
        """Write the recipe, the first file of all. Raises `BadArgument` if the place has another one."""
        try:
            self.store.put_new(self.path(RECIPE), recipe.to_json().encode() + b"\n")
        except CorruptData:
            self.check_is(recipe)

    def check_is(self, recipe: Recipe) -> None:
        """Raise `BadArgument` unless the place has this recipe or none."""
        try:
            there = Recipe.from_json(self.store.read(self.path(RECIPE)))
        except FileNotFoundError:
            return
        if there != recipe:
            difference = "; ".join(there.differences(recipe)[:3])
            fix = f"there and asked for: {difference}; choose another place or remove this one"
            raise BadArgument("OUT", self.store.url, "a place without another data set", fix)

    def is_complete(self) -> bool:
        """Return whether the manifest is there."""
        return self.store.exists(self.path(MANIFEST))

    def is_claimed(self) -> bool:
        """Return whether a recipe is there."""
        return self.store.exists(self.path(RECIPE))

    def done(self) -> set[int]:
        """Return the shards that have receipts."""
        stems = (name.removesuffix(".json") for name in self.store.names(self.path(RECEIPTS)))
        return {int(stem) for stem in stems if stem.isdecimal()}

    def receipt(self, shard: int) -> Receipt:
        """Return a shard's receipt. Raises `FileNotFoundError`, or `CorruptData` if it cannot be read."""
        path = self.receipt_path(shard)
        data = self.store.read(path)
        try:
            receipt = Receipt.from_dict(json.loads(data))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CorruptData(f"{path}: not a receipt ({error})") from None
        if receipt.to_bytes() != data or receipt.shard != shard:
            raise CorruptData(f"{path}: not the receipt of shard {shard}")
        return receipt

    def commit(self, plan: Plan, shard: int) -> Receipt:
        """Draw a shard, store its files, then its receipt. Raises `CorruptData` where other bytes lie
        there."""
        files = plan.files(shard)
        for path, data in files.items():
            self.store.put_new(path, data)
        receipt = receipt_of(plan, shard, files)
        self.store.put_new(self.receipt_path(shard), receipt.to_bytes())
        return receipt

    def publish(self, plan: Plan) -> bool:
        """Once every shard has its receipt, write the root files, then the manifest; return whether that was
        so."""
        if len(self.done()) < plan.num_shards:
            return False
        root_files = plan.root_files()
        for path, data in root_files.items():
            self.store.put_new(path, data)
        sums = {path: sum_of(data) for path, data in root_files.items()}
        self.put_manifest(manifest_bytes(plan.recipe, sums, self.receipts(plan)))
        return True

    def put_manifest(self, data: bytes) -> None:
        """Write the manifest: from now on there is a data set."""
        self.store.put_new(self.path(MANIFEST), data)

    def receipts(self, plan: Plan) -> Iterator[Receipt]:
        """Iterate over all receipts, in order."""
        return (self.receipt(shard) for shard in range(plan.num_shards))


def books_of(plan: Plan, store: Store) -> Books:
    """Return the bookkeeping of a plan's data set."""
    name = plan.recipe.format
    module = whole_format(name) if name in WHOLE else sharded_format(name)
    return Books(store, module.BOOKS.format(split=plan.recipe.split))


def manifest_bytes(recipe: Recipe, files: dict[str, FileSum], receipts: Iterator[Receipt]) -> bytes:
    """Return the manifest: recipe, files of no shard, one receipt a line, and the SHA-256 of all the lines
    before."""
    root = {path: file._asdict() for path, file in files.items()}
    head = canonical_json({"plan_id": recipe.plan_id, "recipe": recipe.to_dict(), "files": root})
    lines = b",\n".join(receipt.to_bytes().rstrip() for receipt in receipts)
    body = head[:-1].encode() + b',"shards":[\n' + lines + b"\n],\n"
    return body + f'"sha256":"{hashlib.sha256(body).hexdigest()}"}}\n'.encode()
