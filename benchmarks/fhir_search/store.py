"""The index of a store of generated resources, in a file of its own."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.fhir_search import corpus
from emulator.fhir.search import tables
from emulator.fhir.search.conditions import Index
from emulator.fhir.search.index import Indexer
from emulator.fhir.search.parameters import parameters
from emulator.fhir.search.reading import Reader
from emulator.fhir.search.searching import FEW, Page, search

VERSION = "R4"
_BEGIN = 1_700_000_000_000_000
_APART = 1_000
"""Microseconds from one change to the next."""
_TOGETHER = 1_000
"""Resources that are written in a transaction."""


class Store:
    """So many resources, indexed."""

    def __init__(self, folder: Path, count: int) -> None:
        self.count = count
        self._known = parameters(VERSION)
        self._reader = Reader(self._known)
        self._types = sorted(self._known.types)
        self.tx = sqlite3.connect(folder / f"{count}.sqlite", isolation_level=None)
        self.tx.executescript("PRAGMA journal_mode=WAL; PRAGMA cache_size=-16000;" + tables.SCHEMA)
        self._fill()

    def _fill(self) -> None:
        indexer = Indexer(self._known)
        for number, resource in enumerate(corpus.resources(self.count)):
            if number % _TOGETHER == 0:
                self.tx.execute("COMMIT" if self.tx.in_transaction else "SELECT 1")
                self.tx.execute("BEGIN")
            rid = tables.first_rid(_BEGIN + number * _APART)
            tables.write_all(self.tx, 1, [(rid, resource["resourceType"], resource["id"], indexer.rows(resource))])
        self.tx.execute("COMMIT")

    def search(self, resource_type: str, pairs: Sequence[tuple[str, str]]) -> Page:
        """A search as the emulator makes it, from the names and values of a query string."""
        index = Index(self._read, 1, self._types, lambda _: None, FEW)
        return search(self._reader.read(resource_type, pairs, strict=True), index)

    def bare(self, page: Page) -> None:
        """Read the resources of a page once more, each by its key: what no search can do without."""
        for rid in (*page.matches, *page.included):
            self._read("SELECT type, id FROM fhir_index_resources WHERE store = ? AND rid = ?", (1, rid))

    def _read(self, sql: str, arguments: Sequence[Any]) -> list[Any]:
        return self.tx.execute(sql, arguments).fetchall()
