"""HTTP/1.1 of one connection: uvicorn's, but bodies come in large pieces, and an answer's head goes with its body."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PIECE = 2 << 20


class Protocol(HttpToolsProtocol):
    """Wakes the application when 2 MiB of a body have come, or all of it, instead of for each read of the socket.

    A film of a megabyte then costs one step instead of a dozen. Reading stops while the application is behind.
    """

    def on_headers_complete(self) -> None:
        """Begin a request."""
        before = self.cycle
        super().on_headers_complete()
        # The answer to HEAD has no body that the head could wait for.
        if self.cycle is not before and self.scope["method"] != "HEAD":
            self.cycle.transport = _Together(self.transport)  # type: ignore[assignment]

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body from the parser."""
        if (self.parser.should_upgrade() and self._should_upgrade()) or self.cycle.response_complete:
            return
        self.cycle.body += body
        if len(self.cycle.body) >= PIECE:
            self.flow.pause_reading()
            self.cycle.message_event.set()


class _Together:
    """A connection for one answer: its head is kept until the first bytes of the body, and both are one system call.

    Writing to a socket is most of the work of a short answer.
    """

    __slots__ = ("_head", "_transport", "write")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self.write = self._write_head

    def _write_head(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 100 "):  # what lets the client send its body
            self._transport.write(data)
            return
        self._head = data
        self.write = self._write_first

    def _write_first(self, data: bytes) -> None:
        self.write = self._transport.write
        self._transport.writelines((self._head, data) if data else (self._head,))
        self._head = b""

    def close(self) -> None:
        """Close the connection, after what was kept."""
        if self._head:
            self._write_first(b"")
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the connection is closed or about to be."""
        return self._transport.is_closing()
