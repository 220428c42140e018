"""run_local: shards over the processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.connection import wait as wait_for

from segmnist.dataset.commit import books_of
from segmnist.dataset.manifest import Receipt
from segmnist.dataset.plan import Plan
from segmnist.dataset.store import Store
from segmnist.errors import SegmnistError

PENDING_PER_WORKER = 4

_work: tuple[Plan, Store] | None = None


def run_local(plan: Plan, store: Store, shards: Iterable[int], num_workers: int) -> Iterator[Receipt]:
    """Commit these shards, over processes if num_workers is above 1; give each receipt as soon as it is
    there."""
    if num_workers <= 1:
        books = books_of(plan, store)
        return (books.commit(plan, shard) for shard in shards)
    return _run_pool(plan, store, iter(shards), num_workers)


def _run_pool(plan: Plan, store: Store, shards: Iterator[int], num_workers: int) -> Iterator[Receipt]:
    # A forked child would inherit threads' locks in whatever state they are.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(num_workers, context, _start_worker, (plan, store))
    try:
        pending: set[Future[Receipt]] = set()
        for shard in islice(shards, PENDING_PER_WORKER * num_workers):
            pending.add(pool.submit(_commit, shard))
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
            pending |= {pool.submit(_commit, shard) for shard in islice(shards, len(done))}
    except BrokenProcessPool:
        raise SegmnistError(
            "a worker process died; what it had finished is kept: run again to resume"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start_worker(plan: Plan, store: Store) -> None:
    global _work
    _work = plan, store
    # Ctrl-C reaches the whole process group; the parent decides, and lets begun shards end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)


def _commit(shard: int) -> Receipt:
    assert _work is not None
    plan, store = _work
    return books_of(plan, store).commit(plan, shard)
