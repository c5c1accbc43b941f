"""Keeping messages: a new one, other labels, a deletion, emptying a store. All inside a write.

Nothing here asks whether a change is allowed, or tells anybody of it: requests, imports and rollbacks use it alike.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import orjson

from emulator.hl7v2.errors import MessageError
from emulator.hl7v2.message import HEADER, Message
from emulator.hl7v2.schemas.schematizing import schematized
from emulator.hl7v2.timestamps import microseconds_of
from emulator.services.healthcare.hl7v2 import stored
from emulator.services.healthcare.hl7v2.stored import COLUMNS, Body, Json, Key, Row, State, Store
from emulator.services.healthcare.hl7v2.tables import NEVER_SENT
from emulator.state import data_keys
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context


_ENCRYPTED = (
    "SELECT b.number, b.raw FROM hl7v2_messages m JOIN hl7v2_bodies b ON b.number = m.number"
    " WHERE m.store = ? AND substr(b.raw, 1, ?) = ?"
)
Keep = Callable[[bytes], bytes | str]


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that is right, with all that is worked out before it is written."""

    message: Message
    body: Body
    labels: str
    """JSON."""
    sent: int


def made_ready(store: Store, raw: bytes, labels: Json) -> Ready:
    """Read what was sent to a store. Raises MessageError for what it does not take."""
    terminator = store.terminator
    message = Message.parse(raw, terminator, allow_null_header=bool(store.parser.get("allowNullHeader")))
    sent = microseconds_of(message.component(HEADER, 7), store.zone)
    body = Body(raw, terminator, _schematized(store, message))
    return Ready(message, body, orjson.dumps(labels).decode(), NEVER_SENT if sent is None else sent)


def _schematized(store: Store, message: Message) -> bytes:
    """The schematizedData of a message as JSON, with the error of one that does not fit, unless that is refused."""
    if store.package is None:
        return b""
    try:
        return orjson.dumps({"data": schematized(message, store.package, store.version)})
    except MessageError as problem:
        if store.package.hard:
            raise
        return orjson.dumps({"error": f"{problem}."})


def known(tx: sqlite3.Connection, key: Key, identifier: str) -> Row | None:
    """The row of a message that is there, or was."""
    sql = f"SELECT {COLUMNS} FROM hl7v2_messages m WHERE m.store = ? AND m.id = ?"  # noqa: S608 (our own names)
    row = tx.execute(sql, (key.number, identifier)).fetchone()
    return None if row is None else stored.row_of(row)


def put(
    tx: sqlite3.Connection, key: Key, new: Ready, identifier: str, state: State, before: Row | None, keep: Keep = bytes
) -> Row:
    """Make a message be there; `before` is its row, where it has one.

    `keep` is what stored.keeping_of gave; without it bytes are kept as they are.
    """
    row = Row(0, identifier, state, new.sent, *_facts(new), len(new.body.raw))
    if before is not None:
        change(tx, before, state)
        row = replace(row, number=before.number)
        _read_anew(tx, key, row, new, keep)
        return row
    made = tx.execute(
        "INSERT INTO hl7v2_messages(store, id, live, changed, created, operation, labels, sent, type, facility, size)"
        " VALUES(?,?,1,?,?,?,?,?,?,?,?)",
        (
            *(key.number, identifier, state.changed, state.created, state.operation, state.labels),
            *(row.sent, row.type, row.facility, row.size),
        ),
    )
    row = replace(row, number=int(made.lastrowid or 0))
    values = (row.number, keep(new.body.raw), new.body.terminator, keep(new.body.schematized))
    tx.execute("INSERT INTO hl7v2_bodies VALUES(?,?,?,?)", values)
    _put_patients(tx, key, row, new)
    return row


def _facts(new: Ready) -> tuple[str, str]:
    """The type and the sending facility of a message."""
    return new.message.message_type, new.message.field(HEADER, 4)


def _read_anew(tx: sqlite3.Connection, key: Key, row: Row, new: Ready, keep: Keep) -> None:
    """Keep what a store as it is set to now reads in bytes that it has: segments, schematizedData, the send time.

    What is encrypted is never the same.
    """
    sql = "SELECT 1 FROM hl7v2_bodies WHERE number = ? AND terminator = ? AND schematized = ?"
    same = tx.execute(sql, (row.number, new.body.terminator, new.body.schematized)).fetchone()
    sql = "UPDATE hl7v2_messages SET sent = ?, type = ?, facility = ? WHERE number = ?"
    tx.execute(sql, (row.sent, row.type, row.facility, row.number))
    if same is None:
        sql = "UPDATE hl7v2_bodies SET terminator = ?, schematized = ? WHERE number = ?"
        tx.execute(sql, (new.body.terminator, keep(new.body.schematized), row.number))
        tx.execute("DELETE FROM hl7v2_patients WHERE store = ? AND number = ?", (key.number, row.number))
        _put_patients(tx, key, row, new)


def _put_patients(tx: sqlite3.Connection, key: Key, row: Row, new: Ready) -> None:
    for value, name in set(new.message.patient_ids()):
        tx.execute("INSERT INTO hl7v2_patients VALUES(?,?,?,?)", (key.number, value, name, row.number))


def change(tx: sqlite3.Connection, before: Row, state: State) -> None:
    """Let a message be otherwise, and keep what it was. Its time of change is later than the last one."""
    old = before.state
    tx.execute(
        "INSERT INTO hl7v2_past VALUES(?,?,?,?,?,?)",
        (before.number, old.changed, old.live, old.created, old.operation, old.labels),
    )
    tx.execute(
        "UPDATE hl7v2_messages SET live = ?, changed = ?, created = ?, operation = ?, labels = ? WHERE number = ?",
        (state.live, max(state.changed, old.changed + 1), state.created, state.operation, state.labels, before.number),
    )


def delete(tx: sqlite3.Connection, before: Row, at: int, operation: str = "") -> None:
    """Delete a message; a rollback can bring it back."""
    change(tx, before, replace(before.state, live=False, changed=at, operation=operation))


def erase(_context: "Context", tx: sqlite3.Connection, resource: Resource, start: bytes) -> None:
    """Take messages out of a store whose bytes are encrypted by the version that `start` names, as its erase."""
    key = stored.key_of(tx, resource.name)
    if key is None:
        return
    version = data_keys.version_of(start)
    text = data_keys.start(version)
    rows = tx.execute(_ENCRYPTED, (key.number, len(text), text)).fetchall()
    gone = [(row["number"],) for row in rows if data_keys.version_of(row["raw"]) == version]
    for table in ("hl7v2_bodies", "hl7v2_past", "hl7v2_patients", "hl7v2_messages"):
        tx.executemany(f"DELETE FROM {table} WHERE number = ?", gone)  # noqa: S608 (our own names)


def empty(_context: "Context", tx: sqlite3.Connection, name: str) -> None:
    """Forget all that a store holds, its key, too."""
    key = stored.key_of(tx, name)
    if key is None:
        return
    for table in ("hl7v2_bodies", "hl7v2_past"):
        tx.execute(
            f"DELETE FROM {table} WHERE number IN (SELECT number FROM hl7v2_messages WHERE store = ?)",  # noqa: S608
            (key.number,),
        )
    for table in ("hl7v2_patients", "hl7v2_messages"):
        tx.execute(f"DELETE FROM {table} WHERE store = ?", (key.number,))  # noqa: S608 (our own names)
    tx.execute("DELETE FROM hl7v2_stores WHERE key = ?", (key.number,))
