"""LocalStore: a data set in a folder of a file system. Finished means renamed."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from segmnist.dataset.store import Unreadable, check_same, other_bytes
from segmnist.errors import BadArgument
from segmnist.urls import local_path
from segmnist.whole_file import (
    create_file,
    create_from_pieces,
    is_abandoned,
    is_temporary,
    name_new,
    replace_file,
    sync_files,
    sync_folder,
    temporary_path,
)

OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Opening a pipe must not wait for a writer; Windows must not translate line ends."""


class LocalFile:
    """The bytes of a file, read as they are asked for.

    Never mapped: where a mapped file is cut short or its disk fails, the process is killed. Here that raises
    `Unreadable`. Raises `FileNotFoundError` where nothing is, `Unreadable` where it is no ordinary file.
    """

    def __init__(self, place: Path, path: str) -> None:
        self._path = path
        try:
            self._file = open(place, "rb", buffering=0, opener=lambda name, _: os.open(name, OPEN_FLAGS))  # noqa: SIM115
        except NotADirectoryError as error:
            raise FileNotFoundError(error.errno, error.strerror, str(place)) from None
        except FileNotFoundError:
            raise
        except OSError as error:
            raise Unreadable(f"{path}: {error.strerror}") from None
        status = os.fstat(self._file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable(f"{path}: not an ordinary file")
        self._size = status.st_size
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> memoryview:
        start, stop, _ = part.indices(self._size)
        pieces = []
        try:
            while start < stop:
                piece = self._read_at(start, stop - start)
                if not piece:
                    raise Unreadable(f"{self._path}: cut short while it was read")
                pieces.append(piece)
                start += len(piece)
        except OSError as error:
            raise Unreadable(f"{self._path}: {error.strerror}") from None
        return memoryview(pieces[0] if len(pieces) == 1 else b"".join(pieces))

    def _read_at(self, start: int, size: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), size, start)
        with self._lock:  # Windows has one position for all threads
            self._file.seek(start)
            return self._file.read(size) or b""


