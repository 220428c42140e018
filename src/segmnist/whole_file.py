"""Atomic file writes: a file is written under a temporary name beside its own, flushed, then renamed."""

from __future__ import annotations

import contextlib
import errno
import filecmp
import functools
import hashlib
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from segmnist.errors import BadArgument
from segmnist.urls import is_url, url_of

# NAME and HOST may have dots.
_TEMPORARY_NAME = re.compile(r"\..+\.(?P<pid>\d+)\.[0-9a-f]{8}\.tmp")
_DESKTOP_NAME = re.compile(r"\.DS_Store|\._.*|\.localized|Thumbs\.db|desktop\.ini|\.directory", re.IGNORECASE)
_STALE_SECONDS = 24 * 3600


def check_target(path: Path) -> None:
    """Raise `BadArgument` unless a file can be created at `path`; call it before the work starts."""
    if is_url(path):
        raise BadArgument("path", url_of(path), "a local file", "copy it to the store afterwards")
    folder = path.parent
    if not folder.is_dir():
        raise BadArgument("path", str(path), "a file in a folder that exists", "create the folder first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadArgument("path", str(path), "a file in a folder that you may write to")
    if path.is_dir():
        raise BadArgument("path", str(path), "the name of a file, not of a folder")


def replace_file(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically: readers see the old file or the new one; an error leaves the old."""
    with replacing(path) as [temporary]:
        temporary.write_bytes(data)


@contextlib.contextmanager
def replacing(*targets: Path) -> Iterator[list[Path]]:
    """Yield a temporary path for each target; on success, rename the files to their targets in order."""
    with _temporaries(targets) as temporaries:
        yield temporaries
        for temporary, target in zip(temporaries, targets):
            _sync_file(temporary)
            os.replace(temporary, target)
        for folder in {target.parent for target in targets}:
            sync_folder(folder)


_DISK_FAILS = {errno.EIO, errno.ENOSPC, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""Errors of a disk that is broken, full or read-only, whatever links it knows."""


def create_file(path: Path, data: bytes) -> None:
    """Write `data` to a new file at `path` atomically. Raises `FileExistsError` if the file exists."""
    with _temporaries((path,)) as [temporary]:
        temporary.write_bytes(data)
        _sync_file(temporary)
        name_new(temporary, path)
    sync_folder(path.parent)


def create_from_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a new file of any size at `path` atomically; the same bytes may be there already.

    Raises `FileExistsError` if something else is there.
    """
    with _temporaries((path,)) as [temporary]:
        with open(temporary, "wb") as file:
            file.writelines(pieces)
        _sync_file(temporary)
        try:
            name_new(temporary, path)
        except FileExistsError:
            if not path.is_file() or not filecmp.cmp(temporary, path, shallow=False):
                raise
    sync_folder(path.parent)


def name_new(finished: Path, path: Path) -> None:
    """Give a finished file its name. Raises `FileExistsError` where something has that name."""
    try:
        os.link(finished, path)  # unlike a rename, it fails if that exists
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno in _DISK_FAILS:
            raise
        # Every file system without links has its own error for that; what else is wrong stops the rename, too.
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        os.replace(finished, path)


def temporary_path(target: Path) -> Path:
    """Return `.NAME.HOST.PID.RANDOM.tmp` beside the target: a unique name that tells which process wrote it."""
    # The same folder, because a rename across file systems is a copy.
    writer = f"{_machine()}.{os.getpid()}.{secrets.token_hex(4)}"
    return target.with_name(f".{target.name}.{writer}.tmp")


def is_of_a_desktop(path: str) -> bool:
    """Return whether a file's name is one that a desktop leaves in every folder it shows, such as `.DS_Store`."""
    return _DESKTOP_NAME.fullmatch(path.rpartition("/")[2]) is not None


def is_temporary(path: Path) -> bool:
    """Return whether a path has a name that `temporary_path` gives."""
    return _TEMPORARY_NAME.fullmatch(path.name) is not None


def is_abandoned(path: Path) -> bool:
    """Return whether a temporary file's writer is dead.

    A file of this host: there is no such process. A file of another host: it is a day old.
    """
    parts = _TEMPORARY_NAME.fullmatch(path.name)
    if parts is None:
        return False
    if f".{_machine()}.{parts['pid']}." in path.name:
        return not _is_alive(int(parts["pid"]))
    try:
        return time.time() - path.stat().st_mtime >= _STALE_SECONDS
    except FileNotFoundError:  # its writer has given it its name meanwhile, or removed it
        return False


def sweep(folder: Path, target: str = "") -> None:
    """Remove what dead processes left in a folder: temporary files or folders, of one target if it is named.

    What may not be removed, as it is another user's, stays.
    """
    start = f".{target}." if target else "."
    for path in list(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith(start) and is_abandoned(path):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    path.unlink()


def sync_files(paths: Iterable[Path]) -> None:
    """Flush files and the folders that they are in to the disk, however many they are."""
    if hasattr(os, "sync"):
        os.sync()  # one call for thousands of files
        return
    for path in paths:
        _sync_file(path)  # Windows has no call for all, and flushes names itself


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries (names, not contents) to the disk."""
    if os.name == "nt":
        return  # Windows opens no folder
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _temporaries(targets: tuple[Path, ...]) -> Iterator[list[Path]]:
    """Yield a temporary path beside each target, and remove those that are left at the end."""
    temporaries = [temporary_path(target) for target in targets]
    try:
        yield temporaries
    finally:
        for temporary in temporaries:
            temporary.unlink(missing_ok=True)


def _sync_file(path: Path) -> None:
    with open(path, "r+b") as file:  # Windows flushes only files that are open for writing
        os.fsync(file.fileno())


@functools.cache
def _machine() -> str:
    """Return the host name and a mark of what gives a process id its meaning: the boot and the PID namespace.

    Two containers may have one host name and see none of each other's processes.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        return socket.gethostname()
    mark = hashlib.sha256(f"{boot} {namespace}".encode()).hexdigest()[:8]
    return f"{socket.gethostname()}-{mark}"


def _is_alive(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid)
