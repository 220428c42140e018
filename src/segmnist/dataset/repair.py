"""repair: make exactly the broken parts of a data set again, from its recipe."""

from __future__ import annotations

from segmnist.dataset.commit import MANIFEST, RECIPE, Books, receipt_of
from segmnist.dataset.local_store import LocalStore
from segmnist.dataset.manifest import Manifest, manifest_bytes, sum_of
from segmnist.dataset.plan import Plan, plan_for
from segmnist.dataset.verify import Verdict
from segmnist.dataset.whole import write_whole
from segmnist.digits.bank import DigitBank
from segmnist.errors import BadArgument, CorruptData
from segmnist.formats import WHOLE


def repair(verdict: Verdict, *, bank: DigitBank | None = None) -> None:
    """Draw the broken shards again, and write what else is broken; foreign files stay where they are.

    Raises `BadArgument` where the digit bank is not the recipe's, `CorruptData` where what is drawn now is not
    what the manifest names, because other versions of zstd or pyarrow are installed.
    """
    found = verdict.found
    plan = plan_for(found.recipe, bank)
    found.store.replace(found.books.path(RECIPE), found.recipe.to_stored())
    if found.recipe.format in WHOLE:
        _repair_whole(plan, verdict)
    else:
        for shard in verdict.broken_shards:
            _repair_shard(plan, found.books, verdict.manifest, shard)
        _repair_root(plan, verdict)


def _repair_shard(plan: Plan, books: Books, manifest: Manifest | None, shard: int) -> None:
    files = plan.files(shard)
    receipt = receipt_of(plan, shard, files)
    if manifest and manifest.receipts[shard] != receipt:
        raise CorruptData(
            f"shard {shard}: what is drawn here is not what the manifest names; other versions of zstd or "
            "pyarrow wrote it: repair with those"
        )
    for path, data in files.items():
        books.store.replace(path, data)
    books.store.replace(books.receipt_path(shard), receipt.to_bytes())


def _repair_root(plan: Plan, verdict: Verdict) -> None:
    books = verdict.found.books
    root_files = plan.root_files()
    broken = {fault.path for fault in verdict.faults if fault.shard is None}
    for path, data in root_files.items():
        if path in broken or not verdict.manifest:
            books.store.replace(path, data)
    if not verdict.manifest:
        sums = {path: sum_of(data) for path, data in root_files.items()}
        whole = manifest_bytes(plan.recipe, plan.layout, sums, books.receipts(plan))
        books.store.replace(books.path(MANIFEST), whole)


def _repair_whole(plan: Plan, verdict: Verdict) -> None:
    books, store = verdict.found.books, verdict.found.store
    if not isinstance(store, LocalStore):
        raise BadArgument("OUT", store.url, "a local folder", f"{plan.recipe.format} is written to one only")
    if verdict.faults:
        store.remove(books.path(MANIFEST))
        write_whole(plan, store, books, 1, lambda clips, num_bytes: None)
