"""A load generator that leaves the cores to the server: one process and one plain socket for each connection."""

import io
import socket
from collections.abc import Callable, Sequence

from benchmarks.together import Failed, Load, Worker, together

_BUFFER = 1 << 20
_TIMEOUT_SECONDS = 120


class BadAnswer(Failed):
    """A server answered something else than 200 or 201."""


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
    return together([_worker(port, requests[number::connections]) for number in range(connections)])


def for_seconds(port: int, requests: Sequence[Sent], connections: int, seconds: float) -> Load:
    """Send the requests in turn, from another start on each connection, until the time is over."""
    whole = [lambda data=data: data for data in requests]
    shares = [whole[len(whole) * number // connections :] + whole for number in range(connections)]
    return together([_worker(port, share) for share in shares], seconds)


def _worker(port: int, requests: Sequence[Callable[[], Sent]]) -> Worker:
    return Worker(lambda: _Link(port).exchange, requests)


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
        """Send a request and read its answer to the end; BadAnswer unless it is a 200 or 201."""
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
        if status[9:12] not in (b"200", b"201"):
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
