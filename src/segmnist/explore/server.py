"""serve: the explorer on a port of this machine."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
import sys
import threading
import webbrowser
from typing import TYPE_CHECKING

from segmnist.errors import BadArgument, SegmnistError
from segmnist.explore.app import create_app
from segmnist.explore.clip import draw
from segmnist.explore.exhibit import Exhibit
from segmnist.explore.view import view_from

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette


def serve(
    exhibit: Exhibit,
    *,
    start: str = "/clip",
    host: str = "127.0.0.1",
    port: int = 8008,
    open_page: bool = True,
) -> None:
    """Serve the explorer until interrupted. port 0 takes a free one.

    Raises `BadArgument` where the port is taken or the host is none of this machine's.
    """
    listener = _listen(host, port)
    port = listener.getsockname()[1]
    loopback = _is_loopback(host)
    names = ("localhost",) if loopback else ("localhost", socket.gethostname().lower(), host.lower())
    app = create_app(exhibit, start=start, loopback=loopback, names=names)
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}/"
    print(f"segmnist explorer: {address}  (Ctrl+C ends it)", flush=True)
    if not loopback:
        print("segmnist: everyone who reaches this machine can open it", file=sys.stderr, flush=True)
    threading.Thread(target=_warm, args=(exhibit,), daemon=True).start()
    if open_page:
        threading.Timer(0.3, webbrowser.open, (address,)).start()
    with contextlib.closing(listener):
        server_of(app).run(sockets=[listener])


def server_of(app: Starlette) -> uvicorn.Server:
    """Return the server of an application, which has yet to run."""
    import uvicorn

    from segmnist.explore.connection import Connection

    config = uvicorn.Config(
        app, http=Connection, ws="none", log_level="warning", access_log=False, server_header=False,
        timeout_keep_alive=30, timeout_graceful_shutdown=1,
    )  # fmt: skip
    return uvicorn.Server(config)


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise BadArgument("port", port, "0..65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise BadArgument("port", port, "a port that nobody uses", "--port 0 takes a free one") from None
        if error.errno == errno.EACCES:
            raise BadArgument("port", port, "a port that you may open, such as 8008") from None
        raise BadArgument("host", host, "an address of this machine, such as 127.0.0.1", str(error)) from None
    listener.listen(128)
    return listener


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _warm(exhibit: Exhibit) -> None:
    """Load the kernels and the digits while the browser opens, then score what is predicted."""
    draw(view_from({}, exhibit), exhibit)
    for part in exhibit.parts:
        try:
            part.scores.run()
        except SegmnistError as error:
            print(f"segmnist: {error}", file=sys.stderr, flush=True)
