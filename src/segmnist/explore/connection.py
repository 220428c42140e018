"""Connection: how many may be open at a time, and how long a request may take to arrive."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from segmnist.explore.replies import failure

MAX_CONNECTIONS = 256
"""Further ones are told to come again; those that are open are served on."""
REQUEST_SECONDS = 10.0
"""How long a request may take from its first byte, or from the opening of its connection, to its last byte."""

BUSY = failure(503, f"{MAX_CONNECTIONS} connections are open; try again")
BUSY.headers["connection"] = "close"


class Connection(H11Protocol):
    """uvicorn's connection with a deadline for requests that are sent by halves, and a limit that leaves others alone.

    uvicorn alone waits for the rest of a request for ever, and once there are too many connections it refuses whoever asks
    next, on whichever of them.
    """

    deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request, which is refused if there are too many connections."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self.app = BUSY
        self._await_request()

    def data_received(self, data: bytes) -> None:
        """Take what has arrived of a request."""
        super().data_received(data)
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._await_request()
        else:
            self._end_wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._end_wait()
        super().connection_lost(exc)

    def _await_request(self) -> None:
        if self.deadline is None:
            self.deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _end_wait(self) -> None:
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None
