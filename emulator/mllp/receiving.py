"""Messages that arrive over MLLP: each goes to the store, and its sender gets the store's ACK or NACK."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from emulator.mllp.frames import FrameError, Frames, wrap
from emulator.mllp.store import StoreError

LOG = logging.getLogger(__name__)
_PIECE = 256 << 10
_KEEPALIVE = 180
"""Seconds of silence until the system asks whether the other side is still there, as Google's adapter has it."""


@dataclass
class Counts:
    """How many messages arrived, were answered, and failed without an answer."""

    received: int = 0
    answered: int = 0
    failed: int = 0


class Receiver:
    """Listens for connections. The messages of one are taken one after another, those of several beside each other.

    A message that is neither stored nor refused gets no answer: its connection is closed, so that the sender sends it
    again. So nothing that was acknowledged is lost. (GoogleCloudPlatform/mllp, mllpreceiver)
    """

    def __init__(self, ingest: Callable[[bytes], bytes], threads: Executor) -> None:
        self._ingest = ingest
        self._threads = threads
        self._connections: set[asyncio.Task[None]] = set()
        self._idle: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.counts = Counts()

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Begin to accept connections; the port, which is a free one for 0. Raises OSError."""
        self._server = await asyncio.start_server(self._serve, host, port, ssl=tls, backlog=1024)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Accept no more connections, end those that are idle, and wait for the messages that are being stored."""
        if self._server is not None:
            self._server.close()
        for task in [*self._idle]:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        _keep_alive(writer)
        try:
            await self._converse(task, reader, writer)
        except (FrameError, StoreError) as error:
            LOG.warning("A connection was closed: %s", error)
        except (OSError, asyncio.CancelledError):
            LOG.debug("A connection ended.")
        finally:
            self._connections.discard(task)
            writer.close()

    async def _converse(
        self, task: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        frames = Frames()
        while data := await self._read(task, reader):
            for message in frames.feed(data):
                writer.write(wrap(await self._store(message)))
                await writer.drain()
                self.counts.answered += 1
        if frames.unfinished:
            LOG.warning("A connection ended in the middle of a message, which was not stored.")

    async def _read(self, task: asyncio.Task[None], reader: asyncio.StreamReader) -> bytes:
        if self._server is None or not self._server.is_serving():
            return b""
        self._idle.add(task)
        try:
            return await reader.read(_PIECE)
        finally:
            self._idle.discard(task)

    async def _store(self, message: bytes) -> bytes:
        self.counts.received += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._ingest, message)
        except BaseException:
            self.counts.failed += 1
            raise


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE)
