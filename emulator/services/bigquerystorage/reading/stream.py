"""The rows of a stream from one on, read from the engine a message after the other, ahead of who takes them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from emulator.services.bigquery import warehouse
from emulator.services.bigquery.process.client import Take
from emulator.services.bigquerystorage.engine import reading
from emulator.services.bigquerystorage.reading import sessions

if TYPE_CHECKING:
    from emulator.context import Context

MESSAGE_BYTES = 1 << 20  # about
SPAN_BYTES = {"ARROW": 24 << 20, "AVRO": 2 << 20}  # of the rows of one call of the engine, about
FIRST_ROWS = 4096  # of the first call, by which the length of a row is known
ROW_GROUP = 122_880  # DuckDB: rows that are stored together, of which reading a part takes twice its share
AHEAD = 2  # calls that are under way or whose messages wait, while earlier ones are sent


class Reading:
    """Messages of the rows of a stream from the number `start` on, made while earlier ones are being sent.

    kept is the write that keeps a new session: until that is done its rows are read without looking it up.
    """

    def __init__(
        self,
        context: Context,
        session: sessions.Session,
        stream: str,
        start: int,
        kept: asyncio.Future[None] | None = None,
    ) -> None:
        self._context = context
        self.session = session
        self._stream = stream
        self._asked = start
        self._row_bytes = 0
        self._kept = kept
        self._spans: deque[_Span] = deque()

    @property
    def _total(self) -> int:
        first, end = self.session.streams[self._stream]
        return end - first

    async def responses(self) -> AsyncGenerator[bytes]:
        """Each message, a ReadRowsResponse as it is sent. Raises ApiError where the session goes meanwhile."""
        try:
            while self.ask():
                async for response, rows in self._spans[0].responses():
                    self._row_bytes = max(1, len(response) // rows)
                    yield response
                self._spans.popleft()
        finally:
            await asyncio.gather(*(span.stop() for span in self._spans))

    def ask(self) -> bool:
        """Have the next calls of the engine made; whether there is one to wait for."""
        most = AHEAD if self._row_bytes else 1
        while len(self._spans) < most and self._asked < self._total:
            count = self._count()
            self._spans.append(_Span(partial(self._read, self._asked, count)))
            self._asked += count
        return bool(self._spans)

    def _count(self) -> int:
        """How many rows the next call is to give: to the end of a row group, unless the rows are too long."""
        most = max(1, SPAN_BYTES[self.session.form] // self._row_bytes) if self._row_bytes else FIRST_ROWS
        first, end = self.session.streams[self._stream]
        at = first + self._asked
        groups = max(1, most // ROW_GROUP)
        return min(end - at, groups * ROW_GROUP - at % ROW_GROUP, most)

    async def _read(self, done: int, count: int, take: Take) -> None:
        """Read rows after the first `done` of the stream; the session may have moved to a copy since the last."""
        if self._kept is None or self._kept.done():
            self.session, _ = sessions.of_stream(self._context, self.session.stream_name(self._stream))
        session, begin = self.session, self.session.streams[self._stream][0] + done
        work = reading.arrow_batches if session.form == "ARROW" else reading.avro_rows
        most = max(1, MESSAGE_BYTES // self._row_bytes) if self._row_bytes else FIRST_ROWS
        wanted = reading.Wanted(
            table=session.table,
            columns=session.columns,
            fields=session.fields,
            first=begin,
            end=begin + count,
            most=most,
            before=done,
            total=self._total,
        )
        await warehouse.of(self._context).run(work, wanted, take=take)


class _Span:
    """One call of the engine, which gives its messages to what it is called with, and those that have come."""

    def __init__(self, read: Callable[[Take], Awaitable[None]]) -> None:
        self._come: asyncio.Queue[tuple[bytes, int] | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._run(read))

    async def _run(self, read: Callable[[Take], Awaitable[None]]) -> None:
        try:
            await read(lambda response, rows: self._come.put_nowait((response, rows)))
        finally:
            self._come.put_nowait(None)

    async def responses(self) -> AsyncIterator[tuple[bytes, int]]:
        """Each message as soon as it has come, and how many rows it has. Raises what the call raises."""
        while (come := await self._come.get()) is not None:
            yield come
        await self._task

    async def stop(self) -> None:
        """End the call."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
