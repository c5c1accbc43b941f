"""The order of matches, and where in it a page begins.

A match's place is the values it is sorted by and its rid: a page begins after a place, so that what is written between
two pages neither repeats nor loses others. What lacks a value comes last either way; what is equal is in the order of
change, the newest first where the first part of the order is descending.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from emulator.fhir.search.clauses import Arguments, keys, listed
from emulator.fhir.search.errors import SearchError
from emulator.fhir.search.query import Query, Sort
from emulator.fhir.search.tables import TABLES

Place = tuple[Any, ...]
"""Values in the order of the keys, None where there is none, and the rid."""

_COLUMNS = {
    "token": ("tokens", "code"),
    "string": ("strings", "folded"),
    "date": ("dates", "low"),
    "number": ("numbers", "low"),
    "quantity": ("numbers", "low"),
}


class Key(NamedTuple):
    """A value to sort by: of a table of values the first, or a column of resources."""

    table: str
    column: str
    numbers: tuple[int, ...]
    """Of the parameter, by type, or of its parts, the first of which counts; none for a column of resources."""
    descending: bool

    def sql(self, of: str) -> tuple[str, Arguments]:
        """The value of the resource of an alias."""
        if not self.numbers:
            return f"{of}.{self.column}", []
        same = f"k.store = {of}.store AND k.rid = {of}.rid AND k.parameter"
        if len(self.numbers) == 1:
            sql = f"(SELECT k.{self.column} FROM {self.table} k WHERE {same} = ? ORDER BY k.place LIMIT 1)"
            return sql, [*self.numbers]
        sql = (
            f"(SELECT k.{self.column} FROM json_each(?) j CROSS JOIN {self.table} k WHERE {same} = j.value"
            " ORDER BY j.key, k.place LIMIT 1)"
        )
        return sql, [listed(self.numbers)]


def key(sort: Sort, types: Sequence[str]) -> Key:
    """What a part of _sort sorts by."""
    if sort.parameter.code in {"_id", "_lastUpdated"}:
        column = "id" if sort.parameter.code == "_id" else "rid"
        return Key("fhir_index_resources", column, (), sort.descending)
    table, column = _COLUMNS[sort.parameter.type]
    return Key(TABLES[table], column, tuple(keys(sort.parameter, types)), sort.descending)


def arranged(rows: list[Place], order: Sequence[Key]) -> list[Place]:
    """Rows of values, rid and more, in order: sorted by the last key first, as equals keep their order."""
    if len(rows) < 2:
        return rows
    found = sorted(rows, key=itemgetter(len(order)), reverse=descends(order))
    for at in range(len(order) - 1, -1, -1):
        there = [row for row in found if row[at] is not None]
        there.sort(key=itemgetter(at), reverse=order[at].descending)
        found = [*there, *(row for row in found if row[at] is None)]
    return found


def descends(order: Sequence[Key]) -> bool:
    """Whether equals are in the order of change with the newest first."""
    return order[0].descending if order else True


def beyond(row: Place, place: Place, order: Sequence[Key]) -> bool:
    """Whether a row comes after a place."""
    for at, each in enumerate(order):
        mine, other = row[at], place[at]
        if mine == other:
            continue
        if mine is None or other is None:
            return mine is None
        return bool((mine < other) if each.descending else (mine > other))
    return bool((row[len(order)] < place[-1]) if descends(order) else (row[len(order)] > place[-1]))


def after(place: Place, order: Sequence[Key]) -> tuple[str, Arguments]:
    """SQL that is true for rows beyond a place: columns k0, k1 and so on, and rid. Flat, as SQLite nests few levels."""
    ways: list[str] = []
    arguments: Arguments = []
    same, values = "", []
    for at, each in enumerate(order):
        if place[at] is None:  # and nothing comes after what has no value
            same += f"k{at} IS NULL AND "
            continue
        ways.append(f"({same}(k{at} {'<' if each.descending else '>'} ? OR k{at} IS NULL))")
        values.append(place[at])
        arguments += values
        same += f"k{at} = ? AND "
    ways.append(f"({same}rid {'<' if descends(order) else '>'} ?)")
    return f"({' OR '.join(ways)})", [*arguments, *values, place[-1]]


def by(order: Sequence[Key]) -> str:
    """SQL of an order by the columns k0, k1 and so on, and rid."""
    keys = [f"k{at} IS NULL, k{at} {'DESC' if each.descending else 'ASC'}" for at, each in enumerate(order)]
    return ", ".join([*keys, f"rid {'DESC' if descends(order) else 'ASC'}"])


def token(query: Query, place: Place) -> str:
    """The token of the page that begins after a place."""
    return base64.urlsafe_b64encode(orjson.dumps([_fingerprint(query), *place])).decode().rstrip("=")


def place(query: Query) -> Place | None:
    """The place after which the page begins; None for the first. SearchError for a token that is not of this search."""
    text = query.page_token
    if not text:
        return None
    try:
        parts = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        parts = None
    if not isinstance(parts, list) or parts[:1] != [_fingerprint(query)] or not _fits(parts[1:], query):
        raise SearchError("Invalid _page_token: it is of no page of this search.")
    return tuple(parts[1:])


def _fits(parts: list[Any], query: Query) -> bool:
    known = all(each is None or isinstance(each, (str, float)) or _is_stored(each) for each in parts)
    return len(parts) == len(query.sorts) + 1 and known and type(parts[-1]) is int


def _is_stored(value: Any) -> bool:
    """Whether a value is an integer that SQLite can hold."""
    return isinstance(value, int) and abs(value) < 1 << 63


def _fingerprint(query: Query) -> int:
    """A number of all that decides which pages there are."""
    applied = [each for each in query.applied if each[0] not in {"_count", "_total", "_elements", "_summary"}]
    return zlib.crc32(orjson.dumps([query.types, applied]))
