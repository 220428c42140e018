"""run_ray: shards over a Ray cluster, as plain tasks of the commit protocol. Only receipts travel back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from segmnist.dataset.commit import books_of
from segmnist.dataset.manifest import Receipt
from segmnist.dataset.plan import Plan
from segmnist.dataset.store import Store
from segmnist.errors import MissingDependency, SegmnistError

PENDING_PER_CPU = 4
MAX_DEATHS = 20
"""Deaths of a shard's workers while no shard at all gets finished: so many mean that the shard kills them."""
DEADLINE_SECONDS = 600.0
"""A shard takes about a second; one that takes this long is given to another worker."""
STOP_SECONDS = 10.0
"""How long tasks that were told to stop may take to do so."""
MAX_OVERDUE = 3
"""Times that a shard may pass its deadline."""


def run_ray(
    plan: Plan,
    store: Store,
    shards: Iterable[int],
    *,
    address: str | None = None,
    num_workers: int | None = None,
    deadline: float = DEADLINE_SECONDS,
) -> Iterator[Receipt]:
    """Commit these shards as Ray tasks; give each receipt as soon as it is there.

    Workers and nodes may die at any time: as long as something gets done, their shards are given to others.
    address: of a running cluster; without it Ray is started on this machine with num_workers CPUs and stopped at the end.
    """
    try:
        import ray
    except ImportError:
        raise MissingDependency("the executor ray", "ray") from None
    started_here = not ray.is_initialized()
    if started_here:
        ray.init(
            address=address or "local",
            num_cpus=None if address else num_workers,
            include_dashboard=None if address else False,
            log_to_driver=False,
        )
    try:
        yield from _run(ray, plan, store, iter(shards), deadline)
    finally:
        if started_here:
            ray.shutdown()


def _run(ray: Any, plan: Plan, store: Store, shards: Iterator[int], deadline: float) -> Iterator[Receipt]:
    # Ray's own retries are counted for each task alone; what matters is whether the job goes on.
    task = ray.remote(num_cpus=1, max_retries=0)(_commit)
    work = ray.put((plan, store))
    most = PENDING_PER_CPU * max(1, int(ray.cluster_resources().get("CPU", 1)))
    pending: dict[Any, tuple[int, float]] = {}
    overdue: Counter[int] = Counter()
    deaths: Counter[int] = Counter()

    def submit(wanted: Iterable[int]) -> None:
        for shard in wanted:
            pending[task.remote(work, shard)] = shard, time.monotonic()

    submit(islice(shards, most))
    try:
        while pending:
            # Waiting tasks start one after another, so the clock of those behind restarts whenever one is done.
            done, _ = ray.wait(list(pending), num_returns=1, timeout=deadline)
            for reference in done:
                shard, _ = pending.pop(reference)
                outcome = _outcome(ray, reference)
                if isinstance(outcome, Receipt):
                    deaths.clear()
                    yield outcome
                else:
                    _count_death(deaths, shard, outcome)
                    submit([shard])
            if not done:
                _give_up_oldest(ray, pending, overdue, submit)
            submit(islice(shards, most - len(pending)))
    finally:
        # After an error or Ctrl-C nothing goes on writing behind the caller's back, on a cluster that may live on.
        _stop(ray, list(pending))


def _stop(ray: Any, references: list[Any]) -> None:
    for reference in references:
        ray.cancel(reference)
    if references:
        ray.wait(references, num_returns=len(references), timeout=STOP_SECONDS)


def _give_up_oldest(
    ray: Any, pending: dict[Any, tuple[int, float]], overdue: Counter[int], submit: Any
) -> None:
    reference = min(pending, key=lambda ref: pending[ref][1])
    shard, _ = pending.pop(reference)
    overdue[shard] += 1
    ray.cancel(reference, force=True)
    if overdue[shard] > MAX_OVERDUE:
        raise SegmnistError(f"shard {shard} passed its deadline {overdue[shard]} times: run again to resume")
    submit([shard])


def _outcome(ray: Any, reference: Any) -> Receipt | Exception:
    """Return a task's receipt, or what Ray says of the worker that died over it."""
    try:
        receipt: Receipt = ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        # The error as it was on the worker, not Ray's account of it.
        raise (error.cause if isinstance(error.cause, (SegmnistError, OSError)) else error) from None
    except ray.exceptions.RayError as error:
        return error
    return receipt


def _count_death(deaths: Counter[int], shard: int, error: Exception) -> None:
    deaths[shard] += 1
    if deaths[shard] > MAX_DEATHS:
        raise SegmnistError(
            f"shard {shard}: {deaths[shard]} workers died over it and no other was finished meanwhile "
            f"({type(error).__name__}): run again to resume"
        )


def _commit(work: tuple[Plan, Store], shard: int) -> Receipt:
    plan, store = work
    return books_of(plan, store).commit(plan, shard)
