"""verify: every byte of a data set against its sums, and what is missing, truncated, corrupt or foreign."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from segmnist.dataset.commit import MANIFEST, RECIPE
from segmnist.dataset.locate import Found, locate
from segmnist.dataset.manifest import FileSum, Manifest, Receipt, sum_of
from segmnist.dataset.plan import root_for
from segmnist.dataset.progress import Report, Tally, no_report
from segmnist.dataset.recipe import Recipe
from segmnist.dataset.store import Store
from segmnist.errors import CorruptData
from segmnist.formats import WHOLE
from segmnist.whole_file import is_temporary

Kind = Literal["missing", "truncated", "corrupt", "foreign", "leftover"]

NUM_THREADS = 4
"""SHA-256 lets other threads run."""


class Fault(NamedTuple):
    """One file that is not as it should be, and the shard that it belongs to, if any."""

    kind: Kind
    path: str
    shard: int | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.path}"


@dataclass
class Verdict:
    """What `verify` found in one data set: faults in order, and which parts must be made again."""

    found: Found
    manifest: Manifest | None
    faults: list[Fault] = field(default_factory=list)
    num_bytes: int = 0

    @property
    def broken_shards(self) -> list[int]:
        """Shards with a file that is missing, truncated or corrupt."""
        return sorted({fault.shard for fault in self.faults if fault.shard is not None})

    @property
    def is_good(self) -> bool:
        """Return whether nothing was found."""
        return not self.faults


def verify(place: str | Path, *, report: Report = no_report) -> list[Verdict]:
    """Read every byte of every data set in a place; return a verdict for each.

    A place is OUT or one data set's folder. Raises `BadArgument` where there is no data set, `CorruptData` where
    nothing is left that tells the recipe.
    """
    return [check(found, report) for found in locate(place)]


def check(found: Found, report: Report = no_report) -> Verdict:
    """Return the verdict on one data set."""
    verdict = _checked_books(found)
    root_files = verdict.manifest.files if verdict.manifest else {}
    verdict.faults += _file_faults(found.store, root_files, None)
    verdict.num_bytes += sum(file.bytes for file in root_files.values())
    known = {found.books.path(RECIPE), found.books.path(MANIFEST), *root_files}
    tally = Tally(found.recipe.num_clips, report)
    with ThreadPoolExecutor(NUM_THREADS) as pool:
        for receipt, faults in pool.map(lambda shard: _checked_shard(verdict, shard), _shards(found.recipe)):
            verdict.faults += faults
            verdict.num_bytes += receipt.num_bytes
            known |= {found.books.receipt_path(receipt.shard), *receipt.files}
            tally.add(receipt.clips, receipt.num_bytes)
    verdict.faults += _strangers(found, known)
    return verdict


def _checked_books(found: Found) -> Verdict:
    """Return a verdict that knows of the recipe and the manifest only."""
    books, store = found.books, found.store
    try:
        manifest, faults = books.manifest(), []
    except FileNotFoundError:
        manifest, faults = None, [Fault("missing", books.path(MANIFEST))]
    except CorruptData:
        manifest, faults = None, [Fault("corrupt", books.path(MANIFEST))]
    stored = found.recipe.to_stored()
    faults += _file_faults(store, {books.path(RECIPE): sum_of(stored)}, None)
    return Verdict(found, manifest, faults)


def _shards(recipe: Recipe) -> range:
    return range(0 if recipe.format in WHOLE else -(-recipe.num_clips // recipe.clips_per_shard))


def _checked_shard(verdict: Verdict, shard: int) -> tuple[Receipt, list[Fault]]:
    """Return what the shard should hold, and its faults. The manifest knows; without it the receipt does."""
    books, store = verdict.found.books, verdict.found.store
    path = books.receipt_path(shard)
    if verdict.manifest:
        receipt = verdict.manifest.receipts[shard]
        faults = _file_faults(store, {path: sum_of(receipt.to_bytes())}, shard)
    else:
        plan_id = verdict.found.recipe.plan_id
        try:
            receipt, faults = books.receipt(plan_id, shard), []
        except FileNotFoundError:
            return Receipt(plan_id, shard, 0, {}), [Fault("missing", path, shard)]
        except CorruptData:
            return Receipt(plan_id, shard, 0, {}), [Fault("corrupt", path, shard)]
    return receipt, faults + _file_faults(store, receipt.files, shard)


def _file_faults(store: Store, files: Mapping[str, FileSum], shard: int | None) -> list[Fault]:
    faults = ((_fault_of(store, path, expected), path) for path, expected in files.items())
    return [Fault(kind, path, shard) for kind, path in faults if kind]


def _fault_of(store: Store, path: str, expected: FileSum) -> Kind | None:
    try:
        found = sum_of(store.map(path))
    except FileNotFoundError:
        return "missing"
    if found == expected:
        return None
    return "truncated" if found.bytes < expected.bytes else "corrupt"


def _strangers(found: Found, known: set[str]) -> list[Fault]:
    """Return the files that nothing accounts for, where the data set has a folder to itself."""
    if not root_for(found.recipe):
        return []
    unknown = [path for path in found.store.walk() if path not in known]
    return [Fault("leftover" if is_temporary(Path(path)) else "foreign", path) for path in unknown]


def clean(found: Found) -> list[str]:
    """Delete the temporary files that dead writers left, and nothing else; return their paths."""
    abandoned = list(found.store.abandoned())
    for path in abandoned:
        found.store.remove(path)
    return abandoned
