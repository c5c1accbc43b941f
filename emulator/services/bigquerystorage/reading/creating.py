"""CreateReadSession: what is to be read of a table, and in which streams.

https://cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1#createreadsessionrequest
"""

from __future__ import annotations

import asyncio
import base64
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from emulator.errors import invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.bigquery import (
    catalog,
    decorators,
    encryption,
    expiration,
    row_access,
    schemas,
    views,
    warehouse,
)
from emulator.services.bigquery.jobs import results
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql import scripts
from emulator.services.bigquery.sql.catalog import Defaults
from emulator.services.bigquery.sql.engine import result_table, stored
from emulator.services.bigquery.sql.plans import Script
from emulator.services.bigquery.sql.recent import Recent
from emulator.services.bigquery.sql.types import Field
from emulator.services.bigquerystorage.avro_schema import schema_of
from emulator.services.bigquerystorage.engine import reading
from emulator.services.bigquerystorage.reading import begun, sessions
from emulator.services.bigquerystorage.reading.sessions import Session
from emulator.services.bigquerystorage.requests import message_of, on_project, table_of
from emulator.services.bigquerystorage.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

MOST_STREAMS = 1000  # CreateReadSessionRequest: "default system max limit"
STREAM_ROWS = 100_000  # of a stream, where the caller leaves their number to us
STREAMS = 16  # at most, then
MAX_RESTRICTION = 1 << 20  # TableReadOptions: bytes of row_restriction
MAX_TRACE = 256  # ReadSession: bytes of trace_id
VALUE_BYTES = 16  # of a value of a row, for the estimate
SCHEMAS, SCHEMAS_KEPT = "bigquerystorage.schemas", 100  # of the newest sessions
RESULTS = "_anonymous_results"  # the dataset of results of queries, whose rows never change


@dataclass(frozen=True)
class Source:
    """What a session reads from: a table or a result, its columns, its storage, and where it is."""

    name: TableName
    fields: list[Field]
    table: str
    storage: str
    location: str


@dataclass(frozen=True)
class Rows:
    """Where the rows of a session are: see Session; first and end are the numbers of the first and after the last."""

    table: str
    storage: str
    first: int
    end: int


@SERVICE.handles(
    "bigquerystorage.BigQueryRead.CreateReadSession", permission="bigquery.readsessions.create", on=on_project
)
async def create(request: Request) -> Answer:
    """Make a session of the rows that its table has now."""
    message, context = message_of(request), request.context
    wanted = message.get("readSession") or {}
    options = wanted.get("readOptions") or {}
    _check(wanted, options)
    await sessions.forget_expired(context)
    name = table_of(str(wanted.get("table", "")))
    name = TableName(context.project_id(name.project), name.dataset, name.table)
    if (found := catalog.find_table(context, name)) is not None:
        await expiration.purge(context, found)
    async with warehouse.of(context).lock(name):
        source = _source(request, name)
        asked = options.get("selectedFields") or []
        fields = schemas.selected(source.fields, ",".join(asked)) if asked else source.fields
        columns = [field for field in source.fields if any(field["name"] == wish["name"] for wish in fields)]
        rows = await _rows(request, source, columns, wanted, options)
        streams = _streams(rows, message)
        session = Session(
            name=f"{on_project(request)}/locations/{source.location.lower()}/sessions/{context.ids.hex(32)}",
            table=rows.table,
            storage=rows.storage,
            columns=columns,
            fields=fields,
            form=wanted["dataFormat"],
            expires=int((context.clock.seconds() + sessions.SECONDS) * 1000),
            streams=streams,
        )
        kept = asyncio.ensure_future(context.db.write(sessions.put_in, session))
        begun.begin(context, session, kept)
        shown = await _shown(context, session, wanted, rows.end - rows.first)
        await kept
    return shown


def _check(wanted: dict[str, Any], options: dict[str, Any]) -> None:
    """Raise a 400 for a session that cannot be."""
    if wanted.get("dataFormat") not in ("ARROW", "AVRO"):
        raise invalid_argument("readSession.dataFormat must be ARROW or AVRO.")
    if len(options.get("rowRestriction", "")) > MAX_RESTRICTION:
        raise invalid_argument("readOptions.rowRestriction has more than 1 MB.")
    if len(wanted.get("traceId", "").encode()) > MAX_TRACE:
        raise invalid_argument(f"readSession.traceId has more than {MAX_TRACE} bytes.")
    if not 0 <= options.get("samplePercentage", 100) <= 100:
        raise invalid_argument("readOptions.samplePercentage is from 0 to 100.")


def _source(request: Request, name: TableName) -> Source:
    """The table or result of that name. Raises 400 for a view, 403, 404."""
    context = request.context
    anonymous = results.find(context, name)
    if anonymous is not None and anonymous.principal == request.principal:
        location = catalog.DEFAULT_LOCATION
        return Source(name, list(anonymous.fields), anonymous.table, "", location)
    request.require("bigquery.tables.getData", name.resource)
    body = encryption.open_table(context, name).body
    place, location = catalog.storage_of(body), body.get("location", catalog.DEFAULT_LOCATION)
    if not place:
        kind = catalog.kind_of(body).lower().replace("_", " ")
        raise invalid_argument(f"{name} is of the kind {kind}, which no session reads; query it, and read the result.")
    return Source(name, catalog.fields_of(body), stored(place), place, location)


