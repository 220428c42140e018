"""Who may ask: pages of this server only. Checks Host and Origin, and tells the browser to trust nothing else."""

from __future__ import annotations

import ipaddress
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from segmnist.explore.replies import failure

MAX_ADDRESS = 8192
"""Bytes of a request's path and query together."""

_HOST = re.compile(r"(\[(?P<address>[^]]*)\]|(?P<name>[^][:]*))(:[0-9]*)?", re.ASCII)

POLICY = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Guard:
    """ASGI middleware: answers requests under a name of this server, from its own pages, and no other.

    A page elsewhere may bind its own name to 127.0.0.1 (DNS rebinding), so a loopback server answers to loopback names alone;
    one that is bound to an address answers to any literal address, to which no name can be bound, and to `names`.
    """

    def __init__(
        self, app: ASGIApp, *, loopback: bool = True, names: tuple[str, ...] = ("localhost",)
    ) -> None:
        self.app, self.loopback, self.names = app, loopback, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(POLICY)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, send_with_policy)
        else:
            await failure(*refusal)(scope, receive, send_with_policy)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._is_ours(_name_of(host)):
            return (
                403,
                f"this explorer does not answer to the name {host[:80]!r}; open it as http://localhost",
            )
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            return 403, f"a page of {origin[:80]} may not use this explorer"
        if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            return 403, "a page of another site may not use this explorer"
        if len(scope.get("raw_path") or b"") + len(scope.get("query_string", b"")) > MAX_ADDRESS:
            return 414, f"the address is longer than {MAX_ADDRESS} bytes"
        return None

    def _is_ours(self, name: str) -> bool:
        if name in self.names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self.loopback


def _name_of(host: str) -> str:
    """Return a Host header's name without its port, empty for what is no name or address with a port.

    >>> _name_of("[::1]:8000"), _name_of("LOCALHOST:80"), _name_of("127.0.0.1"), _name_of("[::1].evil.com")
    ('::1', 'localhost', '127.0.0.1', '')
    """
    parts = _HOST.fullmatch(host)
    return (parts["address"] or parts["name"]).lower() if parts else ""
