"""ReadRows: the rows of a stream from an offset on, a batch after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError, invalid_argument
from emulator.gateway.request import Answer, Request, Response
from emulator.services.bigquery import warehouse
from emulator.services.bigquerystorage.engine import reading
from emulator.services.bigquerystorage.reading import sessions
from emulator.services.bigquerystorage.reading.batch import Batch
from emulator.services.bigquerystorage.reading.creating import schema_shown
from emulator.services.bigquerystorage.requests import message_of, on_project
from emulator.services.bigquerystorage.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

BATCH_BYTES = 2 << 20  # of one call of the engine, about
FIRST_ROWS, MOST_ROWS = 4096, 122_880
AHEAD = 2  # calls that are under way or whose batches wait, while earlier ones are sent


class Reading:
    """The batches of a stream from the row number `start` on, made while earlier ones are being sent."""

    def __init__(self, context: Context, session: sessions.Session, stream: str, start: int) -> None:
        self._context = context
        self.session = session
        self._stream = stream
        self._asked = self._done = start
        self._span = FIRST_ROWS

    @property
    def _total(self) -> int:
        first, end = self.session.streams[self._stream]
        return end - first

    async def batches(self) -> AsyncIterator[Batch]:
        """The batches. Raises ApiError where the session goes meanwhile."""
        calls: deque[asyncio.Task[list[reading.Batch]]] = deque()
        try:
            while self._ask(calls):
                made = await calls.popleft()
                self._learn(made)
                for data, rows in made:
                    yield self._batch(memoryview(data), rows)
                    self._done += rows
        finally:
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

    def _ask(self, calls: deque[asyncio.Task[list[reading.Batch]]]) -> bool:
        """Have the next calls of the engine made; whether there is one to wait for."""
        while len(calls) < AHEAD and self._asked < self._total:
            calls.append(asyncio.create_task(self._read(self._asked, self._span)))
            self._asked += self._span
        return bool(calls)

    def _learn(self, made: list[reading.Batch]) -> None:
        """Let later calls give as many rows as make a batch of the wanted size."""
        size = sum(memoryview(data).nbytes for data, _ in made) or 1
        rows = sum(rows for _, rows in made)
        self._span = max(1, min(MOST_ROWS, rows * BATCH_BYTES // size))

    async def _read(self, done: int, span: int) -> list[reading.Batch]:
        """The rows after the first `done` of the stream; the session may have moved to a copy since the last."""
        self.session, _ = sessions.of_stream(self._context, self.session.stream_name(self._stream))
        first, end = self.session.streams[self._stream]
        work = reading.arrow_batches if self.session.form == "ARROW" else reading.avro_rows
        session, begin = self.session, first + done
        rows = (begin, min(begin + span, end))
        return await warehouse.of(self._context).run(work, session.table, session.columns, session.fields, *rows)

    def _batch(self, data: memoryview, rows: int) -> Batch:
        total = self._total
        return Batch(self.session.form, data, rows, self._done / total, (self._done + rows) / total)


@SERVICE.handles("bigquerystorage.BigQueryRead.ReadRows", permission="bigquery.readsessions.getData", on=on_project)
async def read(request: Request) -> Answer:
    """The rows of a stream from an offset on, as a stream of ReadRowsResponse; its first one has the schema."""
    message, context = message_of(request), request.context
    session, stream = sessions.of_stream(context, request.name)
    first, end = session.streams[stream]
    offset = int(message.get("offset", 0))
    if offset < 0:
        raise invalid_argument("offset is 0 or more.")
    if offset > end - first:
        said = f"The stream has {end - first} rows; there is none at offset {offset}."
        raise ApiError(400, "OUT_OF_RANGE", said, "outOfRange")
    schema = await schema_shown(context, session)
    return Response(200, {}, _responses(Reading(context, session, stream, offset), schema))


async def _responses(reading: Reading, schema: dict[str, Any]) -> AsyncIterator[bytes]:
    from emulator.services.bigquerystorage import messages

    is_first = True
    async for batch in reading.batches():
        yield messages.rows_of(batch, schema if is_first else {})
        is_first = False
