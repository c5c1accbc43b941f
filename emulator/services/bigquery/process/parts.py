"""What calls yield before they end, on a pair of sockets of its own, received where it stays.

Each part is bytes, which come in pieces and arrive as one object: a thread waits for all of them in one system call, so
that nobody copies them together. How such a call ends comes behind its parts.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Sequence

Piece = bytes | memoryview
Part = tuple[Sequence[Piece], int]  # what a generator yields: bytes in pieces, and how many things are in them
HEAD = struct.Struct(">QqQ")  # the number of the call, how many things are in the part, and how many bytes follow
END = -1  # in place of how many things: the bytes say how the call ended
PIECES = 64  # that a system call sends; Linux takes 1,024


def send_part(channel: socket.socket, number: int, part: Part) -> None:
    """Send what the call of that number yields, or how it ends."""
    pieces, count = part
    send(channel, [HEAD.pack(number, count, sum(map(len, pieces))), *pieces])


def send(channel: socket.socket, pieces: list[Piece]) -> None:
    """Send pieces one behind the other; the thread waits until all are sent."""
    while pieces:
        pieces = _rest(pieces, channel.sendmsg(pieces[:PIECES]))


def _rest(pieces: list[Piece], sent: int) -> list[Piece]:
    """What is left of pieces of which so many bytes are sent."""
    for number, piece in enumerate(pieces):
        if sent < len(piece):
            return [memoryview(piece)[sent:], *pieces[number + 1 :]]
        sent -= len(piece)
    return []


class Receiver:
    """Gives each part to `take` (the call's number, the bytes and how many things) on the event loop that made this."""

    def __init__(self, channel: socket.socket, take: Callable[[int, bytes, int], None]) -> None:
        self._channel = channel
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._receive, name="bigquery-parts", daemon=True)
        self._thread.start()

    async def wait(self) -> None:
        """Wait until the other end has closed its socket and all has been given."""
        await asyncio.to_thread(self._thread.join)

    def _receive(self) -> None:
        with self._channel:
            while (head := self._read(HEAD.size)) is not None:
                number, count, size = HEAD.unpack(head)
                if (data := self._read(size)) is None:
                    return
                self._loop.call_soon_threadsafe(self._take, number, data, count)

    def _read(self, size: int) -> bytes | None:
        """So many bytes; None where the other end closes its socket before."""
        data = self._channel.recv(size, socket.MSG_WAITALL)
        while len(data) < size:  # at the end, or after a signal
            more = self._channel.recv(size - len(data), socket.MSG_WAITALL)
            if not more:
                return None
            data += more
        return data
