"""Comparing a FHIR store with what was loaded into it, and with the tables it was exported to. Nothing is changed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scripts.comparison import Comparison
from scripts.console import Progress
from scripts.documents import Document
from scripts.errors import CommandError, ExitCode
from scripts.fhir.documents import entries_of
from scripts.fhir.identity import is_same
from scripts.fhir.service import FhirStore, types_held
from scripts.fhir.units import Item, Transaction, Unit, Unreadable, units_of
from scripts.parallel import run_parallel
from scripts.tables import find_table

if TYPE_CHECKING:
    from infra.outputs import FhirStoreOutputs
    from scripts.connection import Connection

Json = dict[str, Any]


@dataclass
class _Looked:
    """How the resources of a unit stand."""

    items: list[Item] = field(default_factory=list)
    differences: list[tuple[str, str]] = field(default_factory=list)


def compare(
    target: Connection, chosen: FhirStoreOutputs, documents: Sequence[Document], bar: Progress, *, whole: bool
) -> Comparison:
    """Compare each resource of `documents` with what the store holds under its id, as `fhir load` would store it.

    `whole`: the documents are all there should be, so that what else the store holds is a difference, too. Raises
    CommandError when Ctrl-C ends it.
    """
    store, result, ids, stop = FhirStore(target, chosen), Comparison(), set[str](), threading.Event()
    with closing(run_parallel(lambda unit: _look(store, unit), units_of(documents, as_is=False), stop)) as done:
        for _, looked in done:
            result.compared += len(looked.items)
            result.found += looked.differences
            ids.update(item.relative for item in looked.items)
            bar.update(result.compared)
    if stop.is_set():
        raise CommandError("Stopped before all was compared: nothing is said of any resource.", ExitCode.PARTLY_DONE)
    result.found.sort()
    if whole:
        held = (f"{kind}/{name}" for kind in types_held(target, chosen) for name in versions(store, kind))
        result.add("only in the store", set(held) - ids)
    return result


def _look(store: FhirStore, unit: Unit) -> _Looked:
    if isinstance(unit, Unreadable):
        return _Looked(differences=[("no resource", f"{unit.label} ({unit.reason})")])
    items = _updates(unit) if isinstance(unit, Transaction) else unit
    there = store.held([item.relative for item in items])
    return _Looked(items, [_difference(item, there) for item in items if not _is_there(item, there)])


def _is_there(item: Item, there: dict[str, Json]) -> bool:
    return is_same(item.resource, there.get(item.relative, {}))


def _difference(item: Item, there: dict[str, Json]) -> tuple[str, str]:
    what = "other content in the store" if item.relative in there else "missing in the store"
    return what, f"{item.label}: {item.relative}"


def _updates(unit: Transaction) -> list[Item]:
    """What a bundle stores under an id that is known beforehand: what it creates only if nothing matches is not."""
    return [
        Item(f"{unit.label}, entry {number}", entry["resource"])
        for number, entry in enumerate(entries_of(unit.bundle), 1)
        if entry.get("request", {}).get("method") == "PUT" and "id" in (entry.get("resource") or {})
    ]


def compare_tables(target: Connection, chosen: FhirStoreOutputs, dataset: str, bar: Progress) -> Comparison:
    """Compare the versions that the store holds now with those in the tables of `dataset` (PROJECT.DATASET).

    Tables that a stream writes keep what was deleted or replaced: of them only what is missing is told. Raises
    CommandError where no table is there for anything.
    """
    store, result = FhirStore(target, chosen), Comparison()
    streamed = chosen.streams and dataset == f"{target.outputs.project}.{chosen.bigquery_dataset}"
    kinds = types_held(target, chosen)
    missing = [kind for kind in kinds if find_table(target, f"{dataset}.{kind}") is None]
    if kinds and len(missing) == len(kinds):
        raise CommandError(
            f"The BigQuery dataset {dataset} has no table of what the FHIR store holds: run `python -m scripts fhir"
            " export --to table` first."
        )
    result.add("no table", missing)
    for kind in kinds:
        if kind not in missing:
            current, rows = versions(store, kind), _rows(target, f"{dataset}.{kind}")
            _compare_table(result, kind, current, rows, streamed=streamed)
            result.compared += len(current)
            bar.update(result.compared)
    return result


def _compare_table(
    result: Comparison, kind: str, current: dict[str, str], rows: set[tuple[str, str]], *, streamed: bool
) -> None:
    ids = {name for name, _ in rows}
    absent = {name for name, version in current.items() if (name, version) not in rows}
    result.add(f"missing in table {kind}", (f"{kind}/{name}" for name in absent - ids))
    result.add(f"another version in table {kind}", (f"{kind}/{name}" for name in absent & ids))
    if not streamed:
        result.add(f"only in table {kind}", (f"{kind}/{name}" for name in ids - current.keys()))


def _rows(target: Connection, table: str) -> set[tuple[str, str]]:
    """Id and version of each row."""
    rows: Iterable[Any] = target.bigquery.query(f"SELECT id, meta.versionId AS version FROM `{table}`").result()  # noqa: S608 (a name that the stack or the person gave, in backquotes)
    return {(row["id"], row["version"]) for row in rows}


def versions(store: FhirStore, kind: str) -> dict[str, str]:
    """The version of each resource of a type that the store holds now, by its id."""
    found = store.search(kind, [("_elements", "id,meta")])
    return {resource["id"]: resource.get("meta", {}).get("versionId", "") for resource in _resources(found)}


def _resources(entries: Iterator[Json]) -> Iterator[Json]:
    return (entry["resource"] for entry in entries if entry.get("search", {}).get("mode", "match") == "match")
