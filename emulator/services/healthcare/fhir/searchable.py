"""What a store can be searched by: FHIR's parameters, and those that configureSearch added from its own resources."""

import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.fhir import parsing, references
from emulator.fhir.search.errors import SearchError
from emulator.fhir.search.index import Indexer
from emulator.fhir.search.parameters import Parameters, parameters
from emulator.fhir.search.preparing import indexer
from emulator.fhir.search.tables import microseconds_of
from emulator.services.healthcare.fhir import instants

if TYPE_CHECKING:
    from emulator.context import Context

Json = dict[str, Any]
Searchable = tuple[Parameters, Indexer]
_CACHE = "healthcare.fhir.searchable"


def of(context: "Context", connection: sqlite3.Connection, key: int, store: str, settings: Json) -> Searchable:
    """The parameters of a store, by its settings, and what indexes by them."""
    version = str(settings["version"])
    names = configured(settings)
    if not names:
        return parameters(version), indexer(version, store)
    cache: dict[int, tuple[tuple[str, ...], Searchable]] = context.extensions.setdefault(_CACHE, {})
    if key not in cache or cache[key][0] != names:
        known = _extended(version, [_resource(connection, key, name) for name in names])
        cache[key] = names, (known, Indexer(known, lambda text: references.target(text, store)))
    return cache[key][1]


def configured(settings: Json) -> tuple[str, ...]:
    """The names of the SearchParameter resources that a store is configured with, each with its version."""
    listed = (settings.get("searchConfig") or {}).get("searchParameters") or ()
    return tuple(str(each["parameter"]) for each in listed)


def _extended(version: str, found: list[Json]) -> Parameters:
    """FHIR's parameters and those of resources; one that is gone or can't be read any more is left out."""
    known = parameters(version)
    for resource in found:
        try:
            known = known.extended([resource])
        except SearchError:
            continue
    return known


def _resource(connection: sqlite3.Connection, key: int, name: str) -> Json:
    """The version of a SearchParameter that a name says; empty where it is gone."""
    identifier, _, version = name.partition("/fhir/SearchParameter/")[2].partition("/_history/")
    rows = connection.execute(
        "SELECT rid, body FROM fhir_versions WHERE store = ? AND type = 'SearchParameter' AND id = ? AND body <> ''"
        " ORDER BY rid DESC",
        (key, identifier.rstrip("/")),
    ).fetchall()
    at = instants.microseconds_of(version) if version else None
    body = next((row[1] for row in rows if at is None or microseconds_of(row[0]) == at), None)
    return parsing.parse(body, None) if body else {}
