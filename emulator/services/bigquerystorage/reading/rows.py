"""ReadRows: the rows of a stream from an offset on, a batch after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable
from typing import Any

from emulator.errors import ApiError, invalid_argument
from emulator.gateway.request import Answer, Request, Response
from emulator.services.bigquerystorage.reading import allocation, begun, job_streams, sessions
from emulator.services.bigquerystorage.reading.creating import schema_shown
from emulator.services.bigquerystorage.reading.stream import Reading
from emulator.services.bigquerystorage.requests import message_of, on_project
from emulator.services.bigquerystorage.service import SERVICE


@SERVICE.handles("bigquerystorage.BigQueryRead.ReadRows", permission="bigquery.readsessions.getData", on=on_project)
async def read(request: Request) -> Answer:
    """The rows of a stream from an offset on, as a stream of ReadRowsResponse; its first one has the schema."""
    message, context = message_of(request), request.context
    if job_streams.is_of_job(request.name) and not await job_streams.prepare(request):
        return Response(200, {}, _each(()))
    session, stream = sessions.of_stream(context, request.name)
    first, end = session.streams[stream]
    offset = int(message.get("offset", 0))
    if offset < 0:
        raise invalid_argument("offset is 0 or more.")
    if offset > end - first:
        said = f"The stream has {end - first} rows; there is none at offset {offset}."
        raise ApiError(400, "OUT_OF_RANGE", said, "outOfRange")
    allocation.keep_freed()
    schema = asyncio.create_task(schema_shown(context, session))  # while the first rows are read
    ahead = begun.claimed(context, session.stream_name(stream)) if not offset else None
    responses = ahead or Reading(context, session, stream, offset).responses()
    return Response(200, {}, _with_schema(responses, schema))


async def _each(responses: Iterable[bytes]) -> AsyncIterator[bytes]:
    for response in responses:
        yield response


async def _with_schema(responses: AsyncIterator[bytes], schema: Awaitable[dict[str, Any]]) -> AsyncIterator[bytes]:
    from emulator.services.bigquerystorage import messages

    if (first := await anext(responses, None)) is not None:
        yield messages.with_schema(await schema, first)
    async for response in responses:
        yield response
