"""The steps of writing that the engine process does: streams made, appended to, flushed, finalized and committed.

Every function takes a connection first. What is slow to import is imported inside, since the emulator's own process
names these functions, too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import orjson

from emulator.errors import ApiError
from emulator.services.bigquery.sql import messages, storage
from emulator.services.bigquery.sql.engine import stored, transaction
from emulator.services.bigquery.sql.types import Field
from emulator.services.bigquerystorage import errors
from emulator.services.bigquerystorage.engine import streams
from emulator.services.bigquerystorage.engine.appends import Append, Appended, BadRowsError, Table
from emulator.services.bigquerystorage.engine.streams import BUFFERED, COMMITTED, PENDING, Stream

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BAD_ROWS = (
    "Errors found while processing rows. Please refer to the row_errors field for details. The list may not be "
    "complete because of the size limitations."
)


def create(connection: DuckDBPyConnection, place: str, stream: Stream, columns: Sequence[Field]) -> Stream:
    """Make a stream of the table with that storage; one that is not COMMITTED gets a storage with these columns."""
    if stream.kind != COMMITTED:
        free = [{**field, "mode": "NULLABLE"} if field.get("mode") == "REQUIRED" else field for field in columns]
        stream = dataclasses.replace(stream, columns=orjson.dumps(columns).decode())
        storage.create(connection, stream.place, free)
    streams.insert(connection, place, stream)
    return stream


def find(connection: DuckDBPyConnection, place: str, name: str, table_created: int) -> Stream:
    """The stream of that name, whose table has that storage. Raises a 404."""
    return streams.find(connection, place, name, table_created)


def append(connection: DuckDBPyConnection, table: Table, batch: Sequence[Append]) -> list[Appended]:
    """Append the rows of requests in their order; each request's whole or not at all, durable on return."""
    done: list[Appended] = []
    for _, group in groupby(batch, lambda request: (request.stream, request.shape)):
        requests = list(group)
        together = _together(connection, table, requests) if len(requests) > 1 else None
        done += together or [_alone(connection, table, request) for request in requests]
    return done


def _together(connection: DuckDBPyConnection, table: Table, requests: Sequence[Append]) -> list[Appended] | None:
    """Requests of one stream and shape in one transaction; None where one of them fails, and nothing was stored."""
    import duckdb

    try:
        return _insert(connection, table, requests)
    except duckdb.InterruptException:
        raise
    except (ApiError, BadRowsError, duckdb.Error):
        return None


def _alone(connection: DuckDBPyConnection, table: Table, request: Append) -> Appended:
    import duckdb

    try:
        return _insert(connection, table, [request])[0]
    except BadRowsError as bad:
        return Appended(problem=ApiError(400, "INVALID_ARGUMENT", BAD_ROWS, "invalid"), row_errors=bad.errors)
    except ApiError as problem:
        return Appended(problem=problem)
    except (duckdb.InterruptException, duckdb.FatalException):
        raise
    except duckdb.Error as error:
        said = messages.statement_error(error)
        return Appended(problem=ApiError(400, "INVALID_ARGUMENT", said.message, said.reason))


def _insert(connection: DuckDBPyConnection, table: Table, requests: Sequence[Append]) -> list[Appended]:
    """Store the rows of requests of one stream and shape, or raise and store nothing."""
    from emulator.services.bigquerystorage.engine import rows

    first = requests[0]
    stream = streams.find(connection, table.place, first.stream, table.created) if first.stream else None
    if stream is not None:
        streams.fit_storage(connection, stream, table.fields)
    sizes, source = rows.read(first.shape, [request.rows for request in requests], table.fields)
    with transaction(connection):
        if first.stream:
            stream = streams.find(connection, table.place, first.stream, table.created)
        offsets = _offsets(stream, requests, sizes) if stream is not None else [None] * len(requests)
        place = stream.place if stream is not None and stream.storage else table.place
        rows.insert(connection, place, first.shape, source, table)
        if stream is not None:
            streams.change(connection, table.place, stream.name, rows=stream.rows + sum(sizes), used=table.now)
    return [Appended(offset) for offset in offsets]


