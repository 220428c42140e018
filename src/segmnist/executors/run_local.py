"""run_local: pieces of work over the processes of this machine."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from multiprocessing.context import SpawnContext, SpawnProcess
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from segmnist.errors import SegmnistError

PENDING_PER_WORKER = 4
SECONDS_BETWEEN_LOOKS = 1.0

Result = TypeVar("Result")

_work: Callable[[int], Any] | None = None


def run_local(
    work: Callable[[int], Result],
    numbers: Iterable[int],
    num_workers: int,
    *,
    after_a_death: str = "what it had finished is kept: run again to resume",
) -> Iterator[Result]:
    """Yield work(number) for each number, over processes if num_workers is above 1.

    Raises `SegmnistError` if a process dies, with what the user can do then.
    """
    if num_workers <= 1:
        return (work(number) for number in numbers)
    return _run_pool(work, iter(numbers), num_workers, after_a_death)


def _run_pool(
    work: Callable[[int], Result], numbers: Iterator[int], num_workers: int, after_a_death: str
) -> Iterator[Result]:
    # A forked child would inherit threads' locks in whatever state they are.
    context = _Context()
    # Tells workers to end at once. A broken pool sends them SIGTERM, which ours never hear, and waits for their end.
    theirs, ours = context.Pipe(duplex=False)
    with _signals_held():
        pool = ProcessPoolExecutor(num_workers, context, _start_worker, (work, theirs))
    # Not `concurrent.futures.wait`: a signal between two of its locks would leave one of them locked, for which the pool waits.
    finished: SimpleQueue[Future[Result]] = SimpleQueue()
    try:
        pending = 0
        while True:
            for number in islice(numbers, PENDING_PER_WORKER * num_workers - pending):
                _submit(pool, number, finished)
                pending += 1
            if not pending:
                return
            try:
                future = finished.get(timeout=SECONDS_BETWEEN_LOOKS)
            except Empty:
                if context.has_lost_a_process():
                    raise BrokenProcessPool from None
                continue
            with _signals_held():
                result = future.result()
            yield result
            pending -= 1
    except BrokenProcessPool:
        ours.send_bytes(b"end")
        raise SegmnistError(f"a worker process died; {after_a_death}") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        ours.close()
        theirs.close()


class _Context(SpawnContext):
    """Starts processes and sees when one of them has ended.

    A pool looks for a worker's end only after the next result, if the worker was started by a later piece of work than the
    first. If that worker held the lock by which workers take their pieces, there is no next result.
    """

    def __init__(self) -> None:
        self._processes: list[SpawnProcess] = []

    def Process(self, *arguments: Any, **options: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: N802
        process = SpawnProcess(*arguments, **options)
        self._processes.append(process)
        return process

    def has_lost_a_process(self) -> bool:
        return bool(wait_for([process.sentinel for process in self._processes], 0))


def _submit(pool: ProcessPoolExecutor, number: int, finished: SimpleQueue[Future[Any]]) -> None:
    """Submit a piece, which goes into the queue when it has ended; a worker is started where there are too few."""
    with _signals_held():
        pool.submit(_do, number).add_done_callback(finished.put)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Hold signals that end a command; processes that are started meanwhile never hear them.

    They reach the whole process group. The parent decides, and lets begun pieces end; a worker that heard one while it starts
    would end in the middle of an import.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker(work: Callable[[int], Any], pool: Connection) -> None:
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where signals cannot be blocked
    end_with(pool)  # it speaks when the pool is given up, and closes when the parent is gone


def end_with(other: Connection | int) -> None:
    """End this process as soon as a pipe speaks or closes, or the process with this sentinel ends."""

    def wait_and_end() -> None:
        wait_for([other])
        os._exit(1)

    threading.Thread(target=wait_and_end, daemon=True).start()


def _do(number: int) -> Any:
    assert _work is not None
    return _work(number)
