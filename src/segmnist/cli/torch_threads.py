"""How many CPU threads torch takes in a command."""

from __future__ import annotations

import os


def take_one_thread() -> None:
    """Let torch take one CPU thread, unless OMP_NUM_THREADS says otherwise. To be called before torch is imported.

    Torch's own default is one per core. Threads wait for one another in busy loops, so that two runs of the U-Net side by
    side on two cores took thirty times as long with two threads each as with one; alone, two threads saved a third.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
