"""The resources that a change of many looks at, one after the other: those of a store, or those that files list.

A file has a resource a line, Type/id (Cloud Healthcare: bulkDelete, gcsSource; rollback, inputGcsObject).
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from emulator.context import Job
from emulator.errors import invalid_argument
from emulator.services.healthcare.fhir import checks
from emulator.services.healthcare.fhir.stored import Json, Store
from emulator.services.healthcare.transfer import steps, walking
from emulator.services.healthcare.transfer.sources import Source
from emulator.services.healthcare.transfer.steps import Problem
from emulator.services.healthcare.transfer.walking import BATCH, Line, Lines

LOG_ENTRY = "FhirErrorLogEntry"
"""The last word of the type of log entries of what fails."""
_NO_KEY = "every line must be Type/id, of a type of the store's FHIR version"


@dataclass(frozen=True, slots=True)
class Key:
    """A resource by type and id, or the Problem of a line that names none; what the log calls it.

    mark is the checkpoint of a job that is done with it.
    """

    type: str
    id: str
    source: str
    mark: Json
    problem: Problem | None = None

    @property
    def relative(self) -> str:
        """Type/id."""
        return f"{self.type}/{self.id}"


@dataclass(frozen=True)
class InStore:
    """Resources of a store that have versions between two rids, by type and id.

    mark is the checkpoint after which they are left; None for the job's.
    """

    job: Job
    store: Store
    types: Sequence[str]
    """Those that are wanted; none for all."""
    first: int = -(1 << 62)
    last: int = 1 << 62
    mark: Json | None = None

    def count(self) -> int:
        """How many there are."""
        sql = "SELECT count(DISTINCT id) FROM fhir_versions WHERE store = ? AND type = ? AND rid BETWEEN ? AND ?"
        found = (self.job.context.db.one(sql, (self.store.key, each, self.first, self.last)) for each in self._types())
        return sum(row[0] for row in found if row is not None)

    def left(self) -> Iterator[Key]:
        """Those after the job's checkpoint."""
        mark = self.job.checkpoint if self.mark is None else self.mark
        last, after = mark.get("type", ""), mark.get("id", "")
        for name in self._types():
            if name >= last:
                yield from self._of_type(name, after if name == last else "")

    def _types(self) -> list[str]:
        sql = "SELECT DISTINCT type FROM fhir_versions WHERE store = ? ORDER BY type"
        rows = self.job.context.db.all(sql, (self.store.key,))
        return [row[0] for row in rows if not self.types or row[0] in self.types]

    def _of_type(self, name: str, after: str) -> Iterator[Key]:
        sql = (
            "SELECT DISTINCT id FROM fhir_versions WHERE store = ? AND type = ? AND id > ? AND rid BETWEEN ? AND ?"
            " ORDER BY id LIMIT ?"
        )
        while rows := self.job.context.db.all(sql, (self.store.key, name, after, self.first, self.last, BATCH)):
            after = rows[-1][0]
            for (identifier,) in rows:
                source = f"{self.store.name}/fhir/{name}/{identifier}"
                yield Key(name, identifier, source, {"type": name, "id": identifier})


@dataclass(frozen=True)
class InFiles:
    """Resources that the lines of objects name, as far as the store's agent may read them."""

    job: Job
    store: Store
    source: Source

    def count(self) -> int:
        """How many lines there are; 400 where no object matches, 403 where the agent may read none."""
        return Lines(self.job, self.source).count()

    def left(self) -> Iterator[Key]:
        """Those after the job's checkpoint."""
        for line in Lines(self.job, self.source).left():
            yield self._key(line)

    def _key(self, line: Line) -> Key:
        name, _, identifier = line.text.partition("/")
        if line.problem is not None:
            return Key("", "", line.uri, line.mark, line.problem)
        if name not in self.store.definitions.resources or not checks.ID.fullmatch(identifier):
            return Key("", "", line.uri, line.mark, Problem(3, f"line {line.mark['done']}: {_NO_KEY}"))
        return Key(name, identifier, f"{self.store.name}/fhir/{name}/{identifier}", line.mark)


Keys = InStore | InFiles
Step = Callable[[sqlite3.Connection, Job, list[Key]], None]


async def walk(job: Job, keys: Keys, step: Step) -> None:
    """Take a step for some keys at a time, each in a write that moves the checkpoint, too."""
    await walking.walk(job, keys, step, LOG_ENTRY)


def count_missing(tx: sqlite3.Connection, job: Job, key: Key) -> None:
    """Log and count a resource that is not there: a failure where a file named it, nothing where it went meanwhile."""
    if job.payload.get("uri"):
        steps.log_failures(tx, job, LOG_ENTRY, [(key.source, Problem(5, "There is no such resource."))])
        job.count("failure")


def types_in(store: Store, names: Sequence[str], field: str) -> list[str]:
    """The types that a request names; 400, which names its field, for one that the store's version does not have."""
    unknown = [name for name in names if name not in store.definitions.resources]
    if unknown:
        raise invalid_argument(f'Invalid {field}: "{unknown[0][:80]}" is no type of FHIR {store.version}.')
    return list(names)
