"""verify: compare every byte of a data set with its sums; name what is missing, truncated, corrupt or foreign."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from segmnist.dataset.commit import MANIFEST, RECIPE
from segmnist.dataset.locate import Found, Lost, locate, splits_beside
from segmnist.dataset.manifest import FileSum, Manifest, Receipt, sum_of
from segmnist.dataset.plan import layout_for, root_paths, shard_paths
from segmnist.dataset.progress import Report, Tally, no_report
from segmnist.dataset.store import Store, Unreadable
from segmnist.errors import CorruptData, one_line
from segmnist.formats import SHARDED, WHOLE, Layout, sharded_format
from segmnist.scene.randomness import SPLITS
from segmnist.whole_file import is_of_a_desktop, is_temporary

Kind = Literal["missing", "truncated", "corrupt", "unreadable", "foreign", "leftover"]

NUM_THREADS = 4
"""SHA-256 lets other threads run."""


class Fault(NamedTuple):
    """One file that is not as it should be, the shard that it belongs to, if any, and why, if that says more."""

    kind: Kind
    path: str
    shard: int | None = None
    reason: str = ""

    def __str__(self) -> str:
        # A file may have any name.
        return one_line(
            f"{self.kind}: {self.path} ({self.reason})" if self.reason else f"{self.kind}: {self.path}"
        )


@dataclass
class Verdict:
    """What `verify` found in one data set: faults in order, and which parts must be made again."""

    found: Found | Lost
    manifest: Manifest | None
    """None where it is missing, damaged, or not that of the recipe."""
    faults: list[Fault] = field(default_factory=list)
    num_bytes: int = 0

    @property
    def broken_shards(self) -> list[int]:
        """Shards with a file that is missing, truncated, corrupt or unreadable."""
        return sorted({fault.shard for fault in self.faults if fault.shard is not None})

    @property
    def is_good(self) -> bool:
        """Return whether nothing was found."""
        return not self.faults


def verify(place: str | Path, *, report: Report = no_report) -> list[Verdict]:
    """Read every byte of every data set in a place; return a verdict for each.

    A place is OUT or one data set's folder. Every file gets a verdict, whatever stands in its place. Recipe,
    manifest, receipts and metadata are compared with one another, so that a file of another data set is found.
    Raises `BadArgument` where there is no data set.
    """
    return [check(found, report) if isinstance(found, Found) else _lost(found) for found in locate(place)]


def check(found: Found, report: Report = no_report) -> Verdict:
    """Return the verdict on one data set."""
    layout = layout_for(found.recipe)
    verdict = _checked_books(found, layout)
    root_files = verdict.manifest.files if verdict.manifest else {}
    verdict.faults += _file_faults(found.store, root_files, None)
    verdict.faults += _metadata_faults(found, layout, {fault.path for fault in verdict.faults})
    verdict.num_bytes += sum(file.bytes for file in root_files.values())
    tally = Tally(found.recipe.num_clips, report)
    with ThreadPoolExecutor(NUM_THREADS) as pool:
        shards = pool.map(
            lambda shard: _checked_shard(found, verdict.manifest, layout, shard), _shards(found)
        )
        for receipt, faults in shards:
            verdict.faults += faults
            verdict.num_bytes += receipt.num_bytes
            tally.add(receipt.clips, receipt.num_bytes)
    verdict.faults += _strangers(found)
    return verdict


def _lost(lost: Lost) -> Verdict:
    """Return the verdict on a data set of which nothing tells the recipe: no other file can be judged."""
    paths = [lost.books.path(name) for name in (RECIPE, MANIFEST)]
    faults = _file_faults(lost.store, dict.fromkeys(paths, FileSum(0, "")), None)
    return Verdict(lost, None, [fault._replace(reason=lost.reason) for fault in faults])


def _checked_books(found: Found, layout: Layout) -> Verdict:
    """Return a verdict that knows of the recipe and the manifest only."""
    books, store = found.books, found.store
    manifest, faults = None, []
    try:
        manifest = books.manifest()
        if reason := _misfit(found, layout, manifest):
            manifest = None
            faults = [Fault("corrupt", books.path(MANIFEST), None, reason)]
    except FileNotFoundError:
        faults = [Fault("missing", books.path(MANIFEST))]
    except CorruptData:
        faults = [Fault("corrupt", books.path(MANIFEST))]
    for fault in _file_faults(store, {books.path(RECIPE): sum_of(found.recipe.to_stored())}, None):
        ours = found.conflict if manifest else ""
        faults.append(fault._replace(reason=fault.reason or (ours and f"of another data set: {ours}")))
    return Verdict(found, manifest, faults)


def _misfit(found: Found, layout: Layout, manifest: Manifest) -> str:
    """Return why an intact manifest is not that of the recipe; empty if it is."""
    recipe = found.recipe
    if manifest.recipe != recipe:
        return "of another data set: " + "; ".join(manifest.recipe.differences(recipe)[:3])
    if not manifest.layout.has_arrays_of(layout):
        return "its arrays are not those of the recipe"
    if set(manifest.files) != root_paths(recipe, layout):
        return "it does not name the files that this recipe gives"
    if len(manifest.receipts) != len(_shards(found)):
        return f"it has {len(manifest.receipts)} shards, the recipe {len(_shards(found))}"
    for shard, receipt in enumerate(manifest.receipts):
        own = (receipt.plan_id, receipt.shard, receipt.clips, set(receipt.files))
        paths = shard_paths(recipe, layout, shard)
        if own != (recipe.plan_id, shard, len(layout.rows(shard)), paths):
            return f"its receipt of shard {shard} is not one of this recipe"
    return ""


def _metadata_faults(found: Found, layout: Layout, faulty: set[str]) -> list[Fault]:
    """Return faults for JSON files of no shard that say something else than the recipe does."""
    if found.format not in SHARDED:
        return []
    faults = []
    for path, data in sharded_format(found.format).root_files(layout).items():
        if path in faulty or not path.endswith(".json"):
            continue
        try:
            same = _facts(found.store.read(path)) == _facts(data)
        except FileNotFoundError:
            faults.append(Fault("missing", path))
            continue
        except (CorruptData, ValueError, RecursionError):
            same = False
        if not same:
            faults.append(Fault("corrupt", path, None, "it does not fit the recipe"))
    return faults


def _facts(data: bytes) -> Any:
    """Return what JSON says, without descriptions, whose words may change from release to release."""
    return json.loads(data, object_hook=lambda values: {k: v for k, v in values.items() if k != "about"})


def _shards(found: Found) -> range:
    recipe = found.recipe
    return range(-(-recipe.num_clips // recipe.clips_per_shard) if found.format not in WHOLE else 0)


def _checked_shard(
    found: Found, manifest: Manifest | None, layout: Layout, shard: int
) -> tuple[Receipt, list[Fault]]:
    """Return what the shard should hold, and its faults. The manifest knows; without it the receipt does."""
    if manifest:
        receipt = manifest.receipts[shard]
        path = found.books.receipt_path(shard)
        faults = _file_faults(found.store, {path: sum_of(receipt.to_bytes())}, shard)
    else:
        receipt, faults = _read_receipt(found, layout, shard)
    if not receipt.files:
        receipt = Receipt(found.recipe.plan_id, shard, len(layout.rows(shard)), {})
    return receipt, faults + _file_faults(found.store, receipt.files, shard)


def _read_receipt(found: Found, layout: Layout, shard: int) -> tuple[Receipt, list[Fault]]:
    """Return a shard's receipt as it lies there, an empty one where it cannot be trusted, and its faults."""
    recipe, path = found.recipe, found.books.receipt_path(shard)
    try:
        receipt = found.books.receipt(recipe.plan_id, shard)
        if set(receipt.files) == shard_paths(recipe, layout, shard):
            return receipt, []
        fault = Fault("corrupt", path, shard, "it does not name the files that this recipe gives")
    except FileNotFoundError:
        fault = Fault("missing", path, shard)
    except CorruptData:
        fault = Fault("corrupt", path, shard)
    return Receipt(recipe.plan_id, shard, 0, {}), [fault]


