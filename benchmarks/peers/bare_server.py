"""Servers that do nothing but the least of the work, to tell what bounds it: `python -m benchmarks.peers.bare_server`.

`receive`: bodies into synced files, a thread for each connection. `commit`: the same, then a synced row for each, as
many rows with a commit as wait for it. `answer`: the same bytes to every request, by the event loop that the emulator
has. None of them looks at who asks or what for.
"""

import asyncio
import io
import itertools
import os
import queue
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

import uvloop

from engine.layout import ROOT

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
_ROW_BYTES = 12_000  # about what the rows of an instance are
_TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def running_bare_server(mode: str, path: Path) -> Iterator[int]:
    """One of these servers on a free port, which is given; `path` is the folder or the file that it works with."""
    command = [sys.executable, "-m", "benchmarks.peers.bare_server", mode, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


def main(mode: str, path: Path) -> None:
    """Listen on a free port, print it, and serve until killed."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    if mode == "answer":
        uvloop.run(_answer(listener, path.read_bytes()))
        return
    path.mkdir(parents=True)
    commit = _Rows(path / "rows.sqlite").commit if mode == "commit" else _nothing
    numbers = itertools.count()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_receive, args=(connection, path, numbers, commit), daemon=True).start()


def _receive(connection: socket.socket, folder: Path, numbers: Iterator[int], commit: Callable[[], None]) -> None:
    """Take one request after another."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with closing(connection), cast("io.BufferedReader", connection.makefile("rb", 1 << 16)) as incoming:
        while line := incoming.readline():
            length = 0
            while line not in (b"\r\n", b""):
                length = int(line[len(_LENGTH) :]) if line.lower().startswith(_LENGTH) else length
                line = incoming.readline()
            body = bytearray(length)
            incoming.readinto(body)
            _write(folder / str(next(numbers)), body)
            commit()
            connection.sendall(_TAKEN)


def _write(path: Path, body: bytearray) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, body)
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def _nothing() -> None:
    """Commit no row."""


class _Rows:
    """A table to which one thread writes, as many rows with a commit as wait for it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: queue.SimpleQueue[threading.Event] = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def commit(self) -> None:
        """Add a row and wait until it is on the disk."""
        done = threading.Event()
        self._waiting.put(done)
        done.wait()

    def _run(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE rows(row BLOB)"):
            connection.execute(statement)
        row = os.urandom(_ROW_BYTES)
        while True:
            group = [self._waiting.get()]
            while not self._waiting.empty():
                group.append(self._waiting.get())
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO rows VALUES(?)", [(row,)] * len(group))
            connection.execute("COMMIT")
            for done in group:
                done.set()


async def _answer(listener: socket.socket, body: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    class Answering(asyncio.Protocol):
        """A connection whose every head is answered with the same bytes."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            """Keep where answers go."""
            self._transport = cast("asyncio.Transport", transport)

        def data_received(self, data: bytes) -> None:
            """Answer what has come."""
            self._transport.write(answer * data.count(_HEAD_END))

    server = await asyncio.get_running_loop().create_server(Answering, sock=listener)
    await server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