def _offsets(stream: Stream, requests: Sequence[Append], sizes: Sequence[int]) -> list[int | None]:
    """Where the rows of each request begin. Raises ApiError where the stream does not take them there."""
    if stream.finalized:
        raise errors.storage_error("STREAM_FINALIZED", stream.name, "Stream has been finalized and cannot be appended.")
    at = stream.rows
    offsets: list[int | None] = []
    for request, size in zip(requests, sizes, strict=True):
        if request.offset is not None and request.offset < at:
            said = f"The offset is within stream, expected offset {at}, received {request.offset}."
            raise errors.storage_error("OFFSET_ALREADY_EXISTS", stream.name, said)
        if request.offset is not None and request.offset > at:
            said = f"The offset is beyond stream, expected offset {at}, received {request.offset}."
            raise errors.storage_error("OFFSET_OUT_OF_RANGE", stream.name, said)
        offsets.append(at)
        at += size
    return offsets


def flush(connection: DuckDBPyConnection, name: str, table: Table, offset: int | None) -> int:
    """Put the rows of a BUFFERED stream up to an offset, that one included, into its table; gives the offset.

    None is for all. Raises ApiError for another type of stream, and an offset that it has not.
    """
    with transaction(connection):
        stream = streams.find(connection, table.place, name, table.created)
        if stream.kind != BUFFERED:
            raise errors.storage_error(
                "INVALID_STREAM_TYPE", name, f"FlushRows is for BUFFERED streams, not {stream.kind}."
            )
        until = stream.rows if offset is None else offset + 1
        if until > stream.rows:
            said = f"The offset {until - 1} is beyond the end of the stream, which has {stream.rows} rows."
            raise errors.storage_error("OFFSET_OUT_OF_RANGE", name, said)
        if until > stream.flushed:
            streams.move(connection, stream, table.place, until)
            streams.change(connection, table.place, name, flushed=until, used=table.now)
    return until - 1


def finalize(connection: DuckDBPyConnection, place: str, name: str, table_created: int) -> int:
    """Let a stream take no more rows; gives how many it has. Raises a 404."""
    stream = streams.find(connection, place, name, table_created)
    streams.change(connection, place, name, finalized=True)
    return stream.rows


def commit(connection: DuckDBPyConnection, names: Sequence[str], table: Table) -> list[ApiError]:
    """Put the rows of PENDING streams into their table, all or none; gives what stands in the way."""
    with transaction(connection):
        found, problems = [], []
        for name in names:
            try:
                found.append(_committable(connection, name, table))
            except ApiError as problem:
                problems.append(problem)
        for stream in () if problems else found:
            streams.move(connection, stream, table.place, stream.rows)
            streams.change(
                connection, table.place, stream.name, flushed=stream.rows, committed=table.now, used=table.now
            )
    if not problems:
        for stream in found:
            storage.drop(connection, stream.place)
    return problems


def _committable(connection: DuckDBPyConnection, name: str, table: Table) -> Stream:
    stream = streams.find(connection, table.place, name, table.created)
    if stream.kind != PENDING:
        said = f"Only PENDING streams are committed; this one is {stream.kind}."
        raise errors.storage_error("INVALID_STREAM_TYPE", name, said)
    if stream.committed:
        raise errors.storage_error("STREAM_ALREADY_COMMITTED", name, "Stream is already committed.")
    if not stream.finalized:
        raise errors.storage_error("INVALID_STREAM_STATE", name, "Stream must be finalized before it is committed.")
    return stream


def forget(connection: DuckDBPyConnection, place: str, before: int) -> int:
    """Remove streams that were used last before a time (microseconds since 1970); gives how many.

    It does so in the file where the storage of that full name lies.
    """
    own = streams.table_of(place)
    gone = connection.execute(f"SELECT name, storage FROM {own} WHERE used < ?", [before]).fetchall()
    for name, waiting in gone:
        connection.execute(f"DELETE FROM {own} WHERE name = ?", [name]).fetchall()
        if waiting:
            storage.drop(connection, stored(waiting))
    return len(gone)