class LocalStore:
    """A folder on a file system. It stays that folder when the working directory changes."""

    def __init__(self, root: str | Path) -> None:
        self.url = str(local_path(root))
        self.root = Path(self.url).absolute()

    def read(self, path: str) -> bytes:
        """Return a file's bytes. Raises `FileNotFoundError`, `Unreadable`."""
        return bytes(self.open(path)[:])

    def open(self, path: str) -> LocalFile:
        """Return a file whose slices are read when asked for. Raises `FileNotFoundError`, `Unreadable`."""
        return LocalFile(self.root / path, path)

    def put_new(self, path: str, data: bytes) -> None:
        """Create a file whole; the same bytes there already are fine. Raises `CorruptData` if others are."""
        target = self.root / path
        _make_folder(target.parent)
        try:
            create_file(target, data)
        except FileExistsError:
            check_same(self, path, data)
            sync_folder(target.parent)  # who was faster may not have come so far

    def put_many(self, files: Mapping[str, bytes], aside: str) -> None:
        """Create many files, flushed together, which takes far less time than one after the other.

        They are written into a folder with a temporary name beside `aside`, flushed, and then given their names. The
        same bytes there already are fine. Raises `BadArgument` where something else is; then none is in its place.
        """
        work = temporary_path(self.root / aside)
        folders = {path.rpartition("/")[0] for path in files}
        try:
            for folder in folders:
                (work / folder).mkdir(parents=True, exist_ok=True)
            for path, data in files.items():
                (work / path).write_bytes(data)
            sync_files(work / path for path in files)
            for path, data in files.items():
                if os.path.lexists(self.root / path):
                    self._check_own(path, data)
            for folder in folders:
                (self.root / folder).mkdir(parents=True, exist_ok=True)
            for path, data in files.items():
                try:
                    name_new(work / path, self.root / path)
                except FileExistsError:
                    self._check_own(path, data)
            sync_files(self.root / path for path in files)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _check_own(self, path: str, data: bytes) -> None:
        place = self.root / path
        if not place.is_file() or place.read_bytes() != data:
            raise stranger(str(place))

    def put_pieces(self, path: str, pieces: Iterable[bytes]) -> None:
        """Create a file of any size whole from its pieces, as `put_new` does."""
        target = self.root / path
        _make_folder(target.parent)
        try:
            create_from_pieces(target, pieces)
        except FileExistsError:
            raise other_bytes(path) from None

    def replace(self, path: str, data: bytes) -> None:
        """Create a file whole in place of what is there; a folder or a stranger in its way is set aside."""
        self.clear_way(path)
        target = self.root / path
        _make_folder(target.parent)
        replace_file(target, data)

    def clear_way(self, path: str) -> None:
        """Set aside a folder that stands in a file's place, and files that stand in the place of its folders."""
        for parent in reversed(Path(path).parents):
            _clear_way(self.root / parent, wanted=stat.S_ISDIR)
        _clear_way(self.root / path, wanted=lambda mode: not stat.S_ISDIR(mode))

    def exists(self, path: str) -> bool:
        """Return whether a file is there."""
        return os.path.lexists(self.root / path)

    def remove(self, path: str) -> None:
        """Delete a file, or a folder under a temporary name with what is in it."""
        place = self.root / path
        if is_temporary(place) and place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)

    def names(self, folder: str) -> set[str]:
        """Return the names of what is in one folder and is no folder."""
        return {entry.name for entry in self._entries(folder) if not entry.is_dir(follow_symlinks=False)}

    def folders(self, folder: str, linked: tuple[str, ...] = ()) -> set[str]:
        """Return the names of the folders in one folder; links only where the name has one of these ends."""
        entries = self._entries(folder)
        return {entry.name for entry in entries if entry.is_dir(follow_symlinks=entry.name.endswith(linked))}

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / folder) as entries:
                return list(entries)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def walk(self) -> Iterator[str]:
        """Iterate over the paths of all files, links not followed; a temporary folder counts as one file."""
        for folder, subfolders, names in os.walk(self.root):
            aside = [name for name in subfolders if is_temporary(Path(name))]
            subfolders[:] = sorted(set(subfolders) - set(aside))
            for name in sorted([*names, *aside]):
                yield Path(folder, name).relative_to(self.root).as_posix()

    def below(self, folder: str) -> LocalStore:
        """Return the store of a folder inside this one."""
        below = LocalStore(self.root / folder)
        below.url = f"{self.url}/{folder}".rstrip("/")
        return below

    def arrow_filesystem(self) -> tuple[Any, str]:
        """Return pyarrow's local file system and the root."""
        from pyarrow.fs import LocalFileSystem

        return LocalFileSystem(), str(self.root.absolute())

    def check_is_there(self) -> None:
        """Raise `BadArgument` where the folder does not exist."""
        if not self.root.exists():
            raise BadArgument("DATASET", self.url, "a folder that exists")

    def free_bytes(self) -> int:
        """Return the free bytes of the disk that the folder lies on, or will lie on."""
        return shutil.disk_usage(nearest(self.root.absolute())).free

    def abandoned(self) -> Iterator[str]:
        """Iterate over the temporary files of writers that are dead."""
        return (path for path in self.walk() if is_abandoned(self.root / path))


def stranger(place: str) -> BadArgument:
    """Return the error for a file in the place of one of ours."""
    return BadArgument("OUT", place, "a place where no such file exists", "choose another place")


def nearest(path: Path) -> Path:
    """Return the path or the nearest of its parents that exists."""
    return next(p for p in (path, *path.parents) if p.exists() or p == p.parent)


def _clear_way(place: Path, wanted: Callable[[int], bool]) -> None:
    """Rename what stands where a file or a folder of ours belongs; it is kept beside it as NAME.aside."""
    try:
        mode = place.stat().st_mode if place.exists() else place.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        mode = stat.S_IFLNK
    if wanted(mode):
        return
    names = (place.with_name(f"{place.name}.aside{number or ''}") for number in itertools.count())
    os.rename(place, next(name for name in names if not os.path.lexists(name)))


def _make_folder(folder: Path) -> None:
    """Make a folder and its parents, each on the disk before anything is put into it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)
