"""Requests without end: they are cut off, and others are answered meanwhile."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from emulator.serving import protocol
from emulator.serving.protocol import HEAD_SECONDS, Protocol
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

CHUNKED = b"POST /v1/projects/p/topics/t HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
FAR_TOO_MUCH = 64 << 20


@pytest.mark.parametrize(
    ("beginning", "piece"),
    [
        (b"GET /", b"a" * 65536),
        (b"GET / HTTP/1.1\r\nX-Long: ", b"a" * 65536),
        (b"GET / HTTP/1.1\r\n", b"X-Many: a\r\n" * 6000),
        (CHUNKED + b"1;", b"extension" * 7000),
        (CHUNKED + b"0\r\n", b"X-Trailer: a\r\n" * 5000),
    ],
    ids=["an address", "a header", "headers", "an extension of a chunk", "trailers"],
)
def test_what_is_no_body_ends_after_a_while(emulator: RunningEmulator, beginning: bytes, piece: bytes) -> None:
    with socket.create_connection(("127.0.0.1", emulator.port), PATIENCE) as link:
        link.sendall(beginning)
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            link.sendall(piece * (FAR_TOO_MUCH // len(piece)))
        assert emulator.request("GET", "/_emulator/status")[0] == 200


def test_a_long_head_is_told_its_limit(emulator: RunningEmulator) -> None:
    with socket.create_connection(("127.0.0.1", emulator.port), PATIENCE) as link:
        link.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * (4 * protocol.HEAD_LIMIT))
        assert link.recv(100).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("path", ["/token", "/_emulator/reset", "/v1/projects/test-project/topics/t:publish"])
def test_a_body_that_does_not_end_is_answered(emulator: RunningEmulator, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {emulator.owner_token}\r\n"
    piece = b"%x\r\n" % (1 << 20) + b"a" * (1 << 20) + b"\r\n"
    with socket.create_connection(("127.0.0.1", emulator.port), PATIENCE) as link:
        link.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(70):  # more than the largest body that an API takes
            link.sendall(piece)
        assert link.recv(100).startswith(b"HTTP/1.1 400 ")


class Wire(asyncio.Transport):
    """A connection's other side, which keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.sent += data

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass


class Hours:
    """An event loop's clock, which goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._due: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        self._due.append((self.now + seconds, function))

    def create_task(self, coroutine: Any) -> object:
        coroutine.close()
        return object()

    def go(self, seconds: float) -> None:
        end = self.now + seconds
        while self._due and min(self._due, key=lambda due: due[0])[0] <= end:
            due = min(self._due, key=lambda due: due[0])
            self._due.remove(due)
            self.now = due[0]
            due[1]()
        self.now = end


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Nothing that is run: requests are looked at as they come."""


Connect = Callable[[], tuple[Protocol, Wire]]


@pytest.fixture
def hours() -> Hours:
    return Hours()


@pytest.fixture
def connect(hours: Hours) -> Connect:
    """Makes connections to a server that takes two at a time."""
    state = ServerState()
    config = uvicorn.Config(application, limit_concurrency=2, timeout_keep_alive=610, log_config=None)

    def make() -> tuple[Protocol, Wire]:
        wire = Wire()
        made = Protocol(config=config, server_state=state, app_state={}, _loop=hours)  # type: ignore[arg-type]
        made.connection_made(wire)
        return made, wire

    return make


def test_a_head_that_trickles_is_cut_off(hours: Hours, connect: Connect) -> None:
    connection, wire = connect()
    connection.data_received(b"GET / HTTP/1.1\r\n")
    for _ in range(HEAD_SECONDS // 10 + 7):
        assert not wire.closed or hours.now >= 1000 + HEAD_SECONDS
        hours.go(10)
        if not wire.closed:
            connection.data_received(b"X: a\r\n")
    assert wire.closed


def test_a_connection_that_says_nothing_is_closed(hours: Hours, connect: Connect) -> None:
    _, wire = connect()
    hours.go(HEAD_SECONDS)
    assert wire.closed


def test_a_body_may_come_slowly_and_not_never(hours: Hours, connect: Connect) -> None:
    connection, wire = connect()
    connection.data_received(b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(10):
        hours.go(500)
        connection.data_received(b"a")
    assert not wire.closed
    hours.go(610 + HEAD_SECONDS)
    assert wire.closed


def test_one_connection_too_many_is_told_so(connect: Connect) -> None:
    first, second, third = connect(), connect(), connect()
    assert third[1].sent.startswith(b"HTTP/1.1 503 ")
    assert [wire.closed for _, wire in (first, second, third)] == [False, False, True]
    third[0].connection_lost(None)
    first[0].connection_lost(None)
    assert not connect()[1].closed
