"""Load jobs: an upload or objects of Cloud Storage into a table.

Files are read into a storage table of the job's own, so that a table never shows half a load.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.services.bigquery import catalog, errors, schemas, warehouse
from emulator.services.bigquery.jobs import commit, files
from emulator.services.bigquery.jobs.store import Job
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.requests import check_table_id
from emulator.services.bigquery.sql import engine, storage
from emulator.services.bigquery.sql.engine import stored
from emulator.services.bigquery.sql.rows import RowError, RowReader
from emulator.services.bigquery.sql.types import Field, literal, quote, recast
from emulator.services.storage import api
from emulator.services.storage.uris import GsUri

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from emulator.context import Context
    from emulator.services.bigquery.process.ticket import Ticket

BATCH_ROWS = 5000
FORMATS = ("CSV", "NEWLINE_DELIMITED_JSON", "PARQUET")
MAX_ERRORS_SHOWN = 20
REFUSED = ("hivePartitioningOptions", "decimalTargetTypes", "jsonExtension", "projectionFields", "connectionProperties")


@dataclass
class Source:
    """Files to read and how. fields empty: to be found out from the files."""

    paths: list[Path]
    names: list[str]
    format: str
    options: dict[str, Any]
    fields: list[Field]
    max_bad: int
    problems: list[dict[str, Any]] = field(default_factory=list)
    bad: int = 0
    rows: int = 0

    def count_bad(self, message: str, location: str) -> None:
        """Note a bad row. Raises the job's error once there are too many."""
        self.bad += 1
        if len(self.problems) < MAX_ERRORS_SHOWN:
            self.problems.append({"reason": "invalid", "location": location, "message": message})
        if self.bad > self.max_bad:
            raise errors.invalid(f"{message} File: {location}" if location else message)


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
    staging = f"t_{context.ids.hex(24)}"
    try:
        source, problem = await house.run(_read, source, stored(staging), ticket=ticket)
        if source.problems:
            job.body["status"]["errors"] = source.problems
        if problem is not None:
            raise problem
    except BaseException:
        await house.run(storage.drop, stored(staging), short=True)
        raise
    await commit.put(context, target, staging, source.fields)
    size = sum(path.stat().st_size for path in source.paths if path.exists())
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
    if form not in FORMATS:
        raise errors.error("notImplemented", f"The source format {form} is not emulated; use {', '.join(FORMATS)}.")
    if job.payload.get("upload"):
        paths, names = [Path(job.payload["upload"])], ["upload"]
    else:
        paths, names = _objects(context, job.principal, options.get("sourceUris") or [])
    fields = schemas.checked((options.get("schema") or {}).get("fields") or [])
    found = catalog.find_table(context, name)
    writes_over = str(options.get("writeDisposition") or "").startswith(commit.WRITE_TRUNCATE)
    if not fields and found is not None and not (writes_over and options.get("autodetect")):
        adds = "ALLOW_FIELD_ADDITION" in (options.get("schemaUpdateOptions") or ())
        fields = [] if adds and options.get("autodetect") else catalog.fields_of(found.body)
    if not fields and form != "PARQUET" and not options.get("autodetect"):
        raise errors.invalid("No schema specified on job or table.")
    return Source(paths, names, form, options, fields, int(options.get("maxBadRecords") or 0))


def _objects(context: Context, principal: str, uris: list[str]) -> tuple[list[Path], list[str]]:
    """The files behind gs:// addresses, of which each may hold one `*`. Raises 400, 403, 404."""
    paths, names = [], []
    for uri in uris:
        named = GsUri.of(uri)
        if named is None:
            raise errors.invalid(f"Invalid source URI {uri}; write gs://bucket/object.")
        bucket, pattern = named.bucket, named.name
        require_payer(context, bucket, principal)
        if pattern.count("*") > 1:
            raise errors.invalid(f"Invalid source URI {uri}: at most one * is allowed.")
        prefix, star, suffix = pattern.partition("*")
        _require(context, principal, "storage.objects.list" if star else "storage.objects.get", uri, bucket, pattern)
        matched = [
            item
            for item in api.iter_objects(context, bucket, prefix)
            if item.name == pattern or (star and item.name.endswith(suffix) and len(item.name) >= len(pattern) - 1)
        ]
        if not matched:
            raise errors.error("notFound", f"Not found: URI {uri}")
        for item in matched:
            _require(context, principal, "storage.objects.get", str(GsUri(bucket, item.name)), bucket, item.name)
        paths += [context.blobs.path(item.blob_id) for item in matched]
        names += [str(GsUri(bucket, item.name)) for item in matched]
    return paths, names


