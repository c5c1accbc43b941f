"""fhirStores.import: resources of files become the current versions, with their own ids and without a history.

Nobody is notified, references may lead to nothing, and what fails is logged and left out (the method's description).
"""

import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.context import Job
from emulator.errors import RPC_CODES, ApiError, invalid_argument
from emulator.fhir import parsing
from emulator.fhir.outcomes import Refused
from emulator.fhir.search.preparing import Recipe, rows_of
from emulator.fhir.search.tables import Rows
from emulator.pool import WorkerLost
from emulator.services.healthcare import operations
from emulator.services.healthcare.fhir import checks, errors, integrity, keeping, searchable, stored
from emulator.services.healthcare.fhir.keeping import Ready
from emulator.services.healthcare.fhir.store import FHIR
from emulator.services.healthcare.fhir.stored import Json, Store
from emulator.services.healthcare.fhir.transfer import lines, selection
from emulator.services.healthcare.transfer import imports
from emulator.services.healthcare.transfer.imports import Importer
from emulator.services.healthcare.transfer.steps import Problem

if TYPE_CHECKING:
    from emulator.services.storage.api import StoredObject

_STRUCTURE = "contentStructure"
LARGE = 1 << 20
"""Bytes of a file for which a process is worth its start."""
_TOGETHER = 64
"""Resources that it is handed at a time."""


def structure_in(body: Json) -> Json:
    """What the job keeps of the request: how its files are laid out. 400 for what is no such layout."""
    structure = body.get(_STRUCTURE) or "BUNDLE"
    if structure == "CONTENT_STRUCTURE_UNSPECIFIED":
        structure = "BUNDLE"
    if structure not in lines.STRUCTURES:
        raise invalid_argument(f"contentStructure must be one of {', '.join(lines.STRUCTURES)}.")
    return {_STRUCTURE: structure}


def _read(job: Job, path: Path, _found: "StoredObject") -> Iterator[Ready | Problem]:
    """The resources of a file, made ready to be stored; a Problem for each that the store does not take."""
    store = selection.store_of(job)
    found = lines.resources(path, job.payload[_STRUCTURE])
    if path.stat().st_size < LARGE or store.profiles or searchable.configured(store.settings):
        return (made_ready(store, each) for each in found)
    return made_ready_beside(job.context.pool, store, found)


def made_ready_beside(pool: Executor, store: Store, found: Iterator[lines.Found]) -> Iterator[Ready | Problem]:
    """Have a process validate and index resources while those before them are stored.

    What it does not find right, or is lost with, is done again here, where it is said why.
    """
    recipe = Recipe(store.version, store.name, checks.switched_on(store))
    asked: Future[list[Rows | None]] | None = None
    part: list[lines.Found] = []
    while following := list(islice(found, _TOGETHER)):
        texts = [parsing.serialize(each.content) for each in following if isinstance(each.content, dict)]
        next_asked = pool.submit(rows_of, recipe, texts)
        if asked is not None:
            yield from _answered(store, part, asked)
        part, asked = following, next_asked
    if asked is not None:
        yield from _answered(store, part, asked)


def _answered(
    store: Store, part: Sequence[lines.Found], asked: "Future[list[Rows | None]]"
) -> Iterator[Ready | Problem]:
    try:
        rows = iter(asked.result())
    except (WorkerLost, MemoryError):
        rows = iter(())
    for each in part:
        yield made_ready(store, each, next(rows, None) if isinstance(each.content, dict) else None)


def _store(tx: sqlite3.Connection, job: Job, ready: Sequence[Ready]) -> list[Problem | None]:
    """Make resources the current versions, in the place of those that are there."""
    context = job.context
    store = stored.opened_in(context, tx, job.payload["store"])
    at, number = int(context.clock.seconds() * 1_000_000), operations.number(job.operation)
    batch = keeping.Batch(context, tx, store)
    for one in ready:
        before = batch.newest(one.type, one.resource["id"])
        batch.put(one, "PUT", at, before, in_place=True, operation=number)
    batch.flush()
    return [None] * len(ready)


def made_ready(store: Store, found: lines.Found, rows: Rows | None = None) -> Ready | Problem:
    """A resource ready to be stored; its rows are known where it was found right already."""
    if isinstance(found.content, Refused):
        return problem(found.place, found.content)
    if rows is not None:
        return Ready(found.content, integrity.links(store, found.content, any_reference=True), rows)
    try:
        resource = checks.resource(store, found.content)
        checks.require_own_id(resource)
        return keeping.made_ready(store, resource, any_reference=True)
    except Refused as refused:
        return problem(found.place, refused)


def problem(place: str, refused: Refused) -> Problem:
    """The refusal for the log: what is wrong and where, and nothing that the resource says."""
    error: ApiError = errors.api_error_of(refused)
    words = refused.discreet
    return Problem(RPC_CODES.get(error.status, 3), f"{place}: {words}" if place else words)


def _count(job: Job, path: Path) -> int:
    return lines.count(path, job.payload[_STRUCTURE])


imports.register(
    FHIR,
    Importer(
        "fhir.FhirService.ImportResources",
        "fhir.rest.ImportResourcesResponse",
        "ImportFhirLogEntry",
        read=_read,
        store=_store,
        options=structure_in,
        count=_count,
        batch=256,
        partly="invalid_argument: importing one or more resources failed. Please use the link in the metadata.logsUrl"
        " field to view the error logs for this operation.",  # Google's words (synthetichealth/synthea, issue 1568)
    ),
)
