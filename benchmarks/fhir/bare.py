"""The least that storing and reading take: JSON that is read, rows of SQLite that are written, synced and read."""

import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

_SECONDS = 0.5


class Bare:
    """A table of JSON by id, with SQLite set as durable as the emulator sets it."""

    def __init__(self, file: Path, bodies: list[bytes]) -> None:
        self._bodies = bodies
        self._table = sqlite3.connect(file, isolation_level=None)
        self._table.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE kept(id, body)")
        self._table.execute("CREATE UNIQUE INDEX kept_id ON kept(id)")
        self._count = 0
        self.write_many()

    def parse(self) -> float:
        """Bodies that json.loads reads, a second."""
        return self._rate(json.loads)

    def write(self) -> float:
        """Bodies that are inserted and committed one by one, a second."""
        return self._rate(self._insert)

    def write_many(self) -> float:
        """Bodies that are inserted in one transaction, a second."""
        started = time.perf_counter()
        self._table.execute("BEGIN")
        for each in self._bodies:
            self._insert(each)
        self._table.execute("COMMIT")
        return len(self._bodies) / (time.perf_counter() - started)

    def read(self) -> float:
        """Bodies that are read by their id, a second."""
        return self._rate(lambda _: self._table.execute("SELECT body FROM kept WHERE id = ?", ("r1",)).fetchone())

    def _insert(self, body: bytes) -> None:
        self._count += 1
        self._table.execute("INSERT INTO kept VALUES (?, ?)", (f"r{self._count}", body))

    def _rate(self, work: Callable[[bytes], object]) -> float:
        count, started = 0, time.perf_counter()
        while (took := time.perf_counter() - started) < _SECONDS:
            work(self._bodies[count % len(self._bodies)])
            count += 1
        return count / took
