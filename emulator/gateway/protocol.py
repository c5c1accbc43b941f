"""HTTP/1.1 of one connection: uvicorn's, but a request's body is handed over in large pieces."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PIECE = 2 << 20


class Protocol(HttpToolsProtocol):
    """Wakes the application when 2 MiB of a body have come, or all of it, instead of for each read of the socket.

    A film of a megabyte then costs one step instead of a dozen. Reading stops while the application is behind.
    """

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body from the parser."""
        if (self.parser.should_upgrade() and self._should_upgrade()) or self.cycle.response_complete:
            return
        self.cycle.body += body
        if len(self.cycle.body) >= PIECE:
            self.flow.pause_reading()
            self.cycle.message_event.set()
