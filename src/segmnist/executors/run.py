"""run: pieces of work, by number, over the processes of this machine or over a Ray cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from segmnist.errors import BadArgument
from segmnist.executors.run_local import run_local

Result = TypeVar("Result")

EXECUTORS = ("local", "ray")


@dataclass(frozen=True)
class Where:
    """Who works: an executor, "local" or "ray"; how many processes; and the address of a Ray cluster.

    num_workers: one a CPU unless given. Raises `BadArgument` for fewer than 1, for another executor, and for an address
    without ray.
    """

    executor: str = "local"
    num_workers: int | None = None
    address: str | None = None

    def __post_init__(self) -> None:
        if self.num_workers is not None and self.num_workers < 1:
            raise BadArgument("num_workers", self.num_workers, "1 or more")
        if self.executor not in EXECUTORS:
            raise BadArgument("executor", self.executor, " or ".join(EXECUTORS))
        if self.address is not None and self.executor != "ray":
            raise BadArgument("address", self.address, "nothing, unless executor is ray")


def run(
    work: Callable[[int], Result], numbers: Sequence[int], where: Where, *, unit: str, at_a_time: int = 1
) -> Iterator[Result]:
    """Yield work(number) for each number, as soon as it is there, in any order.

    work: pickled once for each process. unit: what a piece is called in messages. at_a_time: pieces that take about as long
    as a process takes to start, so that fewer processes are started for few pieces.
    """
    if where.executor == "ray":
        from segmnist.executors.run_ray import run_ray

        return run_ray(work, numbers, unit=unit, address=where.address, num_workers=where.num_workers)
    wanted = where.num_workers or os.cpu_count() or 1
    return run_local(work, numbers, min(wanted, -(-len(numbers) // at_a_time)))
