"""The index of searches in SQLite: its tables, and writing a resource's rows.

A resource's version has a number, `rid`, which grows with its time of change within a store: the newest first, which is
the order of answers, is the order of numbers, and the conditions of `_lastUpdated` are ranges of them. A change takes
the old version's rows away and writes the new one's.

Each table of values is keyed by the resource, for asking whether one has a value, and indexed by value and number, for
finding resources in order. Systems of codes are 48 bits of a hash: they are compared and never shown.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b

Row = tuple[int | float | str | None, ...]

SCHEMA = """
CREATE TABLE IF NOT EXISTS fhir_index_resources (
    store INTEGER NOT NULL, rid INTEGER NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (store, rid)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS fhir_index_resources_id ON fhir_index_resources (store, type, id);
CREATE INDEX IF NOT EXISTS fhir_index_resources_type ON fhir_index_resources (store, type, rid);

CREATE TABLE IF NOT EXISTS fhir_index_tokens (
    store INTEGER NOT NULL, rid INTEGER NOT NULL, parameter INTEGER NOT NULL, place INTEGER NOT NULL,
    code TEXT NOT NULL, system INTEGER NOT NULL, PRIMARY KEY (store, rid, parameter, place)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fhir_index_tokens_code ON fhir_index_tokens (store, parameter, code, rid, system);

CREATE TABLE IF NOT EXISTS fhir_index_strings (
    store INTEGER NOT NULL, rid INTEGER NOT NULL, parameter INTEGER NOT NULL, place INTEGER NOT NULL,
    folded TEXT NOT NULL, exact TEXT NOT NULL, PRIMARY KEY (store, rid, parameter, place)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fhir_index_strings_folded ON fhir_index_strings (store, parameter, folded, rid);

CREATE TABLE IF NOT EXISTS fhir_index_dates (
    store INTEGER NOT NULL, rid INTEGER NOT NULL, parameter INTEGER NOT NULL, place INTEGER NOT NULL,
    low INTEGER NOT NULL, high INTEGER NOT NULL, PRIMARY KEY (store, rid, parameter, place)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fhir_index_dates_low ON fhir_index_dates (store, parameter, low, rid, high);
CREATE INDEX IF NOT EXISTS fhir_index_dates_high ON fhir_index_dates (store, parameter, high, rid, low);

CREATE TABLE IF NOT EXISTS fhir_index_numbers (
    store INTEGER NOT NULL, rid INTEGER NOT NULL, parameter INTEGER NOT NULL, place INTEGER NOT NULL,
    low REAL NOT NULL, high REAL NOT NULL, code TEXT NOT NULL, system INTEGER NOT NULL, unit TEXT NOT NULL,
    PRIMARY KEY (store, rid, parameter, place)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fhir_index_numbers_low ON fhir_index_numbers (store, parameter, low, rid, high);
CREATE INDEX IF NOT EXISTS fhir_index_numbers_high ON fhir_index_numbers (store, parameter, high, rid)
    WHERE high <> low;

CREATE TABLE IF NOT EXISTS fhir_index_targets (
    store INTEGER NOT NULL, rid INTEGER NOT NULL, parameter INTEGER NOT NULL, place INTEGER NOT NULL,
    target TEXT NOT NULL, moment INTEGER, PRIMARY KEY (store, rid, parameter, place)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fhir_index_targets_target ON fhir_index_targets (store, target, parameter, rid, moment);

CREATE TABLE IF NOT EXISTS fhir_index_references (
    store INTEGER NOT NULL, rid INTEGER NOT NULL, parameter INTEGER NOT NULL, place INTEGER NOT NULL,
    target TEXT NOT NULL, PRIMARY KEY (store, rid, parameter, place)
) WITHOUT ROWID;
INSERT INTO fhir_index_targets SELECT store, rid, parameter, place, target, NULL FROM fhir_index_references;
DELETE FROM fhir_index_references;
DROP INDEX IF EXISTS fhir_index_references_target;

CREATE TABLE IF NOT EXISTS fhir_index_uris (
    store INTEGER NOT NULL, rid INTEGER NOT NULL, parameter INTEGER NOT NULL, place INTEGER NOT NULL,
    uri TEXT NOT NULL, PRIMARY KEY (store, rid, parameter, place)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fhir_index_uris_uri ON fhir_index_uris (store, parameter, uri, rid);

CREATE TABLE IF NOT EXISTS fhir_index_pairs (
    store INTEGER NOT NULL, rid INTEGER NOT NULL, parameter INTEGER NOT NULL, place INTEGER NOT NULL,
    code TEXT NOT NULL, system INTEGER NOT NULL, value TEXT NOT NULL, value_system INTEGER NOT NULL,
    low NOT NULL, high NOT NULL, unit TEXT NOT NULL, PRIMARY KEY (store, rid, parameter, place)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fhir_index_pairs_value ON fhir_index_pairs (store, parameter, code, low, value, rid);
CREATE INDEX IF NOT EXISTS fhir_index_pairs_high ON fhir_index_pairs (store, parameter, code, high, rid)
    WHERE high <> low;
"""
"""`low` and `high` of pairs are numbers, or microseconds of a date; `value` a code, a target or a folded text.

`moment` of targets is when what refers to them was, so that a patient's observations are found in the order of time
without a look at each: `low` of the first value of its parameter `date`, NULL where it has none or nobody noted it.
Nobody did in states that have references in `fhir_index_references`, which are moved at the next start.
"""

COLUMNS = {
    "tokens": ("code", "system"),
    "strings": ("folded", "exact"),
    "dates": ("low", "high"),
    "numbers": ("low", "high", "code", "system", "unit"),
    "references": ("target", "moment"),
    "uris": ("uri",),
    "pairs": ("code", "system", "value", "value_system", "low", "high", "unit"),
}
"""Of each table of values, the columns after store, rid, parameter and place."""

TABLES = {name: f"fhir_index_{name}" for name in COLUMNS} | {"references": "fhir_index_targets"}
CHRONOLOGICAL = "date"
"""The code of the parameter by which resources of many types have their place in time."""
Rows = dict[str, list[Row]]
"""Of each table, by its short name: rows of parameter, place and the table's columns."""

Resource = tuple[int, str, str, Rows]
"""What is indexed: rid, type and id of a resource, and its rows."""

NO_SYSTEM, ANY_SYSTEM, UNCODED = 0, -1, -2
"""A coding without a system; a code whose system is its element's own and therefore not written; a text alone."""

_INSERTS = {
    name: f"INSERT INTO {TABLES[name]} VALUES ({', '.join('?' * (4 + len(columns)))})"
    for name, columns in COLUMNS.items()
}
_DELETES = [f"DELETE FROM {table} WHERE store = ? AND rid = ?" for table in TABLES.values()]
_TIES = 10
"""Bits of a rid below its microseconds: 1,024 changes of a store in a microsecond."""
_LARGEST = (1 << 63) - 1
"""Of SQLite's integers; as a time it is in the year 2255."""


@lru_cache(maxsize=4096)
def system_key(system: str) -> int:
    """The number that stands for a system of codes."""
    return (
        int.from_bytes(blake2b(system.encode(errors="surrogatepass"), digest_size=6).digest()) if system else NO_SYSTEM
    )


def first_rid(microseconds: int) -> int:
    """The lowest rid of a time of change, in microseconds since 1970; times beyond what rids hold are at their ends."""
    return max(-_LARGEST, min(microseconds << _TIES, _LARGEST))


def microseconds_of(rid: int) -> int:
    """The time of change of a rid, in microseconds since 1970."""
    return rid >> _TIES


def next_rid(tx: sqlite3.Connection, store: int, microseconds: int) -> int:
    """A rid that no resource of the store has, of that time of change or, after 1,024 of it, of the next ones."""
    low = first_rid(microseconds)
    while True:
        sql = "SELECT max(rid) FROM fhir_index_resources WHERE store = ? AND rid >= ? AND rid < ?"
        (last,) = tx.execute(sql, (store, low, low + (1 << _TIES))).fetchone()
        if last is None:
            return low
        if last + 1 < low + (1 << _TIES):
            return int(last) + 1
        low += 1 << _TIES


def write_all(
    tx: sqlite3.Connection, store: int, resources: Sequence[Resource], names: Iterable[str] = tuple(COLUMNS)
) -> None:
    """Index resources that have no rows yet, table by table: in all tables of values, or in those of these names.

    `remove` takes the rows of a previous version away first.
    """
    tx.executemany(
        "INSERT INTO fhir_index_resources VALUES (?, ?, ?, ?)", [(store, *resource[:3]) for resource in resources]
    )
    write_rows(tx, store, [(rid, rows) for rid, _, _, rows in resources], names)


def write_rows(
    tx: sqlite3.Connection, store: int, resources: Sequence[tuple[int, Rows]], names: Iterable[str] = tuple(COLUMNS)
) -> None:
    """Write rows of values of resources that are in the index by their rid and have none in these tables."""
    for name in names:
        found = [(store, rid, *row) for rid, rows in resources for row in rows.get(name, ())]
        if found:
            tx.executemany(_INSERTS[name], found)


def remove(tx: sqlite3.Connection, store: int, rids: Iterable[int]) -> None:
    """Take resources out of the index."""
    keys = [(store, rid) for rid in rids]
    tx.executemany("DELETE FROM fhir_index_resources WHERE store = ? AND rid = ?", keys)
    for sql in _DELETES:
        tx.executemany(sql, keys)


def remove_store(tx: sqlite3.Connection, store: int) -> None:
    """Take a whole store out of the index."""
    for table in ("fhir_index_resources", *TABLES.values()):
        tx.execute(f"DELETE FROM {table} WHERE store = ?", (store,))
