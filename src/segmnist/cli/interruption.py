"""Interruption: Ctrl-C, SIGTERM and SIGHUP end a command in the same way, and a second one ends it at once."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from segmnist.cli.exit_codes import INTERRUPTED

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

_state = {"asked": False, "last words": "interrupted"}


def take_signals() -> None:
    """From now on the first of the signals raises `KeyboardInterrupt`; a second ends the process and those it started.

    Signals that the caller has ignored stay so: `nohup` ignores SIGHUP.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    _state["asked"] = False
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


@contextlib.contextmanager
def last_words(text: str) -> Iterator[None]:
    """Say this, meanwhile, when the process is ended at once."""
    before, _state["last words"] = _state["last words"], text
    try:
        yield
    finally:
        _state["last words"] = before


def _interrupt(number: int, frame: FrameType | None) -> None:
    if _state["asked"]:
        _end_at_once()
    _state["asked"] = True
    raise KeyboardInterrupt


def _end_at_once() -> None:
    """End all that this process started, then itself. What workers write is whole or not there, whenever they are killed."""
    import psutil

    with contextlib.suppress(psutil.Error):
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.kill()
    with contextlib.suppress(OSError):
        os.write(2, f"segmnist: {_state['last words']}\n".encode())
    os._exit(INTERRUPTED)
