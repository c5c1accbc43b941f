"""Another hospital's listener for MLLP, which answers as it is told."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

from emulator.mllp.frames import Frames, wrap
from tests.support.patience import PATIENCE, eventually


class Partner:
    """Listens on a port. `codes` are what the next messages are answered with, AA after them."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.codes: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def wait_for(self, count: int) -> list[bytes]:
        """All messages that arrived, once there are so many."""
        eventually(lambda: len(self.received), lambda arrived: arrived >= count)
        return self.received

    def close(self) -> None:
        """Listen no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENCE)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._converse(self._listener.accept()[0])

    def _converse(self, connection: socket.socket) -> None:
        frames = Frames()
        with connection:
            while data := connection.recv(65536):
                for each in frames.feed(data):
                    self.received.append(each)
                    code = self.codes.pop(0) if self.codes else b"AA"
                    connection.sendall(wrap(b"MSH|^~\\&|\rMSA|" + code + b"|1\r"))


@contextlib.contextmanager
def listening() -> Iterator[Partner]:
    """A partner that is closed in the end."""
    partner = Partner()
    try:
        yield partner
    finally:
        partner.close()