def _file_faults(store: Store, files: Mapping[str, FileSum], shard: int | None) -> list[Fault]:
    faults = (_fault_of(store, path, expected, shard) for path, expected in files.items())
    return [fault for fault in faults if fault]


def _fault_of(store: Store, path: str, expected: FileSum, shard: int | None) -> Fault | None:
    try:
        found = sum_of(store.open(path))
    except FileNotFoundError:
        return Fault("missing", path, shard)
    except Unreadable as error:
        return Fault("unreadable", path, shard, str(error).rpartition(": ")[2])
    if found == expected:
        return None
    return Fault("truncated" if found.bytes < expected.bytes else "corrupt", path, shard)


def _strangers(found: Found) -> list[Fault]:
    """Return the files that nothing accounts for; only leftovers where others have files in the folder, too."""
    if not found.has_root:
        return [Fault("leftover", path) for path in _leftovers(found)]
    beside = splits_beside(found.store, found.recipe)
    others = [other for other in beside if isinstance(other, Found)]
    if any(SPLITS[other.recipe.split] < SPLITS[found.recipe.split] for other in others):
        return []  # the first of the splits in a folder tells
    known = _paths(found).union(*map(_paths, others))
    unknown = [path for path in found.store.walk() if path not in known and not is_of_a_desktop(path)]
    faults = [Fault("leftover" if is_temporary(Path(path)) else "foreign", path) for path in unknown]
    # Of a lost data set nothing tells which files are its own.
    return faults if len(others) == len(beside) else [fault for fault in faults if fault.kind == "leftover"]


def _paths(found: Found) -> set[str]:
    """Return the paths of all files that a data set in a folder of its own has when it is finished."""
    layout, books = layout_for(found.recipe), found.books
    paths = {books.path(RECIPE), books.path(MANIFEST), *root_paths(found.recipe, layout)}
    for shard in _shards(found):
        paths |= {books.receipt_path(shard), *shard_paths(found.recipe, layout, shard)}
    return paths


def _leftovers(found: Found) -> list[str]:
    """Return the temporary files and folders of a data set that has no folder to itself."""
    books, store = found.books, found.store
    own = {books.path(RECIPE), books.path(MANIFEST), *root_paths(found.recipe, layout_for(found.recipe))}
    own |= {books.receipt_path(shard) for shard in _shards(found)}
    targets: dict[str, list[str]] = {}
    for path in own:
        folder, slash, name = path.rpartition("/")
        targets.setdefault(folder + slash, []).append(f".{name}.")
    return sorted(
        folder + name
        for folder, starts in targets.items()
        for name in store.names(folder) | store.folders(folder)
        if is_temporary(Path(name)) and name.startswith(tuple(starts))
    )


def clean(found: Found | Lost) -> list[str]:
    """Delete the temporary files that dead writers left, and nothing else; return their paths."""
    if isinstance(found, Lost):
        return []
    ours = None if found.has_root else set(_leftovers(found))
    abandoned = [path for path in found.store.abandoned() if ours is None or path in ours]
    for path in abandoned:
        found.store.remove(path)
    return abandoned
