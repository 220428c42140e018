"""Whether remarks are to be printed: the environment variable SEGMNIST_QUIET says no, in worker processes too."""

from __future__ import annotations

import os

QUIET = "SEGMNIST_QUIET"
"""The variable; `--quiet` sets it."""


def is_quiet() -> bool:
    """Return whether nothing but answers and errors is to be printed."""
    return bool(os.environ.get(QUIET))
