"""Store: where the files of a data set lie. A file is there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from segmnist.errors import CorruptData
from segmnist.formats.layout import FileBytes


class Unreadable(CorruptData):
    """A file that is there but cannot be read: a folder, a pipe, a loop of links, no permission, a broken disk."""


class Store(Protocol):
    """A folder of files by relative path."""

    url: str

    def read(self, path: str) -> bytes:
        """Return a file's bytes. Raises `FileNotFoundError`, `Unreadable`."""
        ...

    def open(self, path: str) -> FileBytes:
        """Return a file whose slices are read when asked for. Raises `FileNotFoundError`, `Unreadable`."""
        ...

    def put_new(self, path: str, data: bytes) -> None:
        """Create a file whole; the same bytes may be there already. Raises `CorruptData` for other bytes."""
        ...

    def put_pieces(self, path: str, pieces: Iterable[bytes]) -> None:
        """Create a file whole from its pieces, as `put_new` does."""
        ...

    def replace(self, path: str, data: bytes) -> None:
        """Create a file whole in place of what is there; a folder or a stranger in its way is set aside."""
        ...

    def remove(self, path: str) -> None:
        """Delete a file."""
        ...

    def exists(self, path: str) -> bool:
        """Return whether a file is there."""
        ...

    def names(self, folder: str) -> set[str]:
        """Return the names of what is in one folder and is no folder; none if there is no such folder."""
        ...

    def folders(self, folder: str, linked: tuple[str, ...] = ()) -> set[str]:
        """Return the names of the folders in one folder; links only where the name has one of these ends."""
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

    def check_is_there(self) -> None:
        """Raise `BadArgument` where the folder or the bucket does not exist."""
        ...

    def free_bytes(self) -> int | None:
        """Return how much more it can hold, None if nobody knows."""
        ...


def check_same(store: Store, path: str, data: bytes) -> None:
    """Raise `CorruptData` if a file that somebody else wrote is not what we would have written."""
    if store.read(path) != data:
        raise other_bytes(path)


def other_bytes(path: str) -> CorruptData:
    """Return the error for a file that is there with other bytes than ours."""
    return CorruptData(
        f"{path}: another writer left other bytes there than this recipe gives here; the versions of "
        "zstd or pyarrow may differ between the machines, or the file is damaged: run segmnist verify"
    )
