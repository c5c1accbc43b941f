"""The methods of write streams: create, get, flush, finalize, commit.

https://cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1#bigquerywrite
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError, invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.bigquery import catalog, warehouse
from emulator.services.bigquery.names import TableName
from emulator.services.bigquerystorage import errors
from emulator.services.bigquerystorage.engine import writing
from emulator.services.bigquerystorage.engine.streams import BUFFERED, COMMITTED, PENDING, Stream
from emulator.services.bigquerystorage.requests import message_of, on_table
from emulator.services.bigquerystorage.requests import table_of as named_table
from emulator.services.bigquerystorage.service import SERVICE
from emulator.services.bigquerystorage.writing import tables
from emulator.services.bigquerystorage.writing.names import StreamName

if TYPE_CHECKING:
    from emulator.context import Context
    from emulator.state.resources import Resource

UPDATE = "bigquery.tables.updateData"
KEPT_SECONDS = 7 * 24 * 3600  # a stream that nobody used as long is forgotten
KINDS = (COMMITTED, PENDING, BUFFERED)


@SERVICE.handles("bigquerystorage.BigQueryWrite.CreateWriteStream", permission=UPDATE, on=on_table)
async def create(request: Request) -> Answer:
    """Make a stream of a table."""
    message, context = message_of(request), request.context
    wanted = message.get("writeStream") or {}
    kind = wanted.get("type")
    if kind not in KINDS:
        raise invalid_argument(f"writeStream.type must be one of {', '.join(KINDS)}.")
    name = _table(context, request.name)
    found, house = tables.find(context, name), warehouse.of(context)
    table = tables.table_of(context, found, request.principal)
    await house.run(writing.forget, table.place, table.now - KEPT_SECONDS * 1_000_000, short=True)
    identifier = context.ids.hex(32)
    stream = Stream(
        name=str(StreamName(name, identifier)),
        kind=kind,
        storage="" if kind == COMMITTED else house.name_beside("w", [table.place]),
        columns="",
        table_created=table.created,
        created=table.now,
        used=table.now,
    )
    stream = await house.run(writing.create, table.place, stream, table.fields, short=True, again=False)
    return {**_shown(context, stream, found), "tableSchema": tables.schema_shown(table.fields)}


def _table(context: Context, name: str) -> TableName:
    table = named_table(name)
    return TableName(context.project_id(table.project), table.dataset, table.table)


def _shown(context: Context, stream: Stream, found: Resource) -> dict[str, Any]:
    """A stream as the API shows it."""
    committed = stream.created if stream.kind == COMMITTED else stream.committed
    shown = {
        "name": stream.name,
        "type": stream.kind,
        "createTime": context.clock.stamp_of(stream.created / 1_000_000),
        "writeMode": "INSERT",
        "location": found.body.get("location", catalog.DEFAULT_LOCATION).lower(),
    }
    return {**shown, "commitTime": context.clock.stamp_of(committed / 1_000_000)} if committed else shown


@SERVICE.handles("bigquerystorage.BigQueryWrite.GetWriteStream", permission="bigquery.tables.get", on=on_table)
async def get(request: Request) -> Answer:
    """Show a stream; in the view FULL with its table's schema."""
    message, context = message_of(request), request.context
    name = StreamName.parse(context, request.name)
    found = tables.find(context, name.table)
    table = tables.table_of(context, found, request.principal)
    if name.is_default:
        made = table.created * 1000
        stream = Stream(str(name), COMMITTED, "", "", table.created, made, made)
    else:
        stream = await warehouse.of(context).run(writing.find, table.place, str(name), table.created, short=True)
    shown = _shown(context, stream, found)
    return {**shown, "tableSchema": tables.schema_shown(table.fields)} if message.get("view") == "FULL" else shown


def _own(context: Context, name: str, method: str) -> StreamName:
    """The name of a stream that somebody made. Raises a 400 for the default one."""
    stream = StreamName.parse(context, name)
    if stream.is_default:
        raise errors.storage_error("INVALID_STREAM_TYPE", name, f"{method} is not supported on the default stream.")
    return stream


@SERVICE.handles("bigquerystorage.BigQueryWrite.FlushRows", permission=UPDATE, on=on_table)
async def flush(request: Request) -> Answer:
    """Let the rows of a BUFFERED stream be seen up to an offset."""
    message, context, house = message_of(request), request.context, warehouse.of(request.context)
    name = _own(context, request.name, "FlushRows")
    offset = int(message["offset"]) if message.get("offset") is not None else None
    async with house.lock(name.table):
        found = tables.find(context, name.table)
        table = tables.table_of(context, found, request.principal)
        done = await house.run(writing.flush, str(name), table, offset, short=True)
        house.changed(catalog.storage_of(found.body))
    return {"offset": str(done)}


@SERVICE.handles("bigquerystorage.BigQueryWrite.FinalizeWriteStream", permission=UPDATE, on=on_table)
async def finalize(request: Request) -> Answer:
    """Let a stream take no more rows."""
    message_of(request)
    context, house = request.context, warehouse.of(request.context)
    name = _own(context, request.name, "FinalizeWriteStream")
    async with house.lock(name.table):
        table = tables.table_of(context, tables.find(context, name.table), request.principal)
        rows = await house.run(writing.finalize, table.place, str(name), table.created, short=True)
    return {"rowCount": str(rows)}


@SERVICE.handles("bigquerystorage.BigQueryWrite.BatchCommitWriteStreams", permission=UPDATE, on=on_table)
async def commit(request: Request) -> Answer:
    """Let the rows of PENDING streams of a table be seen, all at once or none."""
    message, context, house = message_of(request), request.context, warehouse.of(request.context)
    name = _table(context, request.name)
    streams = [str(_of_table(context, given, name)) for given in message.get("writeStreams") or []]
    if not streams:
        raise invalid_argument("writeStreams names no stream.")
    async with house.lock(name):
        found = tables.find(context, name)
        table = tables.table_of(context, found, request.principal)
        problems = await house.run(writing.commit, list(dict.fromkeys(streams)), table, again=False)
        house.changed(catalog.storage_of(found.body))
    if problems:
        return {"streamErrors": [_told(problem) for problem in problems]}
    return {"commitTime": context.clock.stamp_of(table.now / 1_000_000)}


def _of_table(context: Context, given: str, table: TableName) -> StreamName:
    name = _own(context, given, "BatchCommitWriteStreams")
    if name.table != table:
        raise invalid_argument(f"{name} is no stream of {table.resource}, which is the parent.")
    return name


def _told(problem: ApiError) -> dict[str, Any]:
    """An error as one of the streamErrors."""
    detail = problem.details[0]
    return {key: detail[key] for key in ("code", "entity", "errorMessage")}
