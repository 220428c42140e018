"""Which texts and paths are URLs of object stores, and which are local."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

# A drive of Windows has one letter. `Path` makes one slash of two.
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):/+(?P<rest>.*)", re.DOTALL)


def is_url(place: str | os.PathLike[str]) -> bool:
    """Return whether a place is a URL of a store, such as `s3://bucket/folder`; `file://` is a local path."""
    found = _URL.fullmatch(os.fspath(place))
    return found is not None and found["scheme"].lower() != "file"


def is_in_memory(place: str | os.PathLike[str]) -> bool:
    """Return whether a place is in the memory of this process, `memory://`, which no other process sees."""
    found = _URL.fullmatch(os.fspath(place))
    return found is not None and found["scheme"].lower() == "memory"


def url_of(place: str | os.PathLike[str]) -> str:
    """Return a URL as it was written, with two slashes where `Path` left one.

    >>> url_of(Path("s3://bucket/folder"))
    's3://bucket/folder'
    """
    text = os.fspath(place)
    found = _URL.fullmatch(text)
    return text if found is None or "://" in text else f"{found['scheme']}://{found['rest']}"


def local_path(place: str | os.PathLike[str]) -> Path:
    """Return the path of a local place: `~` is the home folder, `file:///a%20b` is `/a b`.

    >>> local_path("file:///a%20b").as_posix()
    '/a b'
    """
    text = os.fspath(place)
    if text.lower().startswith("file:/"):
        parts = urlsplit(text)
        path = unquote(parts.path if parts.netloc in ("", "localhost") else parts.netloc + parts.path)
        return Path(path[1:] if re.match(r"/[A-Za-z]:", path) else path)
    return Path(text).expanduser()
