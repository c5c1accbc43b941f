"""fhirStores.importHistory: versions of resources, with their times, from bundles of type history.

A version takes its place in the history of its resource by its time, and that of a version of that very time (Cloud
Healthcare: history bundles insert or replace). Nobody is notified, and references may lead to nothing.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.context import Job
from emulator.errors import invalid_argument
from emulator.fhir.outcomes import Refused
from emulator.services.healthcare import operations
from emulator.services.healthcare.fhir import errors, keeping, past_versions, stored
from emulator.services.healthcare.fhir.keeping import Past
from emulator.services.healthcare.fhir.store import FHIR
from emulator.services.healthcare.fhir.stored import Json
from emulator.services.healthcare.fhir.transfer import lines, selection
from emulator.services.healthcare.fhir.transfer.imports import problem, structure_in
from emulator.services.healthcare.transfer import imports
from emulator.services.healthcare.transfer.imports import Importer
from emulator.services.healthcare.transfer.steps import Problem

if TYPE_CHECKING:
    from emulator.services.storage.api import StoredObject

DEFAULT_ERRORS = 100
"""Cloud Healthcare: importHistory, maxErrorCount."""
FULL = Problem(8, errors.full_microsecond().issues[0].diagnostics)


def _options(body: Json) -> Json:
    most = int(body.get("maxErrorCount") or DEFAULT_ERRORS)
    if most < -1:
        raise invalid_argument("maxErrorCount must be -1 for no maximum, 0 for 100, or positive.")
    return {**structure_in(body), "maxErrorCount": most}


def _read(job: Job, path: Path, _found: "StoredObject") -> Iterator[Past | Problem]:
    """The versions of a file; a Problem for each that can't be one."""
    store = selection.store_of(job)
    for found in lines.entries_of_histories(path, job.payload["contentStructure"]):
        try:
            if isinstance(found.content, Refused):
                raise found.content
            yield past_versions.read(store, found.content)
        except Refused as refused:
            yield problem(found.place, refused)


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
        allowed=past_versions.require_modifiable,
    ),
)