def _require(context: Context, principal: str, permission: str, uri: str, bucket: str, name: str) -> None:
    """Raise the 403 of a load whose caller lacks a permission: to list is of the bucket, to get of each object."""
    if not api.may(context, principal, permission, bucket, "" if permission.endswith(".list") else name):
        raise errors.error(
            "accessDenied",
            "Access Denied: BigQuery BigQuery: Permission denied while globbing file pattern. "
            f"{principal.partition(':')[2]} does not have {permission} access to {uri}.",
        )


def require_payer(context: Context, bucket: str, principal: str) -> None:
    """Raise 400 where the bucket is requester pays and the caller may not bill its own project."""
    try:
        api.require_payer(context, bucket, principal)
    except ApiError as problem:
        raise errors.invalid(problem.message) from None


def _read(connection: DuckDBPyConnection, source: Source, table: str) -> tuple[Source, ApiError | None]:
    """Read every file into a new storage table (in the engine process): what was found, and what ended it."""
    try:
        _read_files(connection, source, table)
    except ApiError as problem:
        return source, problem
    return source, None


def _read_files(connection: DuckDBPyConnection, source: Source, table: str) -> None:
    if source.format == "PARQUET":
        _read_parquet(connection, source, table)
        return
    skip = int(source.options.get("skipLeadingRows") or 0)
    if not source.fields:
        if source.format == "CSV":
            source.fields, skip = files.guess_csv(source.paths[0], source.options)
        else:
            source.fields = files.guess_json(row for path in source.paths for row in files.json_rows(path))
        schemas.checked(source.fields)
    elif source.format == "CSV" and source.options.get("autodetect") and not skip:
        skip = files.guess_csv(source.paths[0], source.options)[1]
    storage.create(connection, table, source.fields)
    reader = RowReader(source.fields, ignore_unknown=bool(source.options.get("ignoreUnknownValues")))
    batch: list[dict[str, Any]] = []
    for path, name in zip(source.paths, source.names, strict=True):
        for row in _rows(source, path, skip):
            try:
                if isinstance(row, files.BadRow):
                    source.count_bad(str(row), name)
                    continue
                batch.append(reader.read(row))
            except RowError as problem:
                source.count_bad(
                    f"Error while reading data, error message: {problem.message} Field: {problem.location};", name
                )
                continue
            if len(batch) >= BATCH_ROWS:
                storage.append(connection, table, source.fields, batch)
                source.rows += len(batch)
                batch = []
    storage.append(connection, table, source.fields, batch)
    source.rows += len(batch)


def _rows(source: Source, path: Path, skip: int) -> Iterator[dict[str, Any] | files.BadRow]:
    if source.format == "CSV":
        return files.csv_rows(path, source.options, source.fields, skip)
    return files.json_rows(path)


def _read_parquet(connection: DuckDBPyConnection, source: Source, table: str) -> None:
    import duckdb

    listed = ", ".join(literal(str(path)) for path in source.paths)
    select = f"SELECT * FROM read_parquet([{listed}], union_by_name = true)"
    try:
        connection.execute(f"{select} LIMIT 0")
    except (duckdb.IOException, duckdb.InvalidInputException):
        raise errors.invalid(f"{files.READING} The file is no Parquet file that can be read.") from None
    found = engine.describe(connection, select)
    if source.fields:
        known = {item["name"].lower(): item["name"] for item in found}
        unknown = set(known) - {item["name"].lower() for item in source.fields}
        if unknown and not source.options.get("ignoreUnknownValues"):
            raise errors.invalid(
                f"Provided Schema does not match the file. Cannot add fields (field: {known[sorted(unknown)[0]]})"
            )
        columns = [
            f"{recast(quote(known[f['name'].lower()]) if f['name'].lower() in known else 'NULL', None, f)} "
            f"AS {quote(f['name'])}"
            for f in source.fields
        ]
    else:
        source.fields = schemas.checked(found)
        columns = [f"{recast(quote(f['name']), None, f)} AS {quote(f['name'])}" for f in found]
    select = f"SELECT {', '.join(columns)} FROM ({select})"
    source.rows = storage.fill(connection, table, source.fields, select)


async def forget_upload(context: Context, job: Job) -> None:
    """Remove the file that a load job brought, once the job has ended."""
    path = job.payload.get("upload")
    if path:
        await context.blobs.run(_unlink, Path(path))


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)
