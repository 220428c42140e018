"""ObjectStore: a data set under a prefix of an object store, through fsspec."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from segmnist.dataset.store import check_same
from segmnist.errors import BadArgument, MissingDependency, SegmnistError

Result = TypeVar("Result")

TRIES = 6
FIRST_PAUSE = 0.1
"""Seconds; each next pause is twice as long."""
FIRST_WORD = 3.0
"""Seconds of silence after which a warning says that the store has not answered."""

_log = logging.getLogger(__name__)


class StoreUnreachable(SegmnistError):
    """An object store did not answer, or only with errors, in all tries. Names the store and its last answer."""


class ObjectStore:
    """Objects below a URL such as `s3://bucket/folder`, written with If-None-Match so that none is ever overwritten.

    Each operation is tried again after an error of the network or the server. Because a writer whose acknowledgement was
    lost finds its own object there, the same bytes under a name count as written.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._opened, self._root = _open(self.url)
        self._process = os.getpid()

    @property
    def _fs(self) -> Any:
        """The file system of this process: a forked one has none of its parent's threads and connections."""
        if self._process != os.getpid():
            self._opened, self._root = _open(self.url)
            self._process = os.getpid()
        return self._opened

    def __reduce__(self) -> tuple[type[ObjectStore], tuple[str]]:
        # Connections do not travel to other processes.
        return ObjectStore, (self.url,)

    def read(self, path: str) -> bytes:
        """Return an object's bytes. Raises `FileNotFoundError`."""
        data: bytes = self._patiently(lambda: self._fs.cat_file(self._key(path)))
        return data

    def open(self, path: str) -> memoryview:
        """Return an object's bytes, all of them read now."""
        return memoryview(self.read(path))

    def put_new(self, path: str, data: bytes) -> None:
        """Create an object unless there is one. Raises `CorruptData` if other bytes are there."""

        def put() -> None:
            try:
                self._fs.pipe_file(self._key(path), data, mode="create")
            except Exception:
                # Refused because it exists, or stored with the acknowledgement lost: what is there tells.
                if not self.exists(path):
                    raise
                check_same(self, path, data)

        self._patiently(put)

    def put_pieces(self, path: str, pieces: Iterable[bytes]) -> None:
        """Create an object from its pieces, as `put_new` does."""
        self.put_new(path, b"".join(pieces))

    def replace(self, path: str, data: bytes) -> None:
        """Create or replace an object."""
        self._patiently(lambda: self._fs.pipe_file(self._key(path), data, mode="overwrite"))

    def remove(self, path: str) -> None:
        """Delete an object."""
        self._patiently(lambda: self._fs.rm_file(self._key(path)))

    def exists(self, path: str) -> bool:
        """Return whether an object is there."""
        return path.rpartition("/")[2] in self.names(path.rpartition("/")[0])

    def names(self, folder: str) -> set[str]:
        """Return the names of the objects directly below a folder."""
        return {_name(entry) for entry in self._entries(folder) if entry["type"] == "file"}

    def folders(self, folder: str, linked: tuple[str, ...] = ()) -> set[str]:
        """Return the names of the folders directly below a folder."""
        return {_name(entry) for entry in self._entries(folder) if entry["type"] == "directory"}

    def walk(self) -> Iterator[str]:
        """Iterate over the paths of all objects."""
        keys = self._patiently(lambda: self._fs.find(self._root, refresh=True))
        return (key.removeprefix(self._root + "/") for key in keys)

    def below(self, folder: str) -> ObjectStore:
        """Return the store of a folder inside this one."""
        return ObjectStore(f"{self.url}/{folder}")

    def abandoned(self) -> Iterator[str]:
        """Iterate over nothing: an object that was not finished does not exist."""
        return iter(())

    def arrow_filesystem(self) -> tuple[Any, str]:
        """Return the fsspec file system, which pyarrow takes, and the root's path there."""
        return self._fs, self._root

    def check_is_there(self) -> None:
        """Raise `BadArgument` where the bucket does not exist."""
        bucket = self._root.partition("/")[0]
        try:
            self._patiently(lambda: self._fs.ls(bucket, detail=False, refresh=True))
        except FileNotFoundError:
            raise BadArgument(
                "DATASET", self.url, "a bucket that exists", f"there is no {bucket!r}"
            ) from None

    def free_bytes(self) -> None:
        """Return None: an object store has no size."""

    def _key(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _entries(self, folder: str) -> list[dict[str, Any]]:
        def entries() -> list[dict[str, Any]]:
            try:
                listed: list[dict[str, Any]] = self._fs.ls(
                    self._key(folder).rstrip("/"), detail=True, refresh=True
                )
            except FileNotFoundError:
                return []
            return listed

        return self._patiently(entries)

    def _patiently(self, operation: Callable[[], Result]) -> Result:
        """Return the operation's result; after an error that may pass, pause and try again."""
        pause, begun = FIRST_PAUSE, time.monotonic()
        for attempt in range(TRIES):
            waiting = (
                f"{self.url}: no answer for {FIRST_WORD:g} s (try {attempt + 1} of {TRIES}), still waiting"
            )
            word = threading.Timer(FIRST_WORD, _log.warning, (waiting,))
            word.daemon = True
            word.start()
            try:
                return operation()
            except (FileNotFoundError, SegmnistError):
                raise
            except PermissionError as error:
                raise StoreUnreachable(f"{self.url}: {_line(error)}") from None
            except Exception as error:  # every store's client has exceptions of its own
                if attempt == TRIES - 1:
                    reason = f"gave up after {TRIES} tries: {_line(error)}"
                    raise StoreUnreachable(f"{self.url}: {reason}") from None
                if attempt or time.monotonic() - begun > FIRST_WORD:
                    _log.warning(f"{self.url}: try {attempt + 1} of {TRIES} failed: {_line(error)}")
                time.sleep(pause)
                pause *= 2
            finally:
                word.cancel()
        raise AssertionError


def _open(url: str) -> tuple[Any, str]:
    try:
        import fsspec

        fs, root = fsspec.core.url_to_fs(url, use_listings_cache=False, **_options(url, fsspec.config.conf))
    except ImportError:
        raise MissingDependency(f"writing to {url.partition(':')[0]}://", "s3") from None
    except ValueError as error:
        raise BadArgument("OUT", url, "a path, or a URL that fsspec knows", _line(error)) from None
    if hasattr(fs, "retries"):
        # s3fs would try five times within each of our tries.
        fs.retries = 1
    return fs, root.rstrip("/")


def _options(url: str, configured: Mapping[str, Any]) -> dict[str, Any]:
    """Return options by which botocore leaves trying again to us: it would do so five times within each of our tries."""
    scheme = url.partition(":")[0]
    if scheme not in ("s3", "s3a"):
        return {}
    own = configured.get(scheme, {}).get("config_kwargs", {})
    return {"config_kwargs": {"retries": {"max_attempts": 0}, **own}}


def _name(entry: dict[str, Any]) -> str:
    return str(entry["name"]).rstrip("/").rpartition("/")[2]


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
