"""create_app: the explorer as an ASGI application."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route as Address

from segmnist.errors import SegmnistError
from segmnist.explore.exhibit import Exhibit
from segmnist.explore.film import MAX_SHEET_BYTES, film_of_sheet
from segmnist.explore.film import MEDIA as FILMS
from segmnist.explore.guard import Guard
from segmnist.explore.replies import failure, failure_of, reply_json
from segmnist.explore.routes import ROUTES, Route, openapi

PAGES = ("/clip", "/wall")
MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
GONE = failure(503, "the client has gone")
Served = dict[str, Response]


def create_app(
    exhibit: Exhibit, *, start: str = "/clip", loopback: bool = True, names: tuple[str, ...] = ("localhost",)
) -> Starlette:
    """Return the application. start: where `/` leads. loopback, names: under which names it answers, see `Guard`.

    Two clips at a time are drawn per CPU, films and walls one at a time beside them, so that no viewer blocks another
    and memory stays bounded. A request whose client has gone before its turn is dropped.
    """
    import anyio

    # A limiter belongs to the event loop that first uses it, so it is made there.
    limiters: dict[bool, anyio.CapacityLimiter] = {}

    def endpoint(route: Route) -> Any:
        async def answer(request: Request) -> Response:
            wrong = _wrong_parameter(request, route)
            if wrong:
                return wrong
            slow = route.slow
            if slow not in limiters:
                limiters[slow] = anyio.CapacityLimiter(1 if slow else 2 * (os.cpu_count() or 1))
            query = dict(request.query_params)

            async def draw() -> Response:
                try:
                    return await anyio.to_thread.run_sync(
                        route.answer, query, exhibit, limiter=limiters[slow]
                    )
                except SegmnistError as error:
                    return failure_of(error)

            return await _while_connected(request, draw)

        return answer

    def encoded(kind: str) -> Any:
        async def answer(request: Request) -> Response:
            """Encode the frames that the page drew."""
            sheet = bytearray()
            async for part in request.stream():
                sheet += part
                if len(sheet) > MAX_SHEET_BYTES:
                    return failure(413, f"the frames have more than {MAX_SHEET_BYTES:,} bytes")
            if True not in limiters:
                limiters[True] = anyio.CapacityLimiter(1)
            try:
                data = await anyio.to_thread.run_sync(
                    film_of_sheet, bytes(sheet), kind, dict(request.query_params), limiter=limiters[True]
                )
            except SegmnistError as error:
                return failure_of(error)
            return Response(data, media_type=FILMS[kind])

        return answer

    static = _static_files()
    description = openapi()
    addresses = [Address(route.path, endpoint(route), methods=["GET"]) for route in ROUTES]
    addresses += [Address(f"/clip.{kind}", encoded(kind), methods=["POST"]) for kind in ("gif", "mp4")]
    addresses += [Address(path, _always(reply), methods=["GET"]) for path, reply in static.items()]
    addresses += [Address(path, _always(static["/static/index.html"]), methods=["GET"]) for path in PAGES]
    addresses.append(Address("/openapi.json", _always(reply_json(description)), methods=["GET"]))
    addresses.append(Address("/", _always(RedirectResponse(start)), methods=["GET"]))
    return Starlette(
        routes=addresses,
        middleware=[Middleware(Guard, loopback=loopback, names=names)],
        exception_handlers={HTTPException: _http_failure},
    )


async def _while_connected(request: Request, draw: Callable[[], Awaitable[Response]]) -> Response:
    """Return what is drawn, or give it up once the client has gone: what still waits for its turn is not begun."""
    import anyio

    reply = GONE
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            group.cancel_scope.cancel()

        group.start_soon(watch)
        reply = await draw()
        group.cancel_scope.cancel()
    return reply


def _wrong_parameter(request: Request, route: Route) -> Response | None:
    counts = Counter(name for name, _ in request.query_params.multi_items())
    for name, count in counts.items():
        if name not in route.parameters:
            return failure(400, f"{name[:60]!r} is no parameter of {route.path}", name[:60])
        if count > 1:
            return failure(400, f"{name!r} is given {count} times; write lists as 1,3", name)
    return None


def _static_files() -> Served:
    """Return the page's files, read once: no request ever names a path on disk."""
    found = {}
    for file in files("segmnist.explore").joinpath("static").iterdir():
        suffix = os.path.splitext(file.name)[1]
        if suffix in MEDIA:
            headers = {"cache-control": "no-cache"}
            found[f"/static/{file.name}"] = Response(
                file.read_bytes(), media_type=MEDIA[suffix], headers=headers
            )
    return found


def _always(reply: Response) -> Any:
    async def answer(request: Request) -> Response:
        return reply

    return answer


async def _http_failure(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    reply = failure(error.status_code, f"{request.url.path[:80]}: {error.detail}")
    reply.headers.update(error.headers or {})
    return reply
