"""A load generator that leaves the cores to the server: one process and one plain socket for each connection."""

import io
import itertools
import multiprocessing
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

_FORK = multiprocessing.get_context("fork")  # the corpus is shared with the children, not copied to them
_BUFFER = 1 << 20
_TIMEOUT_SECONDS = 120
_WARM_UP = 2


@dataclass(frozen=True)
class Load:
    """What one run of a load gave: requests a second, and the seconds that each request took."""

    rate: float
    latencies: tuple[float, ...]

    def percentile(self, share: float) -> float:
        """The seconds within which that share of the requests was answered."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class BadAnswer(Exception):
    """A server answered something else than 200."""


Sent = list[bytes]
"""A request, in pieces that are sent one after the other: large ones need not be copied together."""


def request(port: int, target: str, headers: dict[str, str], body: Sent | None = None) -> Sent:
    """An HTTP/1.1 request: a GET, or a POST if there is a body."""
    lines = [f"{'GET' if body is None else 'POST'} {target} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body is not None:
        lines.append(f"Content-Length: {sum(map(len, body))}")
    return ["\r\n".join([*lines, "", ""]).encode(), *(body or [])]


def each_once(port: int, requests: Sequence[Callable[[], Sent]], connections: int) -> Load:
    """Send every request once, dealt out to the connections."""
    return _run(port, [requests[number::connections] for number in range(connections)], seconds=None)


def for_seconds(port: int, requests: Sequence[Sent], connections: int, seconds: float) -> Load:
    """Send the requests in turn, from another start on each connection, until the time is over."""
    whole = [lambda data=data: data for data in requests]
    shares = [whole[len(whole) * number // connections :] + whole for number in range(connections)]
    return _run(port, shares, seconds)


def _run(port: int, shares: Sequence[Sequence[Callable[[], Sent]]], seconds: float | None) -> Load:
    """Start one process a share; they begin together."""
    start = _FORK.Event()
    pipes = [_FORK.Pipe(duplex=False) for _ in shares]
    ready = _FORK.Semaphore(0)
    children = [
        _FORK.Process(target=_child, args=(port, share, seconds, ready, start, pipe[1]), daemon=True)
        for share, pipe in zip(shares, pipes, strict=True)
    ]
    for child in children:
        child.start()
    for _ in children:
        ready.acquire()
    start.set()
    answers: list[Any] = []
    for receiving, sending in pipes:
        sending.close()
        try:
            answers.append(receiving.recv())
        except EOFError:
            raise BadAnswer("a connection of the load generator ended early") from None
    for child in children:
        child.join()
    problems = [answer for answer in answers if isinstance(answer, str)]
    if problems:
        raise BadAnswer(problems[0])
    latencies = tuple(latency for answer in answers for latency in answer[2])
    return Load(len(latencies) / (max(a[1] for a in answers) - min(a[0] for a in answers)), latencies)


def _child(
    port: int,
    share: Sequence[Callable[[], Sent]],
    seconds: float | None,
    ready: Any,
    start: Any,
    pipe: Connection,
) -> None:
    link = _Link(port)
    latencies: list[float] = []
    try:
        if seconds is not None:
            for make in share[:_WARM_UP]:
                link.exchange(make())
        ready.release()
        start.wait()
        began = time.perf_counter()
        for make in share if seconds is None else _until(began + seconds, share):
            data = make()
            sent = time.perf_counter()
            link.exchange(data)
            latencies.append(time.perf_counter() - sent)
        pipe.send((began, time.perf_counter(), latencies))
    except (BadAnswer, OSError) as problem:
        ready.release()
        pipe.send(f"{type(problem).__name__}: {problem}")


def _until(deadline: float, share: Sequence[Callable[[], Sent]]) -> Iterable[Callable[[], Sent]]:
    for make in itertools.cycle(share):
        yield make
        if time.perf_counter() >= deadline:
            return


class _Link:
    """A kept connection, made anew where the server closes it (Orthanc does after each study it sends)."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._scratch = memoryview(bytearray(_BUFFER))
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), _TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._incoming = io.BufferedReader(socket.SocketIO(self._socket, "r"), _BUFFER)

    def exchange(self, data: Sent) -> None:
        """Send a request and read its answer to the end; BadAnswer unless it is a 200."""
        status = self._send(data)
        if not status:  # closed while it was idle
            self._connect()
            status = self._send(data)
        length, chunked, closing = -1, False, False
        while (line := self._incoming.readline()) not in (b"\r\n", b""):
            name, _, value = line.lower().partition(b":")
            if name == b"content-length":
                length = int(value)
            elif name == b"transfer-encoding":
                chunked = b"chunked" in value
            elif name == b"connection":
                closing = b"close" in value
        if status[9:12] != b"200":
            raise BadAnswer(f"{status.decode('latin-1').strip()}: {self._incoming.read1(500)!r}")
        if chunked:
            while size := int(self._incoming.readline(), 16):
                self._skip(size)
                self._incoming.readline()
            self._incoming.readline()
        elif length >= 0:
            self._skip(length)
        else:
            while self._incoming.readinto(self._scratch):
                closing = True
        if closing:
            self._socket.close()
            self._connect()

    def _send(self, data: Sent) -> bytes:
        try:
            for piece in data:
                self._socket.sendall(piece)
            return self._incoming.readline()
        except (BrokenPipeError, ConnectionResetError):
            return b""

    def _skip(self, length: int) -> None:
        while length:
            got = self._incoming.readinto(self._scratch[: min(length, _BUFFER)])
            if not got:
                raise BadAnswer("the connection was closed in the middle of an answer")
            length -= got
