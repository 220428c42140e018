"""The commit protocol: claim the place, commit shards, leave receipts, publish the manifest last.

It is the same for one process, many processes, Ray and batch schedulers; docs/format.md states it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from segmnist.dataset.local_store import LocalStore, stranger
from segmnist.dataset.manifest import FileSum, Manifest, Receipt, manifest_pieces, sum_of
from segmnist.dataset.plan import Plan, prefix_for, root_paths, shard_paths
from segmnist.dataset.recipe import Recipe
from segmnist.dataset.store import Store, Unreadable
from segmnist.errors import BadArgument, CorruptData
from segmnist.formats import FOLDER

RECIPE, MANIFEST, RECEIPTS = "recipe.json", "manifest.json", "receipts"

MEND = "segmnist verify --repair mends it"

WRITERS = 8
"""Files of a shard that are written at a time."""


class Books:
    """The bookkeeping files of a data set in its store."""

    def __init__(self, store: Store, prefix: str = "") -> None:
        self.store, self.prefix = store, prefix

    def path(self, name: str) -> str:
        """Return the path of a bookkeeping file."""
        return f"{self.prefix}{name}"

    def at(self, name: str) -> str:
        """Return where a bookkeeping file lies, for messages."""
        return f"{self.store.url}/{self.path(name)}"

    def receipt_path(self, shard: int) -> str:
        """Return the path of a shard's receipt."""
        return self.path(f"{RECEIPTS}/{shard:07d}.json")

    def claim(self, recipe: Recipe) -> None:
        """Write the recipe, the first file of all. Raises `BadArgument` if the place has another one."""
        try:
            self.store.put_new(self.path(RECIPE), recipe.to_stored())
        except CorruptData:
            self.check_is(recipe)

    def check_is(self, recipe: Recipe) -> None:
        """Raise `BadArgument` unless the place holds this recipe's data set or none.

        recipe.json, the manifest and the receipts are asked, as far as they are there. Raises `CorruptData` where
        one of them is damaged, or where they belong to different data sets.
        """
        if not self.is_claimed():
            return
        there = self.recipe()
        if there != recipe:
            difference = "; ".join(there.differences(recipe)[:3])
            fix = f"there and asked for: {difference}; choose another place or remove this one"
            raise BadArgument("OUT", self.store.url, "a place without another data set", fix)
        if self.is_complete():
            if self.manifest().recipe != recipe:
                raise CorruptData(f"{self.at(MANIFEST)}: of another data set than {RECIPE} beside it; {MEND}")
        elif done := self.done():
            self.receipt(recipe.plan_id, min(done))

    def recipe(self) -> Recipe:
        """Return the recipe. Raises `FileNotFoundError`, or `CorruptData` where it is damaged."""
        try:
            return Recipe.from_stored(self.store.read(self.path(RECIPE)))
        except CorruptData as error:
            raise CorruptData(f"{self.at(RECIPE)}: {_reason(error)}; {MEND}") from None

    def is_claimed(self) -> bool:
        """Return whether a recipe is there."""
        return self.store.exists(self.path(RECIPE))

    def is_complete(self) -> bool:
        """Return whether the manifest is there."""
        return self.store.exists(self.path(MANIFEST))

    def manifest(self) -> Manifest:
        """Return the manifest. Raises `FileNotFoundError`, or `CorruptData` where it is damaged."""
        try:
            return Manifest.from_bytes(self.store.read(self.path(MANIFEST)))
        except CorruptData as error:
            raise CorruptData(f"{self.at(MANIFEST)}: {_reason(error)}; {MEND}") from None

    def done(self) -> set[int]:
        """Return the shards that have receipts."""
        stems = (name.removesuffix(".json") for name in self.store.names(self.path(RECEIPTS)))
        return {int(stem) for stem in stems if stem.isdecimal()}

    def receipt(self, plan_id: str, shard: int) -> Receipt:
        """Return a shard's receipt. Raises `FileNotFoundError`, or `CorruptData` where it is damaged."""
        path = self.receipt_path(shard)
        try:
            receipt = Receipt.from_bytes(self.store.read(path))
        except CorruptData as error:
            raise CorruptData(f"{self.store.url}/{path}: {_reason(error)}; {MEND}") from None
        if (receipt.plan_id, receipt.shard) != (plan_id, shard):
            raise CorruptData(
                f"{self.store.url}/{path}: not the receipt of shard {shard} of this data set; {MEND}"
            )
        return receipt

    def commit(self, plan: Plan, shard: int) -> Receipt:
        """Draw a shard, store its files, then its receipt. Raises `CorruptData` where other bytes are."""
        if isinstance(self.store, LocalStore) and plan.recipe.format in FOLDER:
            files = dict(plan.files(shard))
            sums = {path: sum_of(data) for path, data in files.items()}
            self.store.put_many(files, aside=self.path(RECIPE))
        else:
            # A file waits for the disk or the store most of the time, while others wait too and the next is compressed.
            with ThreadPoolExecutor(WRITERS) as pool:
                written = {path: pool.submit(self._put, path, data) for path, data in plan.files(shard)}
                sums = {path: done.result() for path, done in written.items()}
        receipt = receipt_of(plan, shard, sums)
        self.store.put_new(self.receipt_path(shard), receipt.to_bytes())
        return receipt

    def _put(self, path: str, data: bytes) -> FileSum:
        self.store.put_new(path, data)
        return sum_of(data)

    def publish(self, plan: Plan) -> bool:
        """Once all receipts are there, write the root files, then the manifest; return whether they were."""
        if len(self.done()) < plan.num_shards:
            return False
        sums = {}
        for path, data in plan.root_files().items():
            self.store.put_new(path, data)
            sums[path] = sum_of(data)
        for path, pieces in plan.summary_files():
            self.store.put_pieces(path, pieces)
            sums[path] = sum_of(self.store.open(path))
        self.put_manifest(manifest_pieces(plan.recipe, plan.layout, sums, self.receipts(plan)))
        return True

    def put_manifest(self, pieces: Iterable[bytes]) -> None:
        """Write the manifest: from now on there is a data set."""
        self.store.put_pieces(self.path(MANIFEST), pieces)

    def receipts(self, plan: Plan) -> Iterator[Receipt]:
        """Iterate over all receipts, in order."""
        plan_id = plan.recipe.plan_id
        return (self.receipt(plan_id, shard) for shard in range(plan.num_shards))


