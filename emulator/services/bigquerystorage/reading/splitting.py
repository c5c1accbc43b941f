"""SplitReadStream: a stream as two."""

from __future__ import annotations

import dataclasses

from emulator.errors import invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.bigquerystorage.reading import sessions
from emulator.services.bigquerystorage.requests import message_of, on_project
from emulator.services.bigquerystorage.service import SERVICE


@SERVICE.handles(
    "bigquerystorage.BigQueryRead.SplitReadStream", permission="bigquery.readsessions.update", on=on_project
)
async def split(request: Request) -> Answer:
    """Make two streams of the rows of one, which stays; nothing where it has no two rows."""
    message, context = message_of(request), request.context
    fraction = message.get("fraction") or 0.5
    if not 0 < fraction < 1:
        raise invalid_argument("fraction is more than 0 and less than 1.")
    session, stream = sessions.of_stream(context, request.name)
    first, end = session.streams[stream]
    middle = first + round((end - first) * fraction)
    if not first < middle < end:
        return {}
    parts = {f"{stream}-{context.ids.hex(8)}": bounds for bounds in ((first, middle), (middle, end))}
    session = dataclasses.replace(session, streams={**session.streams, **parts})
    await context.db.write(sessions.put_in, session)
    primary, remainder = parts
    return {
        "primaryStream": {"name": session.stream_name(primary)},
        "remainderStream": {"name": session.stream_name(remainder)},
    }
