"""The server on its port: what is sent by halves, or not at all, keeps nobody from being served."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.explore.conftest import serving

from segmnist.explore import Exhibit, connection, create_app, routes
from segmnist.explore.wall import draw_wall

WHOLE = b"GET /about.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALVES = {
    "nothing": b"",
    "half a line": b"GET /about",
    "half a header": b"GET /about.json HTTP/1.1\r\nHost: local",
    "half a body": b"GET /about.json HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1",
}


@pytest.fixture
def address(exhibit: Exhibit, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 1.0)
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", 6)
    with serving(create_app(exhibit)) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        yield host, int(port)


def answer_of(one: socket.socket) -> bytes:
    """The answer to a whole request, up to the end of its JSON."""
    one.sendall(WHOLE)
    answer = b""
    while not answer.endswith(b"}"):
        piece = one.recv(1 << 16)
        assert piece, answer
        answer += piece
    return answer


def seconds_until_closed(one: socket.socket) -> float:
    began = time.monotonic()
    with contextlib.suppress(ConnectionResetError):
        while one.recv(1 << 16):
            pass
    return time.monotonic() - began


@pytest.mark.parametrize("sent", HALVES)
def test_what_is_sent_by_halves_has_a_deadline(address: tuple[str, int], sent: str) -> None:
    with socket.create_connection(address, timeout=60) as one:
        one.sendall(HALVES[sent])
        assert 0.5 < seconds_until_closed(one) < 20
    with socket.create_connection(address, timeout=60) as one:
        assert answer_of(one).startswith(b"HTTP/1.1 200")
        one.sendall(HALVES[sent] or b"G")
        assert 0.5 < seconds_until_closed(one) < 20


def test_a_request_that_drips_has_a_deadline(address: tuple[str, int]) -> None:
    def drip(one: socket.socket) -> None:
        for byte in WHOLE[:-1] + b"X-More: " + b"x" * 300:
            one.sendall(bytes([byte]))
            time.sleep(0.1)

    with socket.create_connection(address, timeout=60) as one, pytest.raises(ConnectionError):
        drip(one)


def test_idle_connections_are_kept_and_further_ones_refused(address: tuple[str, int]) -> None:
    with contextlib.ExitStack() as stack:

        def opened() -> socket.socket:
            return stack.enter_context(socket.create_connection(address, timeout=60))

        first = [opened() for _ in range(6)]
        for one in first:
            assert answer_of(one).startswith(b"HTTP/1.1 200")
        time.sleep(1.5)  # longer than a request may take to arrive
        for _ in range(3):
            further = opened()
            refusal = answer_of(further)
            assert refusal.startswith(b"HTTP/1.1 503")
            assert b"connections are open; try again" in refusal
            assert seconds_until_closed(further) < 30
        for one in first:
            assert answer_of(one).startswith(b"HTTP/1.1 200")
        first.pop().close()
        time.sleep(0.5)
        assert answer_of(opened()).startswith(b"HTTP/1.1 200")


def test_work_whose_client_has_gone_is_not_begun(exhibit: Exhibit, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = [], threading.Event()

    def waiting_draw(wall: Any, exhibit: Exhibit) -> Any:
        begun.append(wall.start)
        assert go_on.wait(60)
        return draw_wall(wall, exhibit)

    monkeypatch.setattr(routes, "draw_wall", waiting_draw)
    with serving(create_app(exhibit)) as url, httpx.Client(base_url=url, timeout=60) as client:
        host, _, port = url.removeprefix("http://").partition(":")
        with contextlib.ExitStack() as stack:
            for start in range(30):
                one = stack.enter_context(socket.create_connection((host, int(port)), timeout=60))
                one.sendall(
                    f"GET /wall.json?among=1&start={start} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
                )
            while not begun:
                time.sleep(0.01)
        # What is asked after the others have gone is answered after the server has seen them go.
        for _ in range(3):
            client.get("/about.json").raise_for_status()
        go_on.set()
        assert client.get("/wall.json?among=1&start=99").json()["start"] == "99"
    assert len(begun) == 2
    assert begun[1] == 99
