"""Which resources an export takes: the current versions, of some types, changed since a time."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.context import Job
from emulator.errors import invalid_argument
from emulator.fhir.outcomes import Refused
from emulator.fhir.search.tables import first_rid
from emulator.services.healthcare.fhir import errors, instants, stored
from emulator.services.healthcare.fhir.stored import Json, Store, Version

if TYPE_CHECKING:
    from emulator.context import Context

_AT_ONCE = 500
_CURRENT = (
    " FROM fhir_versions v WHERE store = ? AND type = ? AND id > ? AND rid >= ? AND method <> 'DELETE' AND NOT EXISTS"
    "(SELECT 1 FROM fhir_versions n WHERE n.store = v.store AND n.type = v.type AND n.id = v.id AND n.rid > v.rid)"
)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a request asks for: types ("" in none: all), and a time in microseconds since 1970."""

    types: tuple[str, ...]
    since: int

    @classmethod
    def parse(cls, asked: Json) -> "Selection":
        """Read `_type` (names with commas between) and `_since` (an instant); 400 for what is none."""
        types = tuple(name for name in str(asked.get("_type") or "").replace(" ", "").split(",") if name)
        text = asked.get("_since")
        since = instants.of_instant(text) if text else 0
        if since is None:
            raise invalid_argument(
                f'Invalid _since "{str(text)[:80]}": it must be a time with seconds and a zone, 2017-01-01T00:00:00Z.'
            )
        return cls(types, since)


def store_of(job: Job) -> Store:
    """The store of an import or export; 404, as an error of an operation, where it is gone."""
    try:
        return stored.opened(job.context, job.payload["store"])
    except Refused as problem:
        raise errors.api_error_of(problem) from None


def options(body: Json) -> Json:
    """What an operation keeps of a request; 400 for what can't be followed."""
    Selection.parse(body)
    return {name: body[name] for name in ("_type", "_since") if body.get(name)}


def types(context: "Context", store: Store, wanted: Selection) -> list[str]:
    """The types of which a store has resources, those that are wanted, sorted; 400 for one that there is none of."""
    unknown = [name for name in wanted.types if name not in store.definitions.resources]
    if unknown:
        raise invalid_argument(f'Invalid _type: "{unknown[0][:80]}" is no type of FHIR {store.version}.')
    rows = context.db.all("SELECT DISTINCT type FROM fhir_versions WHERE store = ? ORDER BY type", (store.key,))
    return [row[0] for row in rows if not wanted.types or row[0] in wanted.types]


def batches(context: "Context", store: Store, resource_type: str, wanted: Selection) -> Iterator[list[Version]]:
    """The current versions of a type, by id, some hundred at a time."""
    after = ""
    while batch := _batch(context.db.reader, store, resource_type, wanted, after):
        yield batch
        after = batch[-1].id


def count(context: "Context", store: Store, names: Sequence[str], wanted: Selection) -> int:
    """How many resources of these types an export takes."""
    first = first_rid(wanted.since)
    counts = (context.db.one(f"SELECT count(*){_CURRENT}", (store.key, name, "", first)) for name in names)
    return sum(row[0] for row in counts if row is not None)


def _batch(
    connection: sqlite3.Connection, store: Store, resource_type: str, wanted: Selection, after: str
) -> list[Version]:
    rows = connection.execute(
        f"SELECT rid, type, id, method, blob, body{_CURRENT} ORDER BY id LIMIT {_AT_ONCE}",
        (store.key, resource_type, after, first_rid(wanted.since)),
    )
    return [Version(*row, keys=store.keys) for row in rows]
