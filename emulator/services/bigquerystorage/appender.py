"""AppendRows over gRPC: requests and answers of one connection, in order, several of them on their way at a time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import orjson
from google.protobuf.message import Message as Proto

from emulator.gateway.grpc.bridge import Bridge, Servicer, parsed
from emulator.gateway.request import Response
from emulator.services.bigquerystorage.engine.appends import ARROW, PROTO
from emulator.services.bigquerystorage.messages import message_class
from emulator.services.bigquerystorage.writing.appending import Connection, Rows

METHOD = "bigquerystorage.BigQueryWrite.AppendRows"
AHEAD = 64  # requests of a connection that are on their way; further ones wait to be read
INTERPRETATIONS = ("", "NULL_VALUE", "DEFAULT_VALUE")  # by their numbers
_Request = message_class("AppendRowsRequest")
_Response = message_class("AppendRowsResponse")


class Appending:
    """google.cloud.bigquery.storage.v1.BigQueryWrite.AppendRows."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def serve(self, requests: AsyncIterator[Any], servicer: Servicer) -> AsyncIterator[Proto]:
        """An answer for each request, in their order, until the client or an error ends the connection."""
        on_the_way: asyncio.Queue[asyncio.Task[Response] | None] = asyncio.Queue(AHEAD)
        reading = asyncio.create_task(self._read(requests, servicer, on_the_way))
        try:
            while (task := await on_the_way.get()) is not None:
                response = await task
                await self._bridge.check(servicer, response)
                yield parsed(_Response, orjson.loads(response.body if isinstance(response.body, bytes) else b"{}"))
            await reading
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading

    async def _read(
        self, requests: AsyncIterator[Any], servicer: Servicer, on_the_way: asyncio.Queue[asyncio.Task[Response] | None]
    ) -> None:
        """Begin each request once the one before has its place in the table's queue."""
        connection = Connection()
        try:
            async for message in requests:
                connection.stream = message.write_stream or connection.stream
                rows = _rows(connection, message)
                task = asyncio.create_task(
                    self._bridge.call(servicer, METHOD, {"name": connection.stream}, message=rows)
                )
                await on_the_way.put(task)
                entered = asyncio.create_task(rows.entered.wait())
                await asyncio.wait([task, entered], return_when=asyncio.FIRST_COMPLETED)
                entered.cancel()
        finally:
            await on_the_way.put(None)


def _rows(connection: Connection, message: Any) -> Rows:
    """What a request says."""
    form, schema = "", b""
    rows: tuple[bytes, ...] = ()
    if message.HasField("proto_rows"):
        data = message.proto_rows
        form, rows = PROTO, tuple(data.rows.serialized_rows)
        if data.HasField("writer_schema"):
            schema = data.writer_schema.proto_descriptor.SerializeToString()
    elif message.HasField("arrow_rows"):
        data = message.arrow_rows
        form, rows = ARROW, (data.rows.serialized_record_batch,)
        schema = data.writer_schema.serialized_schema
    missing = message.default_missing_value_interpretation
    return Rows(
        connection=connection,
        form=form,
        schema=schema,
        rows=rows,
        offset=message.offset.value if message.HasField("offset") else None,
        size=message.ByteSize(),
        interpretations={
            name: INTERPRETATIONS[value] if value < len(INTERPRETATIONS) else str(value)
            for name, value in message.missing_value_interpretations.items()
        },
        is_default=missing == INTERPRETATIONS.index("DEFAULT_VALUE") if missing else None,
    )
