"""The folder of a training run, which takes one run at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from segmnist.errors import SegmnistError
from segmnist.whole_file import sweep

LOCK = ".lock"


@contextmanager
def the_only_run(folder: Path) -> Iterator[None]:
    """Make a run's folder, lock it, and clear away what a killed run was writing.

    Raises `SegmnistError` where another process trains there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        held = FileLock(folder / LOCK).acquire(timeout=0)
    except Timeout:
        raise SegmnistError(
            f"{folder}: another process trains there; wait for it, or name another folder"
        ) from None
    with held:
        sweep(folder)
        yield
