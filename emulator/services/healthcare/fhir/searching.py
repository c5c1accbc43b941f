"""Searches of a store: parameters in, versions of resources out. All that searches goes through here."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from emulator.fhir import references
from emulator.fhir.search.conditions import Index
from emulator.fhir.search.errors import SearchError
from emulator.fhir.search.query import Query
from emulator.fhir.search.reading import DEFAULT_COUNT, MOST_COUNT, Reader
from emulator.fhir.search.searching import FEW, Page, search
from emulator.services.healthcare.fhir import errors, guides, lagging, value_sets, versions
from emulator.services.healthcare.fhir.consents.access import Access
from emulator.services.healthcare.fhir.stored import Json, Store, Version
from emulator.state.database import Snapshot

Pairs = list[tuple[str, str]]
NOT_CRITERIA = frozenset(("_format", "_pretty", "_sort", "_include", "_revinclude", "_page_token", "_count"))


class Answer(NamedTuple):
    """What a search found: the query as it was understood, the page, and the versions on it."""

    query: Query
    page: Page
    matches: list[Version]
    included: list[Version]


def find(
    connection: sqlite3.Connection,
    store: Store,
    resource_type: str | None,
    pairs: Iterable[tuple[str, str]],
    *,
    strict: bool = True,
    reading: Access | None = None,
) -> Answer:
    """Search a type, or a whole store (None); refused with 400 for a search that can't be made.

    `reading` leaves out what may not be read, also of what chains and includes lead to.
    """
    reading = reading or Access(store)
    try:
        query = _reader(store).read(resource_type, pairs, strict=strict)
        with Snapshot(connection), reading.on(connection, lagging.indexed(connection, store, query)) as sees:
            index = _index(connection, reading, sees)
            page = search(query, index)
            matches = versions.by_rid(connection, store, page.matches, versions.PAGE)
            if len(matches) < len(page.matches) and versions.is_full(matches):
                page = search(replace(query, count=len(matches)), index)
            included = versions.by_rid(connection, store, page.included, versions.PAGE) if page.included else []
    except SearchError as problem:
        raise errors.bad_search(str(problem)) from None
    return Answer(query, page, matches, included)


def matching(
    connection: sqlite3.Connection, reading: Access, resource_type: str, criteria: str, most: int = 2
) -> list[Version]:
    """The resources that criteria of a conditional interaction name, `most` at most; refused where they name none.

    Unknown parameters are refused: to ignore one would hit resources that nobody meant.
    """
    pairs = [pair for pair in parse_qsl(criteria, keep_blank_values=True) if pair[0] not in NOT_CRITERIA]
    wanted = [*pairs, ("_count", str(most)), ("_total", "none")]
    found = find(connection, reading.store, resource_type, wanted, reading=reading)
    if not found.query.conditions:  # _elements, say, only shapes the answer: everything would match
        raise errors.bad_search("a conditional interaction needs search criteria, such as identifier=system|value")
    return found.matches


def count_in(criteria: str) -> int:
    """How many resources a conditional deletion may delete: what its _count says."""
    counts = [value for name, value in parse_qsl(criteria) if name == "_count"]
    text = counts[-1] if counts else ""
    return min(int(text), MOST_COUNT) if text.isascii() and text.isdigit() and len(text) < 10 else DEFAULT_COUNT


def _reader(store: Store) -> Reader:
    return Reader(
        store.parameters,
        lambda text: references.target(text, store.name),
        lambda: int(store.clock.seconds() * 1_000_000),
    )


def _index(connection: sqlite3.Connection, reading: Access, sees: str) -> Index:
    store = reading.store

    def read(sql: str, arguments: Sequence[Any]) -> list[Any]:
        return connection.execute(sql, arguments).fetchall()

    def lookup(resource_type: str, url: str) -> Json | None:
        return guides.by_url(connection, store.key, store.parameters, store.keys, resource_type, url)

    return Index(read, store.key, store.parameters.in_order, value_sets.expander(lookup), FEW, sees)
