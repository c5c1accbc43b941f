"""Export to BigQuery: a table for each type of resource, whose columns all rows need together."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from emulator.context import Job
from emulator.fhir import parsing
from emulator.services.healthcare.fhir.shapes import Destination, Table
from emulator.services.healthcare.fhir.stored import Json, Store, Version
from emulator.services.healthcare.fhir.transfer import selection
from emulator.services.healthcare.fhir.transfer.selection import Selection
from emulator.services.healthcare.transfer import steps, tables
from emulator.services.healthcare.transfer.steps import Problem


@dataclass
class _Export:
    """One type under way: its table, and the resources that have no row in its shape."""

    job: Job
    store: Store
    wanted: Selection
    type: str
    table: Table
    failed: dict[str, str] = field(default_factory=dict)
    """Reasons by id."""


def check(given: Json, store: str) -> None:
    """Raise 400 for a bigqueryDestination that Google refuses, such as a dataset of another project."""
    to = Destination.parse(given)
    tables.require_own_project(to.project, store)


async def run(job: Job) -> None:
    """Write the tables one after the other, each in one load; what has no row is logged and counted."""
    context, store = job.context, selection.store_of(job)
    to, wanted = Destination.parse(job.payload["bigqueryDestination"]), Selection.parse(job.payload)
    to.require_history(store.settings)
    names = await asyncio.to_thread(selection.types, context, store, wanted)
    for name in names or ["Patient"]:
        tables.require_editor(context, store.name, to.table(name))
    tables.require_jobs(context, store.name, to.project)
    written: list[str] = job.checkpoint.get("written", [])
    left = [name for name in names if name not in written]
    if not written:
        job.counter["pending"] = await asyncio.to_thread(selection.count, context, store, left, wanted)
    for name in left:
        export = _Export(job, store, wanted, name, Table(to, store.definitions, name))
        number = await _write(export, to)
        written = [*written, name]
        await steps.commit(job, _note, export, number, written)


async def _write(export: _Export, to: Destination) -> int:
    """Write the table of a type; how many resources it has now."""
    number = 0
    async for versions in _batches(export):
        await asyncio.to_thread(_look, export, versions)
        number += len(versions)

    async def rows() -> AsyncIterator[list[Json]]:
        async for versions in _batches(export):
            yield await asyncio.to_thread(_rows, export, versions)

    if number > len(export.failed):
        uri, wanted = to.table(export.type), export.table.columns
        await tables.write(export.job, uri, wanted, rows(), to.disposition, to.body, to.keys)
    return number - len(export.failed)


async def _batches(export: _Export) -> AsyncIterator[list[Version]]:
    job = export.job
    batches = selection.batches(job.context, export.store, export.type, export.wanted)
    while batch := await asyncio.to_thread(next, batches, None):
        job.check_cancelled()
        yield batch


def _look(export: _Export, versions: list[Version]) -> None:
    """Take in the columns of resources, and note those that have no row."""
    _, failed = export.table.rows(parsing.parse(version.body, None) for version in versions)
    export.failed |= {resource["id"]: reason for resource, reason in failed}


def _rows(export: _Export, versions: list[Version]) -> list[Json]:
    good = (version for version in versions if version.id not in export.failed)
    return [export.table.row(parsing.parse(version.body, None)) for version in good]


def _note(tx: sqlite3.Connection, job: Job, export: _Export, number: int, written: list[str]) -> None:
    """Count a type that is written, log what has no row, and move the checkpoint."""
    base = f"{export.store.name}/fhir/{export.type}"
    failed = [(f"{base}/{identifier}", Problem(3, reason)) for identifier, reason in export.failed.items()]
    steps.log_failures(tx, job, "ExportFhirLogEntry", failed)
    steps.count(job, number, len(failed), number + len(failed))
    job.checkpoint = {"written": written}
    job.save_in(tx)
