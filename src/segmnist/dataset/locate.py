"""locate: which data sets lie in a place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from segmnist.dataset.commit import MANIFEST, RECIPE, Books
from segmnist.dataset.open_store import open_store
from segmnist.dataset.plan import prefix_for
from segmnist.dataset.recipe import Recipe
from segmnist.dataset.store import Store
from segmnist.errors import BadArgument, CorruptData

DEPTH = 3
"""Folders below OUT that are looked into."""


@dataclass(frozen=True)
class Found:
    """A data set, finished or not: its store, its bookkeeping and its recipe."""

    store: Store
    books: Books
    recipe: Recipe


def locate(place: str | Path) -> list[Found]:
    """Return the data sets in a place, which is OUT or the folder of one data set.

    Raises `BadArgument` where there is none, and `CorruptData` where nothing tells the recipe of one.
    """
    store = open_store(place)
    prefixes = sorted(_prefixes(store, "", DEPTH))
    if not prefixes:
        raise BadArgument("OUT", str(place), "a folder with a data set in it", "there is no recipe.json")
    return [_found(store, prefix) for prefix in prefixes]


def locate_one(place: str | Path, split: str | None = None) -> Found:
    """Return the one data set in a place, or the one of this split. Raises `BadArgument` for none or many."""
    there = locate(place)
    found = [data for data in there if split in (None, data.recipe.split)]
    if len(found) != 1:
        asked = "the place of one data set" + (f" of split {split!r}" if split else "")
        names = ", ".join(f"{data.store.url} ({data.recipe.split})" for data in there)
        raise BadArgument("OUT", str(place), asked, f"there are: {names}; name one, or its split")
    return found[0]


def _prefixes(store: Store, folder: str, depth: int) -> set[str]:
    """Return what stands before `recipe.json` or `manifest.json` wherever there is one."""
    names = store.names(folder)
    own = {
        n.removesuffix(end) for n in names for end in (RECIPE, MANIFEST) if n.endswith(end) and n[0] != "."
    }
    prefixes = {folder + prefix for prefix in own}
    if "" in own or depth == 0:
        return prefixes
    return prefixes.union(*(_prefixes(store, f"{folder}{sub}/", depth - 1) for sub in store.folders(folder)))


def _found(store: Store, prefix: str) -> Found:
    recipe = _trusted_recipe(Books(store, prefix))
    inner = prefix_for(recipe)
    if not prefix.endswith(inner):
        raise CorruptData(
            f"{store.url}/{prefix}{RECIPE}: a data set in {recipe.format} has its recipe elsewhere"
        )
    root = store.below(prefix[: len(prefix) - len(inner)])
    return Found(root, Books(root, inner), recipe)


def _trusted_recipe(books: Books) -> Recipe:
    """Return the recipe that recipe.json or, where that is damaged, the manifest holds; both check
    themselves."""
    try:
        return Recipe.from_stored(books.store.read(books.path(RECIPE)))
    except (FileNotFoundError, CorruptData) as error:
        try:
            return books.manifest().recipe
        except (FileNotFoundError, CorruptData):
            raise CorruptData(
                f"{books.store.url}/{books.path(RECIPE)}: {error}; no manifest tells it either"
            ) from None
