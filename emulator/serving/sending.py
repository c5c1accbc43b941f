"""Sending bytes of a file over a connection without reading them: sendfile(2)."""

from __future__ import annotations

import asyncio
import os

SPANS = "emulator.spans"
"""The ASGI extension of a server that takes a Span, bytes of a file, for a body, as protocol.py does."""
CUT = "emulator.cut"
"""The type of an ASGI message that breaks off the connection, as protocol.py does."""


async def send_file(transport: asyncio.Transport, descriptor: int, at: int, size: int) -> int:
    """Send bytes of a file over a connection that has nothing else to send; gives how many went.

    Fewer than `size` where the file has ended, or the connection: the transport finds that out by itself.
    """
    connection = transport.get_extra_info("socket").fileno()
    sent = 0
    while sent < size:
        try:
            went = os.sendfile(connection, descriptor, at + sent, size - sent)
        except BlockingIOError:
            await _writable(connection)
            continue
        except OSError:
            break
        if not went:
            break
        sent += went
    return sent


async def _writable(connection: int) -> None:
    """Wait until a connection takes more. The loop watches a transport's own descriptor for the transport alone."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()
    own = os.dup(connection)
    try:
        loop.add_writer(own, _done, future)
        await future
    finally:
        loop.remove_writer(own)
        os.close(own)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
