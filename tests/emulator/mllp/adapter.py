"""The adapter as a process of its own, and a sender that talks to it as a device in a hospital does."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from emulator.mllp.frames import Frames, wrap
from tests.support.emulator import ROOT, RunningEmulator
from tests.support.patience import PATIENCE


@dataclass(frozen=True)
class Adapter:
    """A running adapter: the port it listens on, its process."""

    port: int
    process: subprocess.Popen[str]

    def stop(self) -> str:
        """Stop it as Ctrl-C would; gives what it printed at its end."""
        self.process.terminate()
        output, _ = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0
        return output


def command(running: RunningEmulator, store: str, *options: str) -> list[str]:
    """The command line of an adapter for a store."""
    base = [sys.executable, "-m", "emulator", "mllp", "--store", store, "--state", str(running.state)]
    return [*base, *(() if "--port" in options else ("--port", "0")), *options]


@contextlib.contextmanager
def adapter(running: RunningEmulator, store: str, *options: str) -> Iterator[Adapter]:
    """An adapter that is ended with the test."""
    with (running.state.parent / "adapter.log").open("a") as log:
        process = subprocess.Popen(
            command(running, store, *options), cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=log
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r" at 127\.0\.0\.1:(\d+) for ", line)
        assert found, f"The adapter did not start: {(running.state.parent / 'adapter.log').read_text()}"
        yield Adapter(int(found[1]), process)
    finally:
        process.kill()
        process.communicate()


class Sender:
    """A connection to an adapter, on which messages are sent and answers awaited."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        raw = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._socket = tls.wrap_socket(raw, server_hostname="127.0.0.1") if tls else raw
        self._frames = Frames()

    def send(self, message: bytes) -> bytes:
        """Send a message; gives the answer. Raises ConnectionError where the connection ends before there is one."""
        self.write(wrap(message))
        return self.answer()

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def answer(self) -> bytes:
        """The next answer. Raises ConnectionError where the connection ends before."""
        while data := self._socket.recv(65536):
            if found := self._frames.feed(data):
                assert len(found) == 1
                return found[0]
        raise ConnectionError("the adapter ended the connection")

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
