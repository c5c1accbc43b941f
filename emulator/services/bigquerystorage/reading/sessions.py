"""Read sessions: what each reads, and the storage that holds its rows as they were when it was made.

A session reads the storage of its table as long as that only gets new rows, which have higher numbers. Before its rows
change otherwise, they are copied for the session.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from emulator.errors import invalid_argument, not_found
from emulator.services.bigquery import warehouse
from emulator.services.bigquery.jobs import results
from emulator.services.bigquery.jobs.results import Result
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql import places, storage
from emulator.services.bigquery.sql.engine import result_table, stored
from emulator.services.bigquery.sql.types import Field
from emulator.services.bigquerystorage.engine import reading
from emulator.services.bigquerystorage.service import SERVICE

if TYPE_CHECKING:
    from emulator.context import Context

SECONDS = 6 * 3600  # Storage Read API: "Sessions expire 6 hours after they are created"
COPIES = "_read_sessions"  # the dataset that copies are of; no table can be in it
STREAM = re.compile(r"(projects/[^/]+/locations/[^/]+/(?:sessions|jobs)/[^/]+)/streams/([^/]+)\Z")


@dataclass(frozen=True)
class Session:
    """A read session. columns are as its storage has them, fields what is read of these.

    table is the storage's full name in the engine, storage its own name where it is that of a table which may change;
    streams have the numbers of their first row and of the one after their last; expires is in milliseconds since 1970.
    """

    name: str
    table: str
    storage: str
    columns: list[Field]
    fields: list[Field]
    form: str
    expires: int
    streams: dict[str, tuple[int, int]]

    @property
    def extent(self) -> tuple[int, int]:
        """The numbers of its first row and of the one after its last."""
        return min(first for first, _ in self.streams.values()), max(end for _, end in self.streams.values())

    def stream_name(self, stream: str) -> str:
        """The resource name of a stream."""
        return f"{self.name}/streams/{stream}"


def put_in(tx: sqlite3.Connection, session: Session) -> None:
    """Keep a session inside a write."""
    body = orjson.dumps(asdict(session))
    sql = "INSERT OR REPLACE INTO bigquery_read_sessions VALUES(?,?,?,?)"
    tx.execute(sql, (session.name, session.storage, session.expires, body))


def of_stream(context: Context, name: str) -> tuple[Session, str]:
    """The session of a stream, and the stream's id. Raises 400, where a key is closed too, 404 where it has expired."""
    match = STREAM.match(name)
    if match is None:
        form = "projects/PROJECT/locations/LOCATION/sessions/SESSION/streams/STREAM"
        raise invalid_argument(f'"{name[:200]}" is no read stream; one is named {form}.')
    sql = "SELECT body FROM bigquery_read_sessions WHERE name = ? AND expires > ?"
    row = context.db.one(sql, (match[1], _now(context)))
    session = _read(row["body"]) if row is not None else None
    if session is None or match[2] not in session.streams:
        raise not_found(f"Not found: read stream {name}; sessions expire after six hours.")
    warehouse.of(context).keyed.require_open(places.storage_of(session.table))
    return session, match[2]


def is_kept(context: Context, name: str) -> bool:
    """Whether there is a session of that name."""
    sql = "SELECT 1 FROM bigquery_read_sessions WHERE name = ? AND expires > ?"
    return context.db.one(sql, (name, _now(context))) is not None


def _read(body: bytes) -> Session:
    values: dict[str, Any] = orjson.loads(body)
    streams = {name: (first, end) for name, (first, end) in values["streams"].items()}
    return Session(**{**values, "streams": streams})


def _now(context: Context) -> int:
    return int(context.clock.seconds() * 1000)


async def keep_copy(context: Context, project: str, place: str, columns: list[Field], principal: str) -> str:
    """Keep a result table as the copy of a session, so that it outlives restarts; gives its name in the engine."""
    name = TableName(project, COPIES, place)
    await context.db.write(results.insert_in, Result(name, place, tuple(columns), principal, _now(context)))
    return result_table(place)


async def forget_expired(context: Context) -> int:
    """Remove sessions whose time is over, with their copies; gives how many."""
    sql = "SELECT body FROM bigquery_read_sessions WHERE expires <= ?"
    gone = [_read(row["body"]) for row in context.db.all(sql, (_now(context),))]
    for session in gone:
        await context.db.write(_delete_in, session)
        place = places.storage_of(session.table)
        if places.kind_of(place) == "s" and not warehouse.of(context).keyed.is_closed(place):
            await warehouse.of(context).run(storage.drop, session.table, short=True)
    return len(gone)


def _delete_in(tx: sqlite3.Connection, session: Session) -> None:
    tx.execute("DELETE FROM bigquery_read_sessions WHERE name = ?", (session.name,))
    tx.execute(
        "DELETE FROM bigquery_results WHERE dataset = ? AND storage = ?", (COPIES, places.storage_of(session.table))
    )


async def save(context: Context, place: str) -> None:
    """Copy the rows of a storage for each session that reads them; what its key has closed can't be read any more."""
    if warehouse.of(context).keyed.is_closed(place):
        return
    sql = "SELECT body FROM bigquery_read_sessions WHERE storage = ? AND expires > ?"
    for row in context.db.all(sql, (place, _now(context))):
        await _copy(context, _read(row["body"]))


async def _copy(context: Context, session: Session) -> None:
    place = warehouse.of(context).name_beside("s", [session.storage])
    first, end = session.extent
    arguments = (stored(session.storage), result_table(place), session.columns, first, end)
    await warehouse.of(context).run(reading.copy, *arguments)
    table = await keep_copy(context, session.name.split("/")[1], place, session.columns, "")
    streams = {name: (begin - first, stop - first) for name, (begin, stop) in session.streams.items()}
    await context.db.write(put_in, replace(session, table=table, storage="", streams=streams))


@SERVICE.on_start
async def watch(context: Context) -> None:
    """Have rows that sessions read saved before they change."""

    async def saved(place: str) -> None:
        await save(context, place)

    warehouse.of(context).readers.append(saved)


@SERVICE.chore
async def housekeeping(context: Context) -> dict[str, Any]:
    """Remove what has expired."""
    return {"expiredReadSessions": await forget_expired(context)}
