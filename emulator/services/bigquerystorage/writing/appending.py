"""AppendRows: each request of a connection goes the way of every request, and its answer tells of its rows alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from emulator.errors import invalid_argument
from emulator.gateway.request import Answer, Request
from emulator.services.bigquery import catalog
from emulator.services.bigquery.sql.types import Field
from emulator.services.bigquerystorage.engine.appends import ARROW, PROTO, Append, Appended, Shape
from emulator.services.bigquerystorage.requests import message_of, on_table
from emulator.services.bigquerystorage.service import SERVICE
from emulator.services.bigquerystorage.writing import queues, tables
from emulator.services.bigquerystorage.writing.names import StreamName

MOST_BYTES = 20 << 20  # AppendRowsRequest: "must be less than 20 MB in size"
INTERPRETED = {"NULL_VALUE": False, "DEFAULT_VALUE": True}


@dataclass
class Connection:
    """What earlier requests of a connection have said: the stream, its schema by format, and what is missing means.

    told are the columns of each stream's table that the writer knows of.
    """

    stream: str = ""
    schemas: dict[str, bytes] = field(default_factory=dict)
    is_default: bool = False
    told: dict[str, list[Field]] = field(default_factory=dict)


@dataclass
class Rows:
    """One request of a connection, read from its message.

    interpretations say of columns, and is_default (None: as before) of all others, whether missing values get the
    default. entered is set once the rows have their place behind those of earlier requests.
    """

    connection: Connection
    form: str
    schema: bytes
    rows: tuple[bytes, ...]
    offset: int | None
    size: int
    interpretations: dict[str, str]
    is_default: bool | None
    entered: asyncio.Event = field(default_factory=asyncio.Event)


@SERVICE.handles("bigquerystorage.BigQueryWrite.AppendRows", permission="bigquery.tables.updateData", on=on_table)
async def append(request: Request) -> Answer:
    """Append the rows of one request. What is wrong with them is in the answer; other errors end the connection."""
    rows: Rows = message_of(request)
    context, connection = request.context, rows.connection
    name = StreamName.parse(context, request.name)
    if rows.size > MOST_BYTES:
        raise invalid_argument(f"AppendRows request too large: {rows.size} limit {MOST_BYTES}")
    if rows.offset is not None and name.is_default:
        raise invalid_argument("An offset is not allowed in the default stream.")
    columns = catalog.fields_of(tables.find(context, name.table).body)
    shape = _shape(rows, columns)
    stream = "" if name.is_default else str(name)
    waiting = asyncio.ensure_future(
        queues.of(context, name.table).put(Append(stream, rows.offset, shape, rows.rows), request.principal)
    )
    await asyncio.sleep(0)  # until it has its place
    rows.entered.set()
    done = await waiting
    known = connection.told.setdefault(str(name), columns)
    changed = known != columns
    connection.told[str(name)] = columns
    return _answer(request.name, done, columns if changed else None)


def _shape(rows: Rows, columns: list[Field]) -> Shape:
    """How the rows are written, with what the connection knows from earlier requests. Raises a 400."""
    connection = rows.connection
    if not rows.form:
        raise invalid_argument("The request has neither protoRows nor arrowRows.")
    if rows.schema:
        connection.schemas[rows.form] = rows.schema
    schema = connection.schemas.get(rows.form)
    if schema is None:
        kind = {PROTO: "protoRows", ARROW: "arrowRows"}[rows.form]
        raise invalid_argument(f"The first request of a connection to a stream needs {kind}.writerSchema.")
    if rows.is_default is not None:
        connection.is_default = rows.is_default
    return Shape(rows.form, schema, _defaults(rows, columns))


def _defaults(rows: Rows, columns: list[Field]) -> frozenset[str]:
    """The columns whose missing values get their default. Raises a 400 for an interpretation of what is no column."""
    known = {column["name"].lower() for column in columns}
    defaults = set(known) if rows.connection.is_default else set()
    for name, interpretation in rows.interpretations.items():
        if name.lower() not in known or interpretation not in INTERPRETED:
            raise invalid_argument(f"missingValueInterpretations has no valid value for the column {name}.")
        (defaults.add if INTERPRETED[interpretation] else defaults.discard)(name.lower())
    return frozenset(defaults)


def _answer(stream: str, done: Appended, updated: list[Field] | None) -> dict[str, Any]:
    """The AppendRowsResponse."""
    answer: dict[str, Any] = {"writeStream": stream}
    if updated is not None:
        answer["updatedSchema"] = tables.schema_shown(updated)
    if done.problem is None:
        answer["appendResult"] = {} if done.offset is None else {"offset": str(done.offset)}
        return answer
    answer["error"] = done.problem.to_status()
    answer["rowErrors"] = [
        {"index": str(row), "code": "FIELDS_ERROR", "message": said} for row, said in done.row_errors
    ]
    return answer
