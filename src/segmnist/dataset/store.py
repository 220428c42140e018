"""Stores: where the files of a data set lie. Finished means renamed: a file is there whole or not at all."""

from __future__ import annotations

import mmap
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from segmnist.errors import BadArgument, CorruptData
from segmnist.whole_file import create_file, is_abandoned, replace_file, sync_folder


class Store(Protocol):
    """A folder of files by relative path."""

    url: str

    def read(self, path: str) -> bytes:
        """Return a file's bytes. Raises `FileNotFoundError`."""
        ...

    def map(self, path: str) -> memoryview:
        """Return a file's bytes, mapped where the store can. Raises `FileNotFoundError`."""
        ...

    def put_new(self, path: str, data: bytes) -> None:
        """Create a file whole; the same bytes there already are fine. Raises `CorruptData` if other bytes are
        there."""
        ...

    def replace(self, path: str, data: bytes) -> None:
        """Create a file whole, in place of what is there."""
        ...

    def remove(self, path: str) -> None:
        """Delete a file."""
        ...

    def exists(self, path: str) -> bool:
        """Return whether a file is there."""
        ...

    def names(self, folder: str) -> set[str]:
        """Return the names of the files in one folder, none if there is no such folder."""
        ...

    def folders(self, folder: str) -> set[str]:
        """Return the names of the folders in one folder."""
        ...

    def walk(self) -> Iterator[str]:
        """Iterate over the paths of all files."""
        ...

    def below(self, folder: str) -> Store:
        """Return the store of a folder inside this one."""
        ...

    def abandoned(self) -> Iterator[str]:
        """Iterate over the temporary files of writers that are dead."""
        ...

    def arrow_filesystem(self) -> tuple[Any, str]:
        """Return the file system that pyarrow reads this store through, and the root's path there."""
        ...

    def free_bytes(self) -> int | None:
        """Return how much more it can hold, None if nobody knows."""
        ...


class LocalStore:
    """A folder on a file system."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self.url = str(root)

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        return (self.root / path).read_bytes()

    def map(self, path: str) -> memoryview:
        """Return a file's bytes as a memory map."""
        with open(self.root / path, "rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return memoryview(b"")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def put_new(self, path: str, data: bytes) -> None:
        """Create a file whole; the same bytes there already are fine. Raises `CorruptData` if others are."""
        target = self.root / path
        _make_folder(target.parent)
        try:
            create_file(target, data)
        except FileExistsError:
            check_same(self, path, data)
            sync_folder(target.parent)  # who was faster may not have come so far

    def replace(self, path: str, data: bytes) -> None:
        """Create a file whole, in place of what is there."""
        target = self.root / path
        _make_folder(target.parent)
        replace_file(target, data)

    def exists(self, path: str) -> bool:
        """Return whether a file is there."""
        return (self.root / path).exists()

    def remove(self, path: str) -> None:
        """Delete a file."""
        (self.root / path).unlink(missing_ok=True)

    def names(self, folder: str) -> set[str]:
        """Return the names of the files in one folder."""
        return {entry.name for entry in self._entries(folder) if entry.is_file()}

    def folders(self, folder: str) -> set[str]:
        """Return the names of the folders in one folder, links not followed."""
        return {entry.name for entry in self._entries(folder) if entry.is_dir(follow_symlinks=False)}

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / folder) as entries:
                return list(entries)
        except FileNotFoundError:
            return []

    def walk(self) -> Iterator[str]:
        """Iterate over the paths of all files, links not followed."""
        for folder, subfolders, names in os.walk(self.root):
            subfolders.sort()
            for name in sorted(names):
                yield Path(folder, name).relative_to(self.root).as_posix()

    def below(self, folder: str) -> LocalStore:
        """Return the store of a folder inside this one."""
        return LocalStore(self.root / folder)

    def arrow_filesystem(self) -> tuple[Any, str]:
        """Return pyarrow's local file system and the root."""
        from pyarrow.fs import LocalFileSystem

        return LocalFileSystem(), str(self.root.absolute())

    def free_bytes(self) -> int:
        """Return the free bytes of the disk that the folder lies on, or will lie on."""
        return shutil.disk_usage(_nearest(self.root.absolute())).free

    def abandoned(self) -> Iterator[str]:
        """Iterate over the temporary files of writers that are dead."""
        return (path for path in self.walk() if is_abandoned(self.root / path))


def check_same(store: Store, path: str, data: bytes) -> None:
    """Raise `CorruptData` if a file that somebody else wrote is not what we would have written."""
    if store.read(path) != data:
        raise CorruptData(
            f"{path}: another writer left other bytes there than this recipe gives here; the versions of "
            "zstd or pyarrow may differ between the machines, or the file is damaged: run segmnist verify"
        )


def open_store(place: str | Path) -> Store:
    """Return the store of a local path, or of a URL such as `s3://bucket/folder`.

    Raises `BadArgument` where no folder is nor can be made, `MissingDependency` for a URL without fsspec.
    """
    if "://" in str(place):
        from segmnist.dataset.object_store import ObjectStore

        return ObjectStore(str(place))
    nearest = _nearest(Path(place).absolute())
    if not nearest.is_dir():
        raise BadArgument(
            "OUT", str(place), "a folder, or a path where one can be made", f"{nearest} is a file"
        )
    return LocalStore(place)


def _nearest(path: Path) -> Path:
    """Return the path or the nearest of its parents that exists."""
    return next(p for p in (path, *path.parents) if p.exists() or p == p.parent)


def _make_folder(folder: Path) -> None:
    """Make a folder and its parents, each on the disk before anything is put into it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)