async def _rows(
    request: Request, source: Source, columns: list[Field], wanted: dict[str, Any], options: dict[str, Any]
) -> Rows:
    """The rows as they are now: where the table keeps them, or in a copy where only some are wanted."""
    context = request.context
    house = warehouse.of(context)
    place = house.name_beside("s", [source.table])
    some = row_access.filters(context, source.name, request.principal) is not None
    if text := _query(source.name, columns, wanted, options, some=some):
        await _fill(request, source.name, text, place)
    else:
        first, count, whole = await house.run(reading.extent, source.table, short=True)
        if whole and (source.storage or source.name.dataset == RESULTS):
            return Rows(source.table, source.storage, first, first + count)
        await house.run(reading.copy, source.table, result_table(place), columns, 0, 1 << 62)
    table = await sessions.keep_copy(context, source.name.project, place, columns, request.principal)
    first, count, _ = await house.run(reading.extent, table, short=True)
    return Rows(table, "", first, first + count)


def _query(
    name: TableName, columns: Sequence[Field], wanted: dict[str, Any], options: dict[str, Any], *, some: bool
) -> str:
    """The query for rows of which only some are wanted, or as they were at a time; "" for all as they are.

    some says that the caller sees only some of them anyway.
    """
    at = (wanted.get("tableModifiers") or {}).get("snapshotTime")
    sample, restriction = options.get("samplePercentage"), options.get("rowRestriction", "").strip()
    if not (at or sample is not None or restriction or some):
        return ""
    listed = ", ".join(f"`{column['name']}`" for column in columns)
    text = f"SELECT {listed} FROM `{name.project}.{name.dataset}.{name.table}`"
    if at:
        text += f" FOR SYSTEM_TIME AS OF TIMESTAMP '{at}'"
    if sample is not None:
        text += f" TABLESAMPLE SYSTEM ({math.ceil(sample)} PERCENT)"
    return f"{text} WHERE (\n{restriction}\n)" if restriction else text


async def _fill(request: Request, name: TableName, text: str, place: str) -> None:
    """Run a query of one table into a result table. Raises a 400 for a restriction that is no condition on its rows."""
    context, house = request.context, warehouse.of(request.context)
    script = Script(text, Defaults(name.project))
    plans = await house.run(scripts.prepare, script, short=True)
    named = {decorators.split_time(read)[0] for plan in plans for read in plan.reads if isinstance(read, TableName)}
    if len(plans) != 1 or plans[0].kind != "SELECT" or len(plans[0].reads) != 1 or named != {name}:
        raise invalid_argument("readOptions.rowRestriction must be one condition on the rows of the table.")
    found = await views.snapshot(context, plans[0].reads, request.principal)
    views.authorize(context, found, request.principal)
    await house.run(scripts.fill, script, plans[0].number, found, result_table(place))


def _streams(rows: Rows, message: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """The streams of a session, which share its rows evenly. Raises a 400 for numbers that do not fit."""
    most, least = int(message.get("maxStreamCount", 0)), int(message.get("preferredMinStreamCount", 0))
    if most < 0 or least < 0 or (most and least > most):
        raise invalid_argument("maxStreamCount and preferredMinStreamCount are 0 or more, and the former not the less.")
    total = rows.end - rows.first
    count = max(least, min(-(-total // STREAM_ROWS), STREAMS))
    count = max(1, min(count, most or MOST_STREAMS, MOST_STREAMS, total))
    bounds = [rows.first + total * number // count for number in range(count + 1)]
    return {f"s{number}": (bounds[number], bounds[number + 1]) for number in range(count)}


async def _shown(context: Context, session: Session, wanted: dict[str, Any], rows: int) -> dict[str, Any]:
    """The session as the API shows it."""
    return {
        **{
            key: wanted[key]
            for key in ("dataFormat", "table", "tableModifiers", "readOptions", "traceId")
            if key in wanted
        },
        "name": session.name,
        "expireTime": context.clock.stamp_of(session.expires / 1000),
        **await schema_shown(context, session),
        "streams": [{"name": session.stream_name(stream)} for stream in session.streams],
        "estimatedRowCount": str(rows),
        "estimatedTotalBytesScanned": str(rows * len(session.fields) * VALUE_BYTES),
    }


async def schema_shown(context: Context, session: Session) -> dict[str, Any]:
    """The schema of a session's rows, as the field that its format has for it."""
    if session.form == "AVRO":
        return {"avroSchema": {"schema": json.dumps(schema_of(session.fields))}}
    known: Recent[bytes] = context.extensions.setdefault(SCHEMAS, Recent[bytes](SCHEMAS_KEPT))
    key = orjson.dumps(session.fields)
    if (data := known.get(key)) is None:  # asked for by ReadRows, too, while the engine is busy with the rows
        data = await warehouse.of(context).run(reading.arrow_schema, session.fields, short=True)
        known.put(key, data)
    return {"arrowSchema": {"serializedSchema": base64.b64encode(data).decode()}}
