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

MESSAGE_BYTES = 1 << 20  # of a batch, about
CALL_BYTES = {"ARROW": 16 << 20, "AVRO": 2 << 20}  # of what one call of the engine gives, about
FIRST_ROWS = 4096
ROW_GROUP = 122_880  # DuckDB: rows that are stored together, of which reading a part takes twice its share
AHEAD = 2  # calls that are under way or whose batches wait, while earlier ones are sent


class Reading:
    """The batches of a stream from the row number `start` on, made while earlier ones are being sent."""

    def __init__(self, context: Context, session: sessions.Session, stream: str, start: int) -> None:
        self._context = context
        self.session = session
        self._stream = stream
        self._asked = self._done = start
        self._call_bytes = CALL_BYTES[session.form]
        self._row_bytes = self._call_bytes // FIRST_ROWS  # about

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
                    yield self._batch(data, rows)
                    self._done += rows
        finally:
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

    def _ask(self, calls: deque[asyncio.Task[list[reading.Batch]]]) -> bool:
        """Have the next calls of the engine made; whether there is one to wait for."""
        while len(calls) < AHEAD and self._asked < self._total:
            span = self._span()
            calls.append(asyncio.create_task(self._read(self._asked, span)))
            self._asked += span
        return bool(calls)

    def _span(self) -> int:
        """How many rows the next call is to give: to the end of a row group, where these are not too long."""
        most = max(1, self._call_bytes // self._row_bytes)
        first, end = self.session.streams[self._stream]
        at = first + self._asked
        return min(end - at, ROW_GROUP - at % ROW_GROUP, most)

    def _learn(self, made: list[reading.Batch]) -> None:
        """Know the length of a row from those that came last."""
        size, rows = sum(len(piece) for pieces, _ in made for piece in pieces), sum(rows for _, rows in made)
        self._row_bytes = max(1, size // rows) if rows else self._row_bytes

    async def _read(self, done: int, span: int) -> list[reading.Batch]:
        """The rows after the first `done` of the stream; the session may have moved to a copy since the last."""
        self.session, _ = sessions.of_stream(self._context, self.session.stream_name(self._stream))
        session, most = self.session, max(1, MESSAGE_BYTES // self._row_bytes)
        begin = session.streams[self._stream][0] + done
        work = reading.arrow_batches if session.form == "ARROW" else reading.avro_rows
        arguments = (session.table, session.columns, session.fields, (begin, begin + span), most)
        return await warehouse.of(self._context).run(work, *arguments)

    def _batch(self, data: reading.Pieces, rows: int) -> Batch:
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
