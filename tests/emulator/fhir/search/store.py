"""A store's index in memory, as tests fill and search it."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from emulator.fhir.search import tables
from emulator.fhir.search.clauses import Codes
from emulator.fhir.search.conditions import Index
from emulator.fhir.search.index import Indexer
from emulator.fhir.search.parameters import Parameters, parameters
from emulator.fhir.search.reading import Reader
from emulator.fhir.search.searching import FEW, Page, search

NOW = 1_800_000_000_000_000
FIRST_CHANGE = 1_700_000_000_000_000


class Store:
    """The index of one store; every change is a second after the one before."""

    def __init__(self, version: str = "R4", known: Parameters | None = None, few: int = FEW, number: int = 1) -> None:
        self.parameters = known or parameters(version)
        self.tx = sqlite3.connect(":memory:")
        self.tx.executescript(tables.SCHEMA)
        self.number = number
        self.rids: dict[str, int] = {}
        self.queries: list[tuple[str, Sequence[Any]]] = []
        self.value_sets: Callable[[str], Codes | None] = lambda _: None
        self._indexer = Indexer(self.parameters)
        self._reader = Reader(self.parameters, now=lambda: NOW)
        self._few = few
        self._time = FIRST_CHANGE

    def put(self, *resources: dict[str, Any]) -> None:
        """Create or update resources, one after the other."""
        for resource in resources:
            name = f"{resource['resourceType']}/{resource['id']}"
            if name in self.rids:
                tables.remove(self.tx, self.number, [self.rids[name]])
            self._time += 1_000_000
            self.rids[name] = tables.next_rid(self.tx, self.number, self._time)
            rows = self._indexer.rows(resource)
            tables.write_all(self.tx, self.number, [(self.rids[name], resource["resourceType"], resource["id"], rows)])

    def delete(self, name: str) -> None:
        """Delete a resource by Type/id."""
        tables.remove(self.tx, self.number, [self.rids.pop(name)])

    def page(self, text: str, *, token: str = "", strict: bool = True) -> Page:
        """The page of a search such as Patient?name=ann, or ?_id=1 of the whole store."""
        kind, _, query = text.partition("?")
        pairs = [*pairs_of(query), *([("_page_token", token)] if token else [])]
        read = self._reader.read(kind or None, pairs, strict=strict)
        index = Index(self._read, self.number, sorted(self.parameters.types), self.value_sets, self._few)
        return search(read, index)

    def found(self, text: str) -> list[str]:
        """Type/id of all matches in order, on all pages."""
        page = self.page(text)
        names = self.names(page.matches)
        while page.token:
            page = self.page(text, token=page.token)
            names += self.names(page.matches)
        return names

    def names(self, rids: Iterable[int]) -> list[str]:
        """Type/id of resources by their rids."""
        by_rid = {rid: name for name, rid in self.rids.items()}
        return [by_rid[rid] for rid in rids]

    def ids(self, text: str) -> list[str]:
        """The ids of all matches in order."""
        return [name.partition("/")[2] for name in self.found(text)]

    def _read(self, sql: str, arguments: Sequence[Any]) -> list[Any]:
        self.queries.append((sql, arguments))
        return self.tx.execute(sql, arguments).fetchall()

    def plan(self) -> list[str]:
        """How SQLite has gone about all queries so far."""
        return [
            row[3]
            for sql, arguments in self.queries
            for row in self.tx.execute(f"EXPLAIN QUERY PLAN {sql}", arguments).fetchall()
        ]


def pairs_of(query: str) -> Iterable[tuple[str, str]]:
    """Names and values of a query string that escapes nothing."""
    for each in query.split("&") if query else ():
        name, _, value = each.partition("=")
        yield name, value
