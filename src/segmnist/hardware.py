"""What a result was computed on."""

from __future__ import annotations

import os
import platform

from llvmlite.binding import get_host_cpu_name


def hardware() -> str:
    """Return a short description of this machine, with LLVM's name of its processor.

    >>> hardware()
    '... CPU cores (...), ...'
    """
    processor = get_host_cpu_name()
    return f"{os.cpu_count()} CPU cores ({processor}, {platform.machine()}), {platform.system()}"
