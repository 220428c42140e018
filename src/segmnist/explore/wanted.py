"""Whether a request is still wanted: what takes several steps asks between them."""

from __future__ import annotations

import contextlib


def check_wanted() -> None:
    """End the work of a request whose client has gone, by an exception; outside of requests do nothing."""
    from anyio import from_thread

    with contextlib.suppress(RuntimeError):  # outside of a worker's thread
        from_thread.check_cancelled()