def _reason(error: CorruptData) -> str:
    """Return what is wrong without the path that a store puts first."""
    return str(error).rpartition(": ")[2] if isinstance(error, Unreadable) else str(error)


def receipt_of(plan: Plan, shard: int, sums: dict[str, FileSum]) -> Receipt:
    """Return the receipt for a shard with these files."""
    return Receipt(plan.recipe.plan_id, shard, len(plan.layout.rows(shard)), sums)


def check_place(plan: Plan, store: Store, books: Books) -> None:
    """Raise `BadArgument` where a file stands in the place of one of an export's, before anything is written.

    The card, the licence and the classes may be there already: other exports in this place have the same ones.
    """
    if not store.names("") | store.folders(""):
        return
    for path, data in plan.root_files().items():
        if store.exists(path) and not _holds(store, path, data):
            raise stranger(f"{store.url}/{path}")
    if books.is_claimed():
        return
    summaries = root_paths(plan.recipe, plan.layout) - set(plan.root_files())
    shards = (shard_paths(plan.recipe, plan.layout, shard) for shard in range(plan.num_shards))
    for paths in chain([summaries], shards):
        for path in _taken(store, paths):
            if books.is_claimed():
                return  # a writer of this data set came in between: whoever claims second is told of the first
            raise stranger(f"{store.url}/{path}")


def _holds(store: Store, path: str, data: bytes) -> bool:
    try:
        return store.read(path) == data
    except Unreadable:
        return False


def _taken(store: Store, paths: set[str]) -> Iterator[str]:
    """Iterate over the paths at which something is; a folder that is not there is asked for once."""
    folders = {path.rpartition("/")[0] for path in paths}
    there = {folder for folder in folders if not folder or store.exists(folder)}
    return (path for path in paths if path.rpartition("/")[0] in there and store.exists(path))


def books_of(plan: Plan, store: Store) -> Books:
    """Return the bookkeeping of a plan's data set."""
    return Books(store, prefix_for(plan.recipe))


def commit(plan: Plan, store: Store, shard: int) -> Receipt:
    """Write one shard and return its receipt: what every worker does."""
    return books_of(plan, store).commit(plan, shard)
