"""open_store: the store of a path or a URL."""

from __future__ import annotations

import errno
from pathlib import Path

from segmnist.dataset.local_store import LocalStore, nearest
from segmnist.dataset.store import Store
from segmnist.errors import BadArgument
from segmnist.urls import is_url, local_path, url_of


def open_store(place: str | Path) -> Store:
    """Return the store of a local path (`~` and `file://` included), or of a URL such as `s3://bucket/folder`.

    Raises `BadArgument` where no folder is nor can be made, `MissingDependency` for a URL without fsspec.
    """
    if is_url(place):
        from segmnist.dataset.object_store import ObjectStore

        return ObjectStore(url_of(place))
    parent = nearest(local_path(place).absolute())
    if not parent.is_dir():
        raise BadArgument(
            "OUT", str(place), "a folder, or a path where one can be made", f"{parent} is a file"
        )
    return LocalStore(place)


def read_file(place: str | Path, most_bytes: int) -> bytes:
    """Return the bytes of one file at a path or a URL.

    Raises `OSError`, also where it has more bytes, or what its store raises.
    """
    if is_url(place):
        folder, _, name = url_of(place).rpartition("/")
        data = open_store(folder).read(name)
    else:
        with local_path(place).open("rb") as file:
            data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"more than {most_bytes >> 20} MiB", str(place))
    return data
