"""Sessions as they are kept: one row each, with what its last query left.

https://cloud.google.com/bigquery/docs/sessions-intro
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from emulator.services.bigquery.jobs import results
from emulator.services.bigquery.jobs.results import Result
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.service import SERVICE
from emulator.settings import project_number

if TYPE_CHECKING:
    from emulator.context import Context

DAY_MS = 24 * 3600 * 1000
IDLE_MS, LONGEST_MS, HISTORY_MS = DAY_MS, 7 * DAY_MS, 20 * DAY_MS


@dataclass(frozen=True)
class KeptSession:
    """A session. Times are in milliseconds since 1970; ended is 0 as long as nothing has ended it.

    state has its `functions`, `variables`, `labels`, `dataset` and `tables`, those that are temporary.
    """

    id: str
    project: str
    principal: str
    location: str
    created: int
    used: int
    ended: int
    state: dict[str, Any]

    @property
    def expires(self) -> int:
        """When it ends, or has ended: a day after its last query, and a week after its creation, at the latest."""
        return self.ended or min(self.used + IDLE_MS, self.created + LONGEST_MS)

    @property
    def dataset(self) -> str:
        """The dataset that its temporary tables are in."""
        return dataset_of(self.id)

    @property
    def tables(self) -> list[Result]:
        """Its temporary tables."""
        return [
            Result(
                TableName(self.project, self.dataset, each["name"]),
                each["storage"],
                tuple(each["fields"]),
                self.principal,
                each["created"],
            )
            for each in self.state.get("tables", ())
        ]


def dataset_of(identifier: str) -> str:
    """The dataset for the temporary tables of a session."""
    return results.OF_SESSIONS + hashlib.sha256(identifier.encode()).hexdigest()[:40]


def table_state(result: Result) -> dict[str, Any]:
    """A temporary table as the state of a session has it."""
    return {
        "name": result.name.table,
        "storage": result.storage,
        "fields": list(result.fields),
        "created": result.created,
    }


def insert_in(tx: sqlite3.Connection, session: KeptSession) -> None:
    """Keep a new session inside a write."""
    about = (session.id, session.project, session.principal, session.location)
    times = (session.created, session.used, session.ended)
    tx.execute("INSERT INTO bigquery_sessions VALUES(?,?,?,?,?,?,?,?)", (*about, *times, orjson.dumps(session.state)))


def save_in(tx: sqlite3.Connection, identifier: str, used: int, state: dict[str, Any]) -> None:
    """Keep inside a write what a query left of its session."""
    tx.execute("UPDATE bigquery_sessions SET used = ?, state = ? WHERE id = ?", (used, orjson.dumps(state), identifier))


def end_in(tx: sqlite3.Connection, identifier: str, now: int) -> None:
    """End a session inside a write; its temporary tables are gone with it."""
    tx.execute(
        "UPDATE bigquery_sessions SET ended = ?, state = ? WHERE id = ? AND ended = 0",
        (now, orjson.dumps({}), identifier),
    )
    results.delete_dataset_in(tx, dataset_of(identifier))


def find(context: Context, identifier: str) -> KeptSession | None:
    """The session of that id, also one that has ended."""
    row = context.db.one("SELECT * FROM bigquery_sessions WHERE id = ?", (identifier,))
    return None if row is None else _session(row)


def of_project(context: Context, project: str, principal: str = "") -> list[KeptSession]:
    """The sessions of a project, newest first; principal "" is everybody's."""
    rows = context.db.all(
        "SELECT * FROM bigquery_sessions WHERE project = ? AND (? = '' OR principal = ?) ORDER BY created DESC, id",
        (project, principal, principal),
    )
    return [_session(row) for row in rows]


def row_of(context: Context, session: KeptSession) -> tuple[Any, ...]:
    """A session as INFORMATION_SCHEMA.SESSIONS_BY_USER has it."""
    stamp = context.clock.stamp_of
    now = context.clock.seconds() * 1000
    times = (stamp(session.created / 1000), stamp(session.expires / 1000), session.expires > now)
    email = session.principal.partition(":")[2]
    number = int(project_number(session.project))
    return (*times, stamp(session.used / 1000), session.principal, session.project, number, session.id, email)


def _session(row: sqlite3.Row) -> KeptSession:
    times = (row["created"], row["used"], row["ended"])
    return KeptSession(row["id"], row["project"], row["principal"], row["location"], *times, orjson.loads(row["state"]))


@SERVICE.on_start
async def _take_up(context: Context) -> None:
    """Have the temporary tables of each session as its last query left them; end and forget what is due.

    A transaction that was open is rolled back by that: the state has the tables from before it.
    """
    now = int(context.clock.seconds() * 1000)
    rows = context.db.all("SELECT * FROM bigquery_sessions")
    if rows:
        await context.db.write(_take_up_in, [_session(row) for row in rows], now)


def _take_up_in(tx: sqlite3.Connection, found: Sequence[KeptSession], now: int) -> None:
    for session in found:
        if session.expires + HISTORY_MS <= now:
            tx.execute("DELETE FROM bigquery_sessions WHERE id = ?", (session.id,))
        if session.expires <= now:
            end_in(tx, session.id, session.expires)
            continue
        results.delete_dataset_in(tx, session.dataset)
        for result in session.tables:
            results.insert_in(tx, result)
