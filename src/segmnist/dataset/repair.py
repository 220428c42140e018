"""repair: make exactly the broken parts of a data set again, from its recipe."""

from __future__ import annotations

from segmnist.dataset.commit import MANIFEST, RECIPE, Books, receipt_of
from segmnist.dataset.local_store import LocalStore
from segmnist.dataset.locate import Lost
from segmnist.dataset.manifest import FileSum, Receipt, manifest_bytes, sum_of
from segmnist.dataset.plan import Plan, plan_for
from segmnist.dataset.store import Store, Unreadable
from segmnist.dataset.verify import Verdict
from segmnist.dataset.whole import write_whole
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument, CorruptData
from segmnist.formats import WHOLE, whole_format


def repair(verdict: Verdict, *, bank: DigitBank | None = None) -> None:
    """Draw the broken shards again, and write what else is broken; foreign files stay where they are.

    What stands in the place of a file, such as a folder, is renamed to NAME.aside. Raises `BadArgument` where the
    digit bank is not the recipe's, `CorruptData` where nothing tells the recipe, and where what is drawn now is neither
    what the manifest names nor what lies there, because other versions of zstd or pyarrow are installed.
    """
    found = verdict.found
    if isinstance(found, Lost):
        raise CorruptData(f"{found.books.at(RECIPE)}: {found.reason}")
    plan = plan_for(found.recipe, bank)
    broken = {fault.path for fault in verdict.faults}
    if found.books.path(RECIPE) in broken:
        found.store.replace(found.books.path(RECIPE), found.recipe.to_stored())
    if found.format in WHOLE:
        _repair_whole(plan, verdict)
        return
    receipts = {shard: _repair_shard(plan, verdict, shard) for shard in verdict.broken_shards}
    sums = _repair_root(plan, verdict, broken)
    _repair_manifest(plan, verdict, receipts, sums)


def _repair_shard(plan: Plan, verdict: Verdict, shard: int) -> Receipt:
    """Write a shard's files and its receipt again; return the receipt."""
    books, manifest = verdict.found.books, verdict.manifest
    files = dict(plan.files(shard))
    receipt = receipt_of(plan, shard, {path: sum_of(data) for path, data in files.items()})
    if manifest and receipt not in (manifest.receipts[shard], _stored_receipt(plan, books, shard)):
        raise CorruptData(
            f"shard {shard}: what is drawn here is not what the manifest names; other versions of zstd or "
            "pyarrow wrote it: repair with those"
        )
    for path, data in files.items():
        if not _is_there(books.store, path, receipt.files[path]):
            books.store.replace(path, data)
    books.store.replace(books.receipt_path(shard), receipt.to_bytes())
    return receipt


def _stored_receipt(plan: Plan, books: Books, shard: int) -> Receipt | None:
    try:
        return books.receipt(plan.recipe.plan_id, shard)
    except (FileNotFoundError, CorruptData):
        return None


def _is_there(store: Store, path: str, wanted: FileSum) -> bool:
    try:
        return sum_of(store.open(path)) == wanted
    except (FileNotFoundError, Unreadable):
        return False


def _repair_root(plan: Plan, verdict: Verdict, broken: set[str]) -> dict[str, FileSum]:
    """Write the broken files of no shard again; return the sums of all files of no shard."""
    manifest, store = verdict.manifest, verdict.found.store
    sums = dict(manifest.files) if manifest else {}
    files = plan.root_files()
    if manifest is None or broken & (set(sums) - set(files)):
        files |= {path: b"".join(pieces) for path, pieces in plan.summary_files()}
    for path, data in files.items():
        if path in broken or not manifest:
            sums[path] = sum_of(data)
            if not _is_there(store, path, sums[path]):
                store.replace(path, data)
    return sums


def _repair_manifest(
    plan: Plan, verdict: Verdict, repaired: dict[int, Receipt], sums: dict[str, FileSum]
) -> None:
    """Write the manifest again where it is broken, or names other bytes than those that the recipe gives."""
    books, manifest = verdict.found.books, verdict.manifest
    if manifest is None:
        data = manifest_bytes(plan.recipe, plan.layout, sums, books.receipts(plan))
    else:
        receipts = [repaired.get(shard, receipt) for shard, receipt in enumerate(manifest.receipts)]
        if (manifest.files, manifest.receipts) == (sums, tuple(receipts)):
            return
        data = manifest_bytes(plan.recipe, manifest.layout, sums, receipts)
    books.store.replace(books.path(MANIFEST), data)


def _repair_whole(plan: Plan, verdict: Verdict) -> None:
    books, store = verdict.found.books, verdict.found.store
    if not isinstance(store, LocalStore):
        raise BadArgument("OUT", store.url, "a local folder", f"{plan.recipe.format} is written to one only")
    if verdict.faults:
        for path in (books.path(MANIFEST), *whole_format(plan.recipe.format).file_names(plan.recipe.split)):
            store.clear_way(path)
        store.remove(books.path(MANIFEST))
        write_whole(plan, store, books, 1, lambda clips, num_bytes: None)
