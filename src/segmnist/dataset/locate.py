"""locate: which data sets lie in a place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from segmnist.dataset.commit import MANIFEST, MEND, RECIPE, Books
from segmnist.dataset.manifest import Manifest, Receipt, sum_of
from segmnist.dataset.open_store import open_store
from segmnist.dataset.plan import export_prefix, prefix_for, root_for, shares_root
from segmnist.dataset.recipe import Recipe
from segmnist.dataset.store import Store, Unreadable
from segmnist.errors import BadArgument, CorruptData
from segmnist.formats import FOLDER, SHARDED, WHOLE, sharded_format, whole_format
from segmnist.formats.card import is_sequence_name
from segmnist.scene.randomness import SPLITS

Read = TypeVar("Read")

DEPTH = 4
"""Levels of folders below OUT that are looked into; the books of a split of Hugging Face lie three below its own OUT."""


@dataclass(frozen=True)
class Found:
    """A data set, finished or not: its store, its bookkeeping and its recipe."""

    store: Store
    books: Books
    recipe: Recipe
    conflict: str = ""
    """How recipe.json and the manifest differ, where they name different data sets."""

    @property
    def format(self) -> str:
        """The recipe's format."""
        return self.recipe.format

    @property
    def has_root(self) -> bool:
        """Return whether the data set has a folder to itself, or one that only its other splits share."""
        return self.format in SHARDED and bool(root_for(self.recipe))


@dataclass(frozen=True)
class Lost:
    """What is left of a data set of which nothing tells the recipe, and why."""

    store: Store
    books: Books
    reason: str


def locate(place: str | Path) -> list[Found | Lost]:
    """Return the data sets in a place, which is the folder of one data set or of several.

    Raises `BadArgument` where there is none.
    """
    store = open_store(place)
    prefixes = sorted(_prefixes(store, "", DEPTH))
    if not prefixes:
        store.check_is_there()
        raise BadArgument("DATASET", str(place), "a folder with a data set in it", "there is no recipe.json")
    return [_found(store, prefix) for prefix in prefixes]


def splits_beside(store: Store, recipe: Recipe) -> list[Found | Lost]:
    """Return the data sets of other splits that lie in the folder of a recipe's data set."""
    if not shares_root(recipe):
        return []
    return [
        _found(store, prefix)
        for prefix in sorted(_prefixes(store, "", DEPTH))
        if prefix != prefix_for(recipe)
    ]


def check_is_no_place(preset: str) -> None:
    """Raise `BadArgument` where a preset's name is that of a folder with a data set in it, too."""
    if not Path(preset).is_dir():
        return
    try:
        locate(preset)
    except BadArgument:
        return
    except CorruptData:
        pass
    fix = f"preset({preset!r}) or -p is the preset, './{preset}' the folder with a data set in it"
    raise BadArgument("source", preset, "a name with one meaning", fix)


def locate_one(place: str | Path, split: str | None = None) -> Found:
    """Return the one data set in a place, or the one of this split.

    Raises `BadArgument` for none or many, `CorruptData` where its recipe and its manifest do not belong together, and
    where nothing tells the recipe of a data set that might be meant.
    """
    everything = locate(place)
    there = [data for data in everything if isinstance(data, Found)]
    lost = [data for data in everything if isinstance(data, Lost)]
    found = [data for data in there if split in (None, data.recipe.split)]
    if lost and (split is None or not found):
        raise CorruptData(f"{lost[0].books.at(RECIPE)}: {lost[0].reason}")
    if len(found) != 1:
        asked = "the place of one data set" + (f" of split {split!r}" if split else "")
        names = ", ".join(f"{data.store.url} ({data.recipe.split})" for data in there)
        raise BadArgument("DATASET", str(place), asked, f"there are: {names}; name one, or its split")
    if found[0].conflict:
        raise CorruptData(
            f"{found[0].books.at(RECIPE)} and {MANIFEST} name different data sets ({found[0].conflict}); {MEND}"
        )
    return found[0]


def recipe_of(place: str | Path, split: str | None = None) -> Recipe:
    """Return the recipe that the data set in a place carries, finished or not; exports into folders too.

    Raises as `locate_one` does.
    """
    return locate_one(place, split).recipe


