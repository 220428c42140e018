"""run_ray: pieces of work over a Ray cluster, as plain tasks."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from segmnist.errors import MissingDependency, SegmnistError

PENDING_PER_CPU = 4
MAX_DEATHS = 20
"""Crashes without progress before giving up on a piece."""
DEADLINE_SECONDS = 600.0
"""A piece takes about a second; one that takes this long is given to another worker."""
STOP_SECONDS = 10.0
"""How long tasks that were told to stop may take to do so."""
MAX_OVERDUE = 3
"""Times that a piece may pass its deadline."""


Result = TypeVar("Result")


class Done(NamedTuple):
    """What a piece of work gave."""

    result: Any


def run_ray(
    work: Callable[[int], Result],
    numbers: Iterable[int],
    *,
    unit: str,
    address: str | None = None,
    num_workers: int | None = None,
    deadline: float = DEADLINE_SECONDS,
) -> Iterator[Result]:
    """Yield work(number) for each number, worked on by Ray tasks, as soon as it is there.

    Workers and nodes may die at any time: as long as something gets done, their pieces are given to others.
    address: of a running cluster; without it Ray is started on this machine with num_workers CPUs and stopped at the end.
    unit: what a piece is called in messages.
    """
    try:
        import ray
    except ImportError:
        raise MissingDependency("the executor ray", "ray") from None
    started_here = not ray.is_initialized()
    if started_here:
        with _own_handler_of(signal.SIGTERM):
            ray.init(
                address=address or "local",
                num_cpus=None if address else num_workers,
                include_dashboard=None if address else False,
                log_to_driver=False,
            )
    try:
        yield from _run(ray, work, iter(numbers), unit, deadline)
    finally:
        if started_here:
            ray.shutdown()


@contextmanager
def _own_handler_of(number: int) -> Iterator[None]:
    """Put a signal's handler back, which Ray replaces when it starts in the main thread."""
    handler = signal.getsignal(number)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(number, handler)


def _run(
    ray: Any, work: Callable[[int], Any], numbers: Iterator[int], unit: str, deadline: float
) -> Iterator[Any]:
    # Ray's own retries are counted for each task alone; what matters is whether the job goes on.
    task = ray.remote(num_cpus=1, max_retries=0)(_do)
    shared = ray.put(work)
    most = PENDING_PER_CPU * max(1, int(ray.cluster_resources().get("CPU", 1)))
    pending: dict[Any, tuple[int, float]] = {}
    overdue: Counter[str] = Counter()
    deaths: Counter[str] = Counter()

    def submit(wanted: Iterable[int]) -> None:
        for number in wanted:
            pending[task.remote(shared, number)] = number, time.monotonic()

    submit(islice(numbers, most))
    try:
        while pending:
            # Waiting tasks start one after another, so the clock of those behind restarts whenever one is done.
            done, _ = ray.wait(list(pending), num_returns=1, timeout=deadline)
            for reference in done:
                number, _ = pending.pop(reference)
                outcome = _outcome(ray, reference)
                if isinstance(outcome, Done):
                    deaths.clear()
                    yield outcome.result
                else:
                    _count_death(deaths, f"{unit} {number}", outcome)
                    submit([number])
            if not done:
                number = _give_up_oldest(ray, pending)
                _count_overdue(overdue, f"{unit} {number}")
                submit([number])
            submit(islice(numbers, most - len(pending)))
    finally:
        # After an error or Ctrl-C nothing goes on writing behind the caller's back, on a cluster that may live on.
        _stop(ray, list(pending))


def _stop(ray: Any, references: list[Any]) -> None:
    for reference in references:
        ray.cancel(reference)
    if references:
        ray.wait(references, num_returns=len(references), timeout=STOP_SECONDS)


def _give_up_oldest(ray: Any, pending: dict[Any, tuple[int, float]]) -> int:
    """Cancel the task that waits longest, and return its number."""
    reference = min(pending, key=lambda ref: pending[ref][1])
    number, _ = pending.pop(reference)
    ray.cancel(reference, force=True)
    return number


def _count_overdue(overdue: Counter[str], piece: str) -> None:
    overdue[piece] += 1
    if overdue[piece] > MAX_OVERDUE:
        raise SegmnistError(f"{piece} passed its deadline {overdue[piece]} times: run again to resume")


def _outcome(ray: Any, reference: Any) -> Done | Exception:
    """Return what a task gave, or what Ray says of the worker that died over it."""
    try:
        result = ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        # The error as it was on the worker, not Ray's account of it.
        raise (error.cause if isinstance(error.cause, (SegmnistError, OSError)) else error) from None
    except ray.exceptions.RayError as error:
        return error
    return Done(result)


def _count_death(deaths: Counter[str], piece: str, error: Exception) -> None:
    deaths[piece] += 1
    if deaths[piece] > MAX_DEATHS:
        raise SegmnistError(
            f"{piece}: {deaths[piece]} workers died over it and no other was finished meanwhile "
            f"({type(error).__name__}): run again to resume"
        )


def _do(work: Callable[[int], Any], number: int) -> Any:
    return work(number)
