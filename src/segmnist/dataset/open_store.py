"""open_store: the store of a path or a URL."""

from __future__ import annotations

from pathlib import Path

from segmnist.dataset.local_store import LocalStore, nearest
from segmnist.dataset.store import Store
from segmnist.errors import BadArgument


def open_store(place: str | Path) -> Store:
    """Return the store of a local path, or of a URL such as `s3://bucket/folder`.

    Raises `BadArgument` where no folder is nor can be made, `MissingDependency` for a URL without fsspec.
    """
    if "://" in str(place):
        from segmnist.dataset.object_store import ObjectStore

        return ObjectStore(str(place))
    parent = nearest(Path(place).absolute())
    if not parent.is_dir():
        raise BadArgument(
            "OUT", str(place), "a folder, or a path where one can be made", f"{parent} is a file"
        )
    return LocalStore(place)
