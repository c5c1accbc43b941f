"""Export to BigQuery: the columns that all instances need, then the rows."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from emulator.context import Job
from emulator.errors import failed_precondition, invalid_argument, not_implemented
from emulator.services.healthcare.dicom.names import DicomPath
from emulator.services.healthcare.dicom.transfer import filters, flattened, selection
from emulator.services.healthcare.dicom.transfer.selection import Exported
from emulator.services.healthcare.transfer import tables
from emulator.services.healthcare.transfer.tables import TableUri

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A table and how an export or stream writes to it."""

    uri: TableUri
    disposition: str
    with_source: bool
    as_json: bool


def parse(given: Json, store: str) -> Table:
    """Read a bigqueryDestination; 400 for what Google refuses, such as a table of another project."""
    require_known(given)
    uri = TableUri.parse(given.get("tableUri", ""))
    tables.require_own_project(uri.project, store)
    return Table(uri, tables.disposition(given), bool(given.get("includeSourceStore")), "schemaJson" in given)


def require_known(given: Json) -> None:
    """Raise 400 for two schemas, or for changes captured in columns by attribute; 501 for changes captured at all."""
    as_json = given.get("schemaJson") is not None
    if as_json and given.get("schemaFlattened") is not None:
        raise invalid_argument("bigqueryDestination takes one schema: schemaFlattened or schemaJson.")
    if given.get("changeDataCaptureConfig") is None:
        return
    if not as_json:
        raise invalid_argument("bigqueryDestination.changeDataCaptureConfig is supported with schemaJson only.")
    raise not_implemented("bigqueryDestination.changeDataCaptureConfig of DICOM stores is not emulated.")


async def run(job: Job) -> None:
    """Write the table in one load: it is there whole, or as it was before."""
    context, store = job.context, job.payload["store"]
    paths = await filters.paths(context, store, job.payload.get("filterConfig"))
    table = parse(job.payload["bigqueryDestination"], store)
    tables.require_editor(context, store, table.uri)
    tables.require_jobs(context, store, table.uri.project)
    made = await asyncio.to_thread(columns, _documents(job, paths), table)
    written = 0

    async def rows() -> AsyncIterator[list[Json]]:
        nonlocal written
        batches = selection.batches(context, store, paths)
        while batch := await asyncio.to_thread(next, batches, None):
            job.check_cancelled()
            yield await asyncio.to_thread(_rows, batch, table, store, made)
            written += len(batch)

    if not made:
        raise failed_precondition("The store has no instances to export.")
    await tables.write(job, table.uri, made, rows(), table.disposition)
    # After a crash between the table's commit and this line nothing is written again, and the count is made anew.
    job.counter["success"] = written or await asyncio.to_thread(selection.count, context, store, paths)


def _documents(job: Job, paths: Sequence[DicomPath] | None) -> Iterator[bytes]:
    """The documents of all instances that are exported."""
    for batch in selection.batches(job.context, job.payload["store"], paths):
        job.check_cancelled()
        yield from (one.document for one in batch)


def columns(documents: Iterable[bytes], table: Table) -> list[flattened.Field]:
    """The columns that the rows of these instances need, by their stored documents."""
    system = [*flattened.SYSTEM_COLUMNS, *([flattened.SOURCE_COLUMN] if table.with_source else [])]
    if table.as_json:
        return [*flattened.JSON_COLUMNS, *system]
    schema = flattened.Schema()
    for document in documents:
        schema.add(orjson.loads(document.replace(b"\x01", b"")))
    return [*schema.fields(), *system]


def _rows(batch: Sequence[Exported], table: Table, store: str, columns: list[flattened.Field]) -> list[Json]:
    made = []
    for one in batch:
        system = {
            "StructuredStorageSize": len(one.document),
            "StorageClass": one.storage_class,
            "LastUpdated": one.updated,
            "BlobStorageSize": one.size,
            "Type": "INSERT",
        }
        made.append(table_row(one.document, system, store if table.with_source else "", columns, as_json=table.as_json))
    return made


def table_row(
    document: bytes, system: Json, source: str, columns: list[flattened.Field], *, as_json: bool = False
) -> Json:
    """Make one row from an instance's stored document; `source` is the store's name where it is wanted."""
    dataset = orjson.loads(document.replace(b"\x01", b""))
    dropped: list[str] = []
    if as_json:
        made: Json = {"Metadata": orjson.dumps(dataset).decode()}
        for name, tag in (
            ("StudyInstanceUID", "0020000D"),
            ("SeriesInstanceUID", "0020000E"),
            ("SOPInstanceUID", "00080018"),
        ):
            made[name] = dataset[tag]["Value"][0]
    else:
        made = flattened.row(dataset, dropped, columns)
    made.update(system, DroppedTags=sorted(set(dropped)))
    if source:
        made["SourceDicomStore"] = source
    return made
