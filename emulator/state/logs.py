"""Cloud Logging entries: what services write and the audit of calls, in one table."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from emulator.state.state import State

SCHEMA = """
CREATE TABLE IF NOT EXISTS log_entries(
    number INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, project TEXT NOT NULL, log TEXT NOT NULL,
    severity TEXT NOT NULL, entry BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS log_entries_log ON log_entries(project, log, number);
CREATE TABLE IF NOT EXISTS log_insert_ids(
    project TEXT NOT NULL, time TEXT NOT NULL, insert_id TEXT NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY(project, time, insert_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS log_insert_ids_number ON log_insert_ids(number);
CREATE TRIGGER IF NOT EXISTS log_insert_ids_gone AFTER DELETE ON log_entries
    BEGIN DELETE FROM log_insert_ids WHERE number = old.number; END;
"""
_log = logging.getLogger("emulator")
FLUSH_SECONDS = 0.1
KEEP = 200_000
TOGETHER = 50
_INSERT = "INSERT INTO log_entries(time, project, log, severity, entry) VALUES(?,?,?,?,?)"
_Row = tuple[str, str, str, str, bytes]
OnStored = Callable[[sqlite3.Connection, Sequence[tuple[str, bytes]]], None]  # the project and the entry as JSON
Encrypt = Callable[[sqlite3.Connection, Sequence[tuple[str, bytes]]], list[bytes]]  # of the same: what rows are to hold


class Logs:
    """Buffers entries and writes them in groups; those that must not be lost go through `write_in`."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._buffer: list[_Row] = []
        self._wake = asyncio.Event()
        self._flushing = asyncio.Lock()
        self.on_stored: OnStored | None = None  # told of what is stored, in the write that stores it
        self.encrypt: Encrypt | None = None  # asked what rows hold of entries, where data are encrypted at rest

    def write(self, entry: dict[str, Any]) -> None:
        """Log an entry (a LogEntry as JSON: logName, resource, severity, jsonPayload ...), durable a moment later."""
        self._buffer.append(self._row(entry))
        self._wake.set()

    def write_json(self, project: str, log: str, severity: str, begin: bytes, now: str) -> None:
        """As `write`, of the JSON of an entry that is as yet without times (now), insertId and the last brace."""
        end = f',"timestamp":"{now}","receiveTimestamp":"{now}","insertId":"{self._state.ids.serial()}"}}'
        self._buffer.append((now, project, log, severity, begin + end.encode()))
        self._wake.set()

    def write_in(self, tx: sqlite3.Connection, entry: dict[str, Any]) -> None:
        """Log an entry in the transaction that it belongs to.

        One whose insertId an entry of the same project and time has already is left out (LogEntry.insertId).
        """
        given = entry.get("insertId")
        row = self._row(entry)
        if not given:
            tx.execute(_INSERT, self._kept(tx, [row])[0])
            self._tell(tx, [row])
            return
        key = (row[1], row[0], given)
        known = "SELECT 1 FROM log_insert_ids WHERE project = ? AND time = ? AND insert_id = ?"
        if tx.execute(known, key).fetchone() is None:
            number = tx.execute(_INSERT, self._kept(tx, [row])[0]).lastrowid
            tx.execute("INSERT INTO log_insert_ids VALUES(?,?,?,?)", (*key, number))
            self._tell(tx, [row])

    def _kept(self, tx: sqlite3.Connection, rows: list[_Row]) -> list[_Row]:
        """Rows as the table has them."""
        if self.encrypt is None:
            return rows
        entries = self.encrypt(tx, [(row[1], row[4]) for row in rows])
        return [(*row[:4], entry) for row, entry in zip(rows, entries, strict=True)]

    def _tell(self, tx: sqlite3.Connection, rows: list[_Row]) -> None:
        if self.on_stored is not None:
            self.on_stored(tx, [(row[1], row[4]) for row in rows])

    def _row(self, entry: dict[str, Any]) -> _Row:
        now = self._state.clock.stamp()
        entry.setdefault("timestamp", now)
        entry.setdefault("receiveTimestamp", now)
        entry.setdefault("severity", "DEFAULT")
        entry.setdefault("insertId", self._state.ids.serial())
        parts = entry["logName"].split("/", 3)
        return entry["timestamp"], parts[1], parts[3], entry["severity"], orjson.dumps(entry)

    async def run(self) -> None:
        """Write what is buffered, until cancelled; the last entries are written on the way out."""
        try:
            while True:
                await self._wake.wait()
                await asyncio.sleep(FLUSH_SECONDS)
                self._wake.clear()
                try:
                    await self.flush()
                except sqlite3.Error:
                    _log.exception("log entries could not be stored; trying again with the next ones")
        finally:
            with contextlib.suppress(sqlite3.Error):
                await self.flush()

    async def flush(self) -> None:
        """Write what is buffered now; what another call is writing already is stored, too, when this one returns."""
        async with self._flushing:
            rows, self._buffer = self._buffer, []
            if not rows:
                return
            try:
                await self._state.db.write(self._store, rows)
            except sqlite3.Error:
                self._buffer = [*rows, *self._buffer][-KEEP:]
                raise

    def _store(self, tx: sqlite3.Connection, rows: list[_Row]) -> None:
        before = tx.total_changes
        kept = self._kept(tx, rows)
        encrypting = tx.total_changes - before
        _insert(tx, kept)
        before = tx.total_changes
        self._tell(tx, rows)
        if not encrypting and tx.total_changes == before:
            self._state.db.only_read_elsewhere()


def _insert(tx: sqlite3.Connection, rows: list[_Row]) -> None:
    """Insert entries, many with one statement: Python's lock changes hands with each, and requests wait for it."""
    whole = len(rows) // TOGETHER * TOGETHER
    for first in range(0, whole, TOGETHER):
        tx.execute(_INSERT + ",(?,?,?,?,?)" * (TOGETHER - 1), [*chain.from_iterable(rows[first : first + TOGETHER])])
    tx.executemany(_INSERT, rows[whole:])
    tx.execute("DELETE FROM log_entries WHERE number <= (SELECT max(number) FROM log_entries) - ?", (KEEP,))
