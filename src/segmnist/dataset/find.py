"""find: clips that fit a condition, by SQL over the index of a data set. The query can read nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from segmnist.dataset.locate import Found, locate_one
from segmnist.dataset.manifest import Manifest, sum_of
from segmnist.dataset.plan import prefix_for
from segmnist.dataset.recipe import Recipe
from segmnist.dataset.store import Unreadable
from segmnist.errors import BadArgument, CorruptData, MissingDependency
from segmnist.formats.index_tables import TABLES, index_path

MEMORY_LIMIT = "2GB"


def find(
    place: str | Path, condition: str, *, limit: int | None = None, split: str | None = None
) -> list[int]:
    """Return the ids of the clips in which some digit in some frame fits an SQL condition, in order.

    Columns: those of index/frames and index/clips, see docs/format.md. Raises `BadArgument` for a condition that
    is none, that is more than a condition, or that reaches outside the index; and where there is no index.
    """
    if limit is not None and limit < 1:
        raise BadArgument("limit", limit, "1 or more")
    found = locate_one(place, split)
    connection = _connection(found)
    query = f"SELECT DISTINCT clip_id FROM digits WHERE (\n{condition}\n) ORDER BY clip_id"
    if limit is not None:
        query += f" LIMIT {int(limit)}"
    return [int(row[0]) for row in _answer(connection, query, condition)]


def selection(recipe: Recipe, clip_ids: Iterable[int]) -> Recipe:
    """Return the recipe of these clips only. Raises `BadArgument` for none."""
    ids = tuple(clip_ids)
    if not ids:
        raise BadArgument("clip_ids", "none", "one or more clips", "the condition fits no clip")
    return dataclasses.replace(recipe, clip_ids=ids, first_clip=0, num_clips=len(ids))


def _connection(found: Found) -> Any:
    """Return a DuckDB in memory that knows the view `digits` and may open no file, whatever it is asked."""
    try:
        import duckdb
    except ImportError:
        raise MissingDependency("segmnist find", "index") from None
    connection = duckdb.connect(":memory:")
    for name, table in _tables(found).items():
        connection.register(name, table)
    connection.execute("CREATE VIEW digits AS SELECT * FROM frames JOIN clips USING (clip_id)")
    for setting in (
        f"memory_limit='{MEMORY_LIMIT}'",
        "python_enable_replacements=false",
        "enable_external_access=false",
        "lock_configuration=true",
    ):
        connection.execute(f"SET {setting}")
    return connection


def _tables(found: Found) -> dict[str, Any]:
    """Return the index as Arrow data sets, checked against the manifest; they are read as the query goes."""
    from pyarrow import dataset

    if not found.recipe.index:
        fix = "it was generated with --no-index"
        raise BadArgument("OUT", found.store.url, "a data set with an index", fix)
    try:
        manifest = found.books.manifest()
    except FileNotFoundError:
        raise BadArgument("OUT", found.store.url, "a finished data set", "run generate again") from None
    prefix = prefix_for(found.recipe)
    paths = {
        table: [index_path(prefix, table, receipt.shard) for receipt in manifest.receipts] for table in TABLES
    }
    _check(found, manifest, [path for of_table in paths.values() for path in of_table])
    filesystem, root = found.store.arrow_filesystem()
    return {
        table: dataset.dataset(
            [f"{root}/{path}" for path in paths[table]], format="parquet", filesystem=filesystem
        )
        for table in TABLES
    }


def _check(found: Found, manifest: Manifest, paths: list[str]) -> None:
    sums = {path: file for receipt in manifest.receipts for path, file in receipt.files.items()}
    for path in paths:
        try:
            good = sum_of(found.store.open(path)) == sums[path]
        except (FileNotFoundError, Unreadable):
            good = False
        if not good:
            raise CorruptData(
                f"{found.store.url}/{path}: damaged or missing; segmnist verify --repair mends it"
            )


def _answer(connection: Any, query: str, condition: str) -> list[Any]:
    import duckdb

    try:
        statements = connection.extract_statements(query)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise BadArgument("condition", condition, "one SQL condition and nothing else")
        rows: list[Any] = connection.execute(statements[0]).fetchall()
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0]
        permitted = "an SQL condition over the index's columns"
        raise BadArgument("condition", condition, permitted, reason) from None
    return rows
