"""A file that is whole or not there."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from segmnist.errors import BadArgument


def check_target(path: Path) -> None:
    """Raise BadArgument unless a file could be put at `path`: before the work, not after it."""
    folder = path.parent
    if not folder.is_dir():
        raise BadArgument("path", str(path), "a file in a folder that exists", "create the folder first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadArgument("path", str(path), "a file in a folder that you may write to")
    if path.is_dir():
        raise BadArgument("path", str(path), "the name of a file, not of a folder")


def replace_file(path: Path, data: bytes) -> None:
    """Write `data` to `path` at once: readers see the old file or the new one; an error leaves the old."""
    # The same folder, because a rename across file systems is a copy.
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
