"""Whole formats: one writer, one file an array, renamed when finished, the manifest last."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from segmnist.dataset.commit import Books
from segmnist.dataset.local_store import LocalStore
from segmnist.dataset.manifest import FileSum, manifest_pieces
from segmnist.dataset.plan import Plan
from segmnist.errors import BadArgument
from segmnist.formats import Arrays, whole_format
from segmnist.whole_file import replacing


def write_whole(
    plan: Plan, store: LocalStore, books: Books, num_threads: int, advance: Callable[[int, int], None]
) -> None:
    """Write a data set in a whole format, into a place that is claimed already.

    After an interruption it begins anew.

    advance: called with the clips and the uncompressed bytes of each shard.
    """
    fmt = whole_format(plan.recipe.format)
    targets = [store.root / name for name in fmt.file_names(plan.recipe.split)]
    with replacing(*targets) as temporaries:
        fmt.write(temporaries, plan.layout, _shards(plan, num_threads, advance))
    files = {target.name: _sum(target) for target in targets}
    books.put_manifest(manifest_pieces(plan.recipe, plan.layout, files, ()))


def check_free_of_others(plan: Plan, store: LocalStore, books: Books) -> None:
    """Raise `BadArgument` where files that no recipe accounts for have the names of ours."""
    if books.is_claimed():
        return
    for name in whole_format(plan.recipe.format).file_names(plan.recipe.split):
        if (store.root / name).exists():
            fix = "choose another place, or remove it"
            raise BadArgument("OUT", str(store.root / name), "a place where no such file exists", fix)


def _shards(plan: Plan, num_threads: int, advance: Callable[[int, int], None]) -> Iterator[Arrays]:
    for shard in range(plan.num_shards):
        yield plan.draw(shard, num_threads)
        num_clips = len(plan.layout.rows(shard))
        advance(num_clips, num_clips * plan.layout.clip_bytes)


def _sum(path: Path) -> FileSum:
    with open(path, "rb") as file:
        return FileSum(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())
