"""Where the package keeps what it can make anew: decoded digits and compiled kernels.

SEGMNIST_CACHE_DIR names the folder; without it, it is the user's cache folder. A container may have neither: no home, or one
that cannot be written. Nothing here raises for that.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import platformdirs


def cache_folder() -> Path | None:
    """Return SEGMNIST_CACHE_DIR if set, else the user's cache folder for segmnist, None for a user without a home.

    The folder may be missing, or one that cannot be written.
    """
    if named := os.environ.get("SEGMNIST_CACHE_DIR"):
        return Path(named)
    try:
        folder = Path(platformdirs.user_cache_dir("segmnist"))
    except (OSError, RuntimeError, KeyError):
        return None
    # Without a home, "~" stays as it is, and would become a folder of that name.
    return folder if folder.is_absolute() else None


def private_temporary_folder() -> Path | None:
    """Make and return the temporary folder that is this user's alone, the same for all processes; None without one.

    What lies there may be run, so a folder that others own or may write to is not used.
    """
    try:
        user = (
            f"-{os.getuid()}" if os.name == "posix" else ""
        )  # elsewhere a user has a temporary folder of their own
        folder = Path(tempfile.gettempdir()) / f"segmnist{user}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    if not stat.S_ISDIR(found.st_mode):
        return None
    is_private = os.name != "posix" or (found.st_uid == os.getuid() and not found.st_mode & 0o077)
    return folder if is_private else None
