"""Load jobs: an upload or objects of Cloud Storage into a table.

Files are read into a storage table of the job's own, so that a table never shows half a load.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.services.bigquery import catalog, errors, schemas, warehouse
from emulator.services.bigquery.jobs import commit, objects, partitions, reading, upload_files
from emulator.services.bigquery.jobs.reading import SELF_DESCRIBING, Source
from emulator.services.bigquery.jobs.store import Job
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.requests import check_table_id
from emulator.services.bigquery.sql import storage
from emulator.services.bigquery.sql.engine import stored

if TYPE_CHECKING:
    from emulator.context import Context
    from emulator.services.bigquery.process.ticket import Ticket

REFUSED = ("decimalTargetTypes", "jsonExtension", "projectionFields", "connectionProperties", "createSession")


async def run(context: Context, job: Job, ticket: Ticket) -> None:
    """Run a load job; counts go into its statistics, bad rows into its status."""
    configuration = job.configuration
    reference = configuration.get("destinationTable") or {}
    if not reference.get("tableId") or not reference.get("datasetId"):
        raise errors.invalid("Required parameter is missing: destinationTable")
    written = TableName.from_reference(reference, job.project)
    target = commit.Target.of(written, job.key, configuration, commit.WRITE_APPEND, job.principal)
    name = target.name
    check_table_id(name.table)
    commit.check_permissions(context, target, job.principal)
    if await commit.is_done(context, target):
        return
    source = _source(context, job, name)
    house = warehouse.of(context)
    staging = await commit.staging(context, target)
    try:
        upload = job.payload.get("upload")
        readable = context.blobs.decrypted(source.paths) if not upload else upload_files.readable(context, Path(upload))
        async with readable as paths:
            size = sum(path.stat().st_size for path in paths if path.exists())
            source, problem = await house.run(
                reading.read, replace(source, paths=paths), stored(staging), ticket=ticket
            )
        if source.problems:
            job.body["status"]["errors"] = source.problems
        if problem is not None:
            raise problem
    except BaseException:
        await house.run(storage.drop, stored(staging), short=True)
        raise
    await commit.put(context, target, staging, source.fields)
    job.statistics["load"] = {
        "inputFiles": str(len(source.paths)),
        "inputFileBytes": str(size),
        "outputRows": str(source.rows),
        "outputBytes": str(size),
        "badRecords": str(source.bad),
    }
    job.statistics["totalBytesProcessed"] = str(size)


def _source(context: Context, job: Job, name: TableName) -> Source:
    options = job.configuration
    for key in REFUSED:
        if options.get(key):
            raise errors.error("notImplemented", f"Load jobs with {key} are not emulated.")
    form = str(options.get("sourceFormat") or "CSV").upper()
    reading.require_readable(form)
    hive = options.get("hivePartitioningOptions")
    if job.payload.get("upload"):
        paths, names = [Path(job.payload["upload"])], ["upload"]
    else:
        paths, names = objects.find(context, job.principal, options.get("sourceUris") or [])
    fields = schemas.checked((options.get("schema") or {}).get("fields") or [])
    found = catalog.find_table(context, name)
    writes_over = str(options.get("writeDisposition") or "").startswith(commit.WRITE_TRUNCATE)
    if not fields and found is not None and not (writes_over and options.get("autodetect")):
        adds = "ALLOW_FIELD_ADDITION" in (options.get("schemaUpdateOptions") or ())
        fields = [] if adds and options.get("autodetect") else catalog.fields_of(found.body)
    if not fields and form not in SELF_DESCRIBING and not options.get("autodetect"):
        raise errors.invalid("No schema specified on job or table.")
    source = Source(paths, names, form, options, fields, int(options.get("maxBadRecords") or 0))
    return partitions.apply(source, hive) if hive else source


async def forget_upload(context: Context, job: Job) -> None:
    """Remove the file that a load job brought, once the job has ended."""
    path = job.payload.get("upload")
    if path:
        await context.blobs.run(_unlink, Path(path))


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)
