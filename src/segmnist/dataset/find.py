"""find: clips that fit a condition, by SQL over the index of a data set. The query can read nothing else."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterable
from concurrent.futures import Future
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
TIMEOUT_SECONDS = 600.0
QUERY = "segmnist find"
"""The name of the threads that queries run in."""
GRACE_SECONDS = 2.0
"""How long DuckDB gets to end a query that it was told to end; some of its functions do not look up from their work."""


def find(
    place: str | Path,
    condition: str,
    *,
    limit: int | None = None,
    split: str | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> list[int]:
    """Return the ids of the clips in which some digit in some frame fits an SQL condition, in order.

    Columns: those of index/frames and index/clips, see docs/format.md. timeout: in seconds. Raises `BadArgument` for a
    condition that is none, that is more than a condition, that reaches outside the index, or that takes longer or more
    memory than permitted; and where there is no index.
    """
    if not timeout > 0:
        raise BadArgument("timeout", timeout, "more than 0 seconds")
    if limit is not None and limit < 1:
        raise BadArgument("limit", limit, "1 or more")
    found = locate_one(place, split)
    connection = _connection(found)
    query = f"SELECT DISTINCT clip_id FROM digits WHERE (\n{condition}\n) ORDER BY clip_id"
    if limit is not None:
        query += f" LIMIT {int(limit)}"
    return [int(row[0]) for row in _answer(connection, query, condition, timeout)]


def selection(recipe: Recipe, clip_ids: Iterable[int]) -> Recipe:
    """Return the recipe of these clips only. Raises `BadArgument` for none."""
    ids = tuple(clip_ids)
    if not ids:
        raise BadArgument("clip_ids", "none", "one or more clips", "the condition fits no clip")
    return dataclasses.replace(recipe, clip_ids=ids, first_clip=0, num_clips=len(ids))


def is_at_work() -> bool:
    """Return whether a query that was given up is still at work."""
    return any(thread.name == QUERY for thread in threading.enumerate())


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
        "temp_directory=''",  # or what does not fit into memory goes to the folder where one happens to be
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
        raise BadArgument("DATASET", found.store.url, "a data set with an index", fix)
    try:
        manifest = found.books.manifest()
    except FileNotFoundError:
        raise BadArgument("DATASET", found.store.url, "a finished data set", "run generate again") from None
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


def _answer(connection: Any, query: str, condition: str, timeout: float) -> list[Any]:
    import duckdb

    try:
        statements = connection.extract_statements(query)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise BadArgument("condition", condition, "one SQL condition and nothing else")
        return _rows(connection, statements[0], timeout)
    except TimeoutError:
        permitted = f"one that is answered within {timeout:g} s"
        raise BadArgument(
            "condition", condition, permitted, "a longer timeout, or a simpler condition"
        ) from None
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0]
        permitted = "an SQL condition over the index's columns"
        raise BadArgument("condition", condition, permitted, reason) from None


def _rows(connection: Any, statement: Any, timeout: float) -> list[Any]:
    """Return what a statement gives. Raises `TimeoutError`; the query ends then, and when the user interrupts."""
    answer: Future[list[Any]] = Future()

    def work() -> None:
        try:
            answer.set_result(connection.execute(statement).fetchall())
        except BaseException as error:
            answer.set_exception(error)

    # DuckDB looks for an interrupt only now and then: the thread that waits can be interrupted at once.
    worker = threading.Thread(target=work, name=QUERY, daemon=True)
    worker.start()
    try:
        return answer.result(timeout)
    finally:
        if not answer.done():
            connection.interrupt()
            worker.join(GRACE_SECONDS)
