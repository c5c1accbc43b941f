"""Streams whose first rows are read when their session is made, before anybody has asked for them.

Who makes a session nearly always reads it at once. What was begun is given up after a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from emulator.services.bigquerystorage.reading.sessions import Session
from emulator.services.bigquerystorage.reading.stream import Reading
from emulator.services.bigquerystorage.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

BEGUN = "bigquerystorage.begun"
SECONDS = 2.0  # that rows wait to be asked for
MOST = 2  # sessions whose rows wait, each with some 50 MB at most


class Begun:
    """The first rows of a stream, and the rest of it. kept is the write that keeps the session."""

    def __init__(self, reading: Reading, kept: asyncio.Future[None]) -> None:
        self._reading = reading
        self._responses = reading.responses()
        self._first = asyncio.create_task(self._read(kept))
        self.timer: asyncio.Task[None] | None = None

    async def _read(self, kept: asyncio.Future[None]) -> bytes | None:
        """The first message, by which the length of a row is known; the next ones are being read then.

        Nobody changes the table before the session is kept: who makes that holds its lock.
        """
        first = await anext(self._responses, None)
        self._reading.ask()
        await asyncio.shield(kept)
        return first

    @property
    def is_well(self) -> bool:
        """Whether nothing has gone wrong until now."""
        first = self._first
        return not first.done() or not (first.cancelled() or first.exception())

    async def responses(self) -> AsyncIterator[bytes]:
        """All messages of rows. Raises ApiError where the session goes meanwhile."""
        try:
            if (first := await self._first) is not None:
                yield first
            async for response in self._responses:
                yield response
        finally:
            await self.stop()

    async def stop(self) -> None:
        """End what reads."""
        self._first.cancel()
        await asyncio.gather(self._first, return_exceptions=True)
        await self._responses.aclose()


def begin(context: Context, session: Session, kept: asyncio.Future[None]) -> None:
    """Read the first rows of a new session's first stream, unless rows of others wait."""
    waiting = _waiting(context)
    if len(waiting) >= MOST:
        return
    stream = next(iter(session.streams))
    name = session.stream_name(stream)
    waiting[name] = found = Begun(Reading(context, session, stream, 0, kept), kept)
    found.timer = asyncio.create_task(_give_up(waiting, name))


def claimed(context: Context, name: str) -> AsyncIterator[bytes] | None:
    """The messages of a stream that was begun; None for others."""
    found = _waiting(context).pop(name, None)
    return found.responses() if found is not None and found.is_well else None


async def _give_up(waiting: dict[str, Begun], name: str) -> None:
    await asyncio.sleep(SECONDS)
    if name in waiting:
        await waiting.pop(name).stop()


def _waiting(context: Context) -> dict[str, Begun]:
    found: dict[str, Begun] = context.extensions.setdefault(BEGUN, {})
    return found


@SERVICE.on_stop
async def _stop(context: Context) -> None:
    for found in context.extensions.pop(BEGUN, {}).values():
        await found.stop()
