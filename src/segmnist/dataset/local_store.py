"""LocalStore: a data set in a folder of a file system. Finished means renamed."""

from __future__ import annotations

import mmap
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from segmnist.dataset.store import check_same
from segmnist.whole_file import create_file, is_abandoned, replace_file, sync_folder


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
        return shutil.disk_usage(nearest(self.root.absolute())).free

    def abandoned(self) -> Iterator[str]:
        """Iterate over the temporary files of writers that are dead."""
        return (path for path in self.walk() if is_abandoned(self.root / path))


def nearest(path: Path) -> Path:
    """Return the path or the nearest of its parents that exists."""
    return next(p for p in (path, *path.parents) if p.exists() or p == p.parent)


def _make_folder(folder: Path) -> None:
    """Make a folder and its parents, each on the disk before anything is put into it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)
