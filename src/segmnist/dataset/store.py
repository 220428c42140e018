"""Store: where the files of a data set lie. A file is there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from segmnist.errors import CorruptData


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


def check_same(store: Store, path: str, data: bytes) -> None:
    """Raise `CorruptData` if a file that somebody else wrote is not what we would have written."""
    if store.read(path) != data:
        raise CorruptData(
            f"{path}: another writer left other bytes there than this recipe gives here; the versions of "
            "zstd or pyarrow may differ between the machines, or the file is damaged: run segmnist verify"
        )