def _prefixes(store: Store, folder: str, depth: int) -> set[str]:
    """Return what stands before `recipe.json` or `manifest.json` wherever there is one of ours, or should be."""
    ends = (RECIPE, MANIFEST)
    names = {name for name in store.names(folder) if name.endswith(ends)}
    own = {name.removesuffix(end) for name in names for end in ends if name.endswith(end)} & _known_prefixes()
    has_receipts = bool(Books(store, folder).done())
    if has_receipts:
        own.add("")
    elif "" in own and not (_is_for_books(store, folder) or _names_a_plan(store, folder)):
        own.remove("")
    prefixes = {folder + prefix for prefix in own}
    if has_receipts or depth == 0:
        return prefixes
    below = (name for name in store.folders(folder, linked=_root_ends()) if not is_sequence_name(name))
    return prefixes.union(*(_prefixes(store, f"{folder}{name}/", depth - 1) for name in below))


@cache
def _known_prefixes() -> set[str]:
    of_whole = {whole_format(name).BOOKS.format(split=split) for name in WHOLE for split in SPLITS}
    return {"", *of_whole, *(export_prefix(split, name) for name in FOLDER for split in SPLITS)}


@cache
def _root_ends() -> tuple[str, ...]:
    """Return the ends of the names of data sets' folders, such as `.zarr`."""
    return tuple(sharded_format(name).ROOT.removeprefix("{split}") for name in SHARDED)


@cache
def _books_ends() -> tuple[str, ...]:
    """Return the ends of the paths of folders with a recipe.json in them, such as `.zarr/`."""
    modules = [sharded_format(name) for name in SHARDED]
    return tuple(
        "/" + module.BOOKS.format(split=split) if module.BOOKS else module.ROOT.removeprefix("{split}") + "/"
        for module in modules
        for split in SPLITS
    )


def _is_for_books(store: Store, folder: str) -> bool:
    """Return whether a folder has the name of one for the books of a data set."""
    path = f"{store.url}/{folder}".rstrip("/")
    return f"{path}/".endswith(_books_ends())


def _names_a_plan(store: Store, folder: str) -> bool:
    """Return whether the recipe.json or manifest.json in a folder is one of ours."""
    for name in (RECIPE, MANIFEST):
        try:
            if b'"plan_id"' in store.read(folder + name):
                return True
        except (FileNotFoundError, CorruptData):
            continue
    return False


def _found(store: Store, prefix: str) -> Found | Lost:
    books = Books(store, prefix)
    recipe, conflict = _trusted_recipe(books)
    if recipe is None:
        return _lost(store, prefix, "nothing tells its recipe: remove this data set and generate it anew")
    inner = prefix_for(recipe)
    if not f"/{prefix}".endswith(f"/{inner}"):
        return _lost(store, prefix, f"a data set in {recipe.format} has its recipe elsewhere")
    root = store.below(prefix[: len(prefix) - len(inner)])
    return Found(root, Books(root, inner), recipe, conflict)


def _lost(store: Store, prefix: str, reason: str) -> Lost:
    folder, _, inner = prefix.rpartition("/")
    root = store.below(folder)
    return Lost(root, Books(root, inner), reason)


def _trusted_recipe(books: Books) -> tuple[Recipe | None, str]:
    """Return the recipe that recipe.json and the manifest hold, None if neither does, and how they differ if they do.

    Where one is damaged the other tells. Where they differ, the receipts decide, or the data if there are none.
    """
    own, manifest = _readable(books.recipe), _readable(books.manifest)
    if own is None or manifest is None:
        return own or (manifest.recipe if manifest else None), ""
    if own == manifest.recipe:
        return own, ""
    conflict = "; ".join(own.differences(manifest.recipe)[:3])
    return (manifest.recipe if _is_borne_out(books, own, manifest) else own), conflict


def _readable(read: Callable[[], Read]) -> Read | None:
    try:
        return read()
    except (FileNotFoundError, CorruptData):
        return None


def _is_borne_out(books: Books, own: Recipe, manifest: Manifest) -> bool:
    """Return whether what lies there is the data set of the manifest rather than that of recipe.json."""
    named = Counter(receipt.plan_id for receipt in _receipts(books))
    if named:
        return named[manifest.recipe.plan_id] > named[own.plan_id]
    try:
        return all(sum_of(books.store.open(path)) == file for path, file in manifest.files.items())
    except (FileNotFoundError, Unreadable):
        return False


def _receipts(books: Books) -> Iterator[Receipt]:
    """Iterate over the receipts that can be read, whatever data set they are of."""
    for shard in sorted(books.done()):
        try:
            yield Receipt.from_bytes(books.store.read(books.receipt_path(shard)))
        except (FileNotFoundError, CorruptData):
            continue
