"""fhirStores.importHistory: versions of resources, with their times, from bundles of type history.

A version takes its place in the history of its resource by its time, and that of a version of that very time (Cloud
Healthcare: history bundles insert or replace). Nobody is notified, and references may lead to nothing.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.context import Job
from emulator.errors import failed_precondition, invalid_argument
from emulator.fhir.outcomes import Refused
from emulator.services.healthcare import operations
from emulator.services.healthcare.fhir import checks, instants, keeping, stored, versions
from emulator.services.healthcare.fhir.keeping import Past, Ready
from emulator.services.healthcare.fhir.store import FHIR
from emulator.services.healthcare.fhir.stored import Json, Store
from emulator.services.healthcare.fhir.transfer import lines, selection
from emulator.services.healthcare.fhir.transfer.history_export import require_versions
from emulator.services.healthcare.fhir.transfer.imports import problem, structure_in
from emulator.services.healthcare.transfer import imports
from emulator.services.healthcare.transfer.imports import Importer
from emulator.services.healthcare.transfer.steps import Problem

if TYPE_CHECKING:
    from emulator.services.storage.api import StoredObject

DEFAULT_ERRORS = 100
"""Cloud Healthcare: importHistory, maxErrorCount."""
METHODS = ("POST", "PUT", "PATCH", "DELETE")
FULL = Problem(8, "The store has 1,024 versions of that microsecond already, which is all that it holds.")


def _allowed(settings: Json) -> None:
    require_versions(settings)
    if not settings.get("enableHistoryModifications"):
        raise failed_precondition("To import histories, set enableHistoryModifications on the FHIR store.")


def _options(body: Json) -> Json:
    most = int(body.get("maxErrorCount") or DEFAULT_ERRORS)
    if most < -1:
        raise invalid_argument("maxErrorCount must be -1 for no maximum, 0 for 100, or positive.")
    return {**structure_in(body), "maxErrorCount": most}


def _read(job: Job, path: Path, _found: "StoredObject") -> Iterator[Past | Problem]:
    """The versions of a file; a Problem for each that can't be one."""
    store = selection.store_of(job)
    for found in lines.past_versions(path, job.payload["contentStructure"]):
        try:
            if isinstance(found.content, Refused):
                raise found.content
            yield _past(store, found.content)
        except Refused as refused:
            yield problem(found.place, refused)


def _past(store: Store, entry: Json) -> Past:
    """The version that an entry of a history is; refused where it is none."""
    asked, resource = _part(entry, "request"), entry.get("resource")
    method = asked.get("method") or "PUT"
    if method not in METHODS:
        raise _bad("request.method", f"must be one of {', '.join(METHODS)}")
    kind, _, identifier = str(asked.get("url") or "").partition("/")
    if method == "DELETE":
        return Past(store.require_type(kind), checks.require_id(identifier), method, _time(entry, {}), None)
    if not isinstance(resource, dict):
        raise _bad("resource", "is required but for a DELETE")
    new = _ready(store, resource)
    if identifier and f"{kind}/{identifier}" != f"{new.type}/{resource['id']}":
        raise _bad("request.url", "must name the resource of the entry")
    return Past(new.type, resource["id"], method, _time(entry, resource), new)


def _ready(store: Store, resource: Json) -> Ready:
    checks.require_own_id(checks.resource(store, resource))
    return keeping.made_ready(store, resource, any_reference=True)


def _time(entry: Json, resource: Json) -> int:
    """When a version was made: meta.lastUpdated of the resource, or response.lastModified of the entry."""
    given = (resource.get("meta") or {}).get("lastUpdated") or _part(entry, "response").get("lastModified")
    found = instants.of_instant(str(given or ""))
    if found is None or not 0 < found < versions.LAST:
        raise _bad("resource.meta.lastUpdated", "or response.lastModified must be the time of the version")
    return found


def _part(entry: Json, name: str) -> dict[str, Any]:
    found = entry.get(name) or {}
    if not isinstance(found, dict):
        raise _bad(name, "must be an object")
    return found


def _bad(path: str, sentence: str) -> Refused:
    return lines.Unfit(f"{path} {sentence}")


def _store(tx: sqlite3.Connection, job: Job, past: Sequence[Past]) -> list[Problem | None]:
    """Put versions where they belong."""
    store = stored.opened_in(job.context, tx, job.payload["store"])
    number = operations.number(job.operation)
    return [None if keeping.insert(job.context, tx, store, each, number) else FULL for each in past]


def _count(job: Job, path: Path) -> int:
    return lines.count(path, job.payload["contentStructure"])


imports.register(
    FHIR,
    Importer(
        "fhir.FhirService.ImportResourcesHistory",
        "fhir.rest.ImportResourcesResponse",
        "ImportFhirLogEntry",
        read=_read,
        store=_store,
        options=_options,
        count=_count,
        verb="importHistory",
        permission="healthcare.fhirStores.import",
        allowed=_allowed,
    ),
)
