"""The line on stderr that says that kernels are compiled, which takes up to a minute."""

from __future__ import annotations

import functools
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

from segmnist.cache_folder import cache_folder
from segmnist.quiet import is_quiet


@functools.cache
def say_that_it_compiles(places: tuple[Path, ...]) -> None:
    """Say so once a process, and where the result is kept if that is not the usual place; nothing if `is_quiet`.

    places: the folders that may hold compiled kernels, the best first.
    """
    # Of the workers that a process starts, one speaks for all.
    is_worker = multiprocessing.parent_process() is not None
    if is_quiet() or (is_worker and not multiprocessing.current_process().name.endswith("-1")):
        return
    print(f"segmnist: {_notice(places)}", file=sys.stderr, flush=True)


def _notice(places: tuple[Path, ...]) -> str:
    """Return what to say of compiling that begins now.

    The line names what can be done where the kernels cannot be kept in the usual place.
    """
    task, remedy = "compiling its kernels", "set SEGMNIST_CACHE_DIR to a folder that you may write to"
    place = next(filter(_is_writable, places), None)
    if place is None:
        return f"{task} for this process alone, as no cache folder can be written; {remedy}"
    if place == places[0] and cache_folder():
        return f"{task}, once on this machine (up to a minute) ..."
    return f"{task} into {place.parent}, as no other cache folder can be written; {remedy}"


def _is_writable(place: Path) -> bool:
    try:
        os.makedirs(place, exist_ok=True)
        tempfile.TemporaryFile(dir=place).close()
    except OSError:
        return False
    return True
