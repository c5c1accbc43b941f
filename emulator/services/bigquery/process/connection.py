"""The emulator's end of the sockets: frames are received into the memory in which they stay."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import cast

from emulator.services.bigquery.process.frames import LENGTH

SCRATCH = 64 << 10  # bytes for short frames, several of which may come at once


class Connection(asyncio.BufferedProtocol):
    """Frames both ways."""

    def __init__(self) -> None:
        self._scratch = memoryview(bytearray(SCRATCH))
        self._frame = memoryview(b"")  # one that does not fit there
        self._filled = 0  # bytes of the frame, or else of what is in the scratch memory
        self._frames: asyncio.Queue[memoryview | None] = asyncio.Queue()
        self._writable = asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport

    @staticmethod
    async def over(channel: socket.socket) -> Connection:
        """A connection over a connected socket, which is closed with it."""
        return (await asyncio.get_running_loop().create_connection(Connection, sock=channel))[1]

    async def frames(self) -> AsyncIterator[memoryview]:
        """Each frame without its length, until the other end closes the socket."""
        while (frame := await self._frames.get()) is not None:
            yield frame

    def write(self, pieces: list[bytes]) -> None:
        """Send one frame, in pieces; what the other end does not take is kept."""
        self._transport.writelines(pieces)

    async def drain(self) -> None:
        """Wait until not much is kept."""
        await self._writable.wait()

    def close(self) -> None:
        """Close the socket."""
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the socket is open."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 the name is asyncio's
        """asyncio: the socket is closed."""
        self._frames.put_nowait(None)
        self._writable.set()

    def pause_writing(self) -> None:
        """asyncio: much is kept."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """asyncio: it is not any more."""
        self._writable.set()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 the name is asyncio's
        """asyncio: where what comes next belongs."""
        return (self._frame or self._scratch)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """asyncio: so much has come."""
        self._filled += nbytes
        if not self._frame:
            self._sort()
        elif self._filled == len(self._frame):
            self._frames.put_nowait(self._frame)
            self._frame, self._filled = memoryview(b""), 0

    def _sort(self) -> None:
        """Take the frames out of the scratch memory; one that is longer gets memory of its own."""
        at, come = 0, self._scratch[: self._filled]
        while len(come) - at >= LENGTH.size:
            begin = at + LENGTH.size
            end = begin + LENGTH.unpack_from(come, at)[0]
            if end > len(come):
                break
            self._frames.put_nowait(memoryview(bytes(come[begin:end])))
            at = end
        self._keep(bytes(come[at:]))

    def _keep(self, rest: bytes) -> None:
        """Keep the begin of a frame where the rest of it will come."""
        size = LENGTH.unpack_from(rest)[0] if len(rest) >= LENGTH.size else 0
        if size + LENGTH.size > SCRATCH:
            rest, self._frame = rest[LENGTH.size :], memoryview(bytearray(size))
        (self._frame or self._scratch)[: len(rest)] = rest
        self._filled = len(rest)
