"""Extract jobs: a table to objects of Cloud Storage, as CSV, newline-delimited JSON or Parquet."""

from __future__ import annotations

import csv
import dataclasses
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from emulator.services.bigquery import (
    catalog,
    decorators,
    encryption,
    errors,
    expiration,
    history,
    row_access,
    views,
    warehouse,
)
from emulator.services.bigquery.jobs import avro
from emulator.services.bigquery.jobs.objects import require_payer
from emulator.services.bigquery.jobs.store import Job
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql import scripts, storage
from emulator.services.bigquery.sql.catalog import Defaults
from emulator.services.bigquery.sql.encoders import plain_value
from emulator.services.bigquery.sql.engine import stored
from emulator.services.bigquery.sql.plans import Script
from emulator.services.bigquery.sql.types import Field, field_mode, field_type, literal, parquet_select, quote
from emulator.services.storage import api
from emulator.services.storage.uris import GsUri

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from emulator.context import Context
    from emulator.services.bigquery.process.ticket import Ticket
    from emulator.state.blob_files import Blob

PAGE_ROWS = 5000
CONTENT_TYPES = {
    "CSV": "text/csv",
    "NEWLINE_DELIMITED_JSON": "application/json",
    "PARQUET": "application/octet-stream",
    "AVRO": "application/octet-stream",
}
SHARD_BYTES = 1_000_000_000  # BigQuery: up to 1 GB of table data go into one file
PARQUET_CODECS = {"": "uncompressed", "NONE": "uncompressed", "SNAPPY": "snappy", "GZIP": "gzip", "ZSTD": "zstd"}


@dataclass(frozen=True)
class Rows:
    """Rows to be written: a storage table, its columns, how many rows it has and how many bytes these are."""

    storage: str
    fields: list[Field]
    count: int
    size: int


async def run(context: Context, job: Job, ticket: Ticket) -> None:
    """Run an extract job. The `*` of an address becomes the number of each shard, from 000000000000 on."""
    options = job.configuration
    if options.get("sourceModel"):
        raise errors.error("notImplemented", "Extracting models is not emulated.")
    written = TableName.from_reference(options.get("sourceTable") or {}, job.project)
    name = decorators.split(decorators.split_time(written)[0])[0]
    if not context.policies.allows(job.principal, "bigquery.tables.export", name.resource):
        raise errors.access_denied("Table", name, "bigquery.tables.export")
    form = str(options.get("destinationFormat") or "CSV").upper()
    if form not in CONTENT_TYPES:
        known = ", ".join(CONTENT_TYPES)
        raise errors.error("notImplemented", f"The destination format {form} is not emulated; use {known}.")
    uris = options.get("destinationUris") or ([options["destinationUri"]] if options.get("destinationUri") else [])
    if not uris:
        raise errors.invalid("Required parameter is missing: destinationUris")
    for uri in uris:
        place(context, job, uri)
    found, staging = await _source(context, job, written, name, ticket)
    try:
        check_fields(form, found.fields)
        counts = [await write_to(context, job, uri, options, form, found, ticket) for uri in uris]
    finally:
        await warehouse.of(context).drop(staging)
    shown = [str(count) for count in counts]
    job.statistics["extract"] = {"destinationUriFileCounts": shown, "inputBytes": str(found.size)}


async def _source(context: Context, job: Job, written: TableName, name: TableName, ticket: Ticket) -> tuple[Rows, str]:
    """The rows that the caller sees of a table, its state at a time or one partition, and a storage made for them."""
    house = warehouse.of(context)
    base, at = decorators.split_time(written)
    identifier = decorators.split(base)[1]
    if at is not None:
        version = await history.find(context, name, at)
        body, storage_, first = version.body, version.storage, version.first
    else:
        found = encryption.open_table(context, name)
        catalog.require_rows(found, "extract")
        await expiration.purge(context, found)
        body, storage_, first = found.body, catalog.storage_of(found.body), None
    fields, staging = catalog.fields_of(body), ""
    if identifier or first is not None or row_access.filters(context, name, job.principal) is not None:
        staging = house.name_beside("t", [storage_])
        await _select(context, job, written, identifier, staging, ticket)
        storage_ = staging
    count = await house.run(storage.count, stored(storage_), short=True)
    return Rows(storage_, fields, count, (await house.sizes(storage_, fields))[1]), staging


async def _select(
    context: Context, job: Job, written: TableName, identifier: str, staging: str, ticket: Ticket
) -> None:
    """Put the rows that a query of a table would give the caller into a storage of their own."""
    house, name = warehouse.of(context), decorators.split(written)[0]
    if identifier:
        row_access.require_all(context, name, job.principal)
        body = catalog.table(context, name).body
        condition = decorators.partition(name, body, identifier).condition
        names = ", ".join(quote(field["name"]) for field in catalog.fields_of(body))
        select = f"SELECT {names} FROM {stored(catalog.storage_of(body))} WHERE {condition}"
        await house.run(storage.fill, stored(staging), catalog.fields_of(body), select, ticket=ticket)
        return
    found = await views.snapshot(context, [name], job.principal)
    found = dataclasses.replace(
        found, tables={key: dataclasses.replace(info, filter_required=False) for key, info in found.tables.items()}
    )
    script = Script(f"SELECT * FROM `{name.project}.{name.dataset}.{name.table}`", Defaults(name.project))
    await house.run(scripts.fill, script, 1, found, stored(staging), ticket=ticket)


def check_fields(form: str, fields: Sequence[Field]) -> None:
    """Raise a 400 where the format cannot hold such columns."""
    if form == "CSV" and any(field_mode(f) == "REPEATED" or field_type(f) == "RECORD" for f in fields):
        raise errors.invalid("Operation cannot be performed on a nested schema. Use NEWLINE_DELIMITED_JSON or PARQUET.")


def place(context: Context, job: Job, uri: str, number: int = 0) -> tuple[str, str]:
    """The bucket and the object that an address names, of its shard of that number.

    Raises a 400, or a 403 where the caller may not write there.
    """
    named = GsUri.of(uri)
    if named is None or uri.count("*") > 1:
        raise errors.invalid(f"Invalid extract destination URI {uri}; write gs://bucket/object with at most one *.")
    bucket, key = named.bucket, named.name.replace("*", f"{number:012d}")
    if not api.may_write(context, job.principal, bucket, key):
        there = "storage.objects.delete" if api.get_object(context, bucket, key) else "storage.objects.create"
        raise errors.error(
            "accessDenied",
            f"Access Denied: BigQuery BigQuery: Permission denied: {job.principal.partition(':')[2]} does not have "
            f"{there} access to {uri}.",
        )
    require_payer(context, bucket, job.principal)
    return bucket, key


def shards(rows: int, size: int) -> list[tuple[int, int]]:
    """The first row and the number of rows of each file that so many rows of so many bytes go into."""
    count = max(-(-size // SHARD_BYTES), 1)
    step = max(-(-rows // count), 1)
    return [(start, min(step, rows - start)) for start in range(0, rows, step)] or [(0, 0)]


async def write_to(
    context: Context, job: Job, uri: str, options: dict[str, Any], form: str, rows: Rows, ticket: Ticket
) -> int:
    """Write rows to the objects of an address, in a format of CONTENT_TYPES; gives the number of objects.

    options are those of an extract job. Raises a 400 where one object is asked for and not enough, or 403.
    """
    parts = shards(rows.count, rows.size)
    if len(parts) > 1 and "*" not in uri:
        raise errors.invalid(
            "Table too large to be exported to a single file. Specify a uri including a * to shard export."
        )
    for number, part in enumerate(parts):
        bucket, key = place(context, job, uri, number)
        blob = await _write(context, options, form, rows, part, ticket)
        await api.put_object(context, bucket, key, blob, CONTENT_TYPES[form])
    return len(parts)


async def _write(
    context: Context, options: dict[str, Any], form: str, rows: Rows, part: tuple[int, int], ticket: Ticket
) -> Blob:
    """Some rows of a storage table as a blob."""
    if form in ("PARQUET", "AVRO"):
        return await _write_file(context, options, form, rows, part, ticket)
    gzip = str(options.get("compression") or "NONE").upper() == "GZIP"
    packer = zlib.compressobj(wbits=31) if gzip else None
    header = options.get("printHeader")
    start, end = part[0], sum(part)
    async with context.blobs.writer() as writer:
        head = b""
        if form == "CSV" and header is not False:
            head = _csv([[field["name"] for field in rows.fields]], _delimiter(options))
        await writer.write(packer.compress(head) if packer else head)
        while start < end:
            wanted = (start, min(PAGE_ROWS, end - start), form, _delimiter(options))
            count, text = await warehouse.of(context).run(
                _page, stored(rows.storage), rows.fields, *wanted, ticket=ticket
            )
            await writer.write(packer.compress(text) if packer else text)
            start += count
            if not count:
                break
        if packer:
            await writer.write(packer.flush())
        return await writer.finish()


def _page(
    connection: DuckDBPyConnection, table: str, fields: list[Field], start: int, size: int, form: str, delimiter: str
) -> tuple[int, bytes]:
    """The number of rows of a page and their text (in the engine process)."""
    rows = storage.read_page(connection, table, fields, start, size)
    if form == "CSV":
        cells = [[_cell(f, v) for f, v in zip(fields, row, strict=True)] for row in rows]
        return len(rows), _csv(cells, delimiter)
    return len(rows), _json(rows, fields)


def _cell(field: Field, value: Any) -> Any:
    plain = plain_value(field, value)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return orjson.dumps(plain).decode() if isinstance(plain, (dict, list)) else plain


def _delimiter(options: dict[str, Any]) -> str:
    return str(options.get("fieldDelimiter") or ",").replace("\\t", "\t").replace("tab", "\t")


def _csv(rows: Sequence[Sequence[Any]], delimiter: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _json(rows: Sequence[Sequence[Any]], fields: list[Field]) -> bytes:
    lines = []
    for row in rows:
        shown = {f["name"]: plain_value(f, value) for f, value in zip(fields, row, strict=True)}
        lines.append(orjson.dumps({key: value for key, value in shown.items() if value is not None}) + b"\n")
    return b"".join(lines)


async def _write_file(
    context: Context, options: dict[str, Any], form: str, rows: Rows, part: tuple[int, int], ticket: Ticket
) -> Blob:
    """Some rows as a file that the engine process writes as a whole."""
    codecs = PARQUET_CODECS if form == "PARQUET" else avro.CODECS
    codec = codecs.get(str(options.get("compression") or "").upper())
    if codec is None:
        raise errors.invalid(f"The compression {options.get('compression')} is not possible for {form}.")
    house = warehouse.of(context)
    house.files.mkdir(parents=True, exist_ok=True)
    path = context.blobs.scratch(house.files) / f"extract-{context.ids.hex(24)}"
    try:
        if form == "PARQUET":
            shown = parquet_select(rows.fields)
            selected = f"SELECT {shown} FROM {stored(rows.storage)} LIMIT {part[1]} OFFSET {part[0]}"
            sql = f"COPY ({selected}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION {codec})"
            await house.run(storage.execute, sql, ticket=ticket)
        else:
            logical = bool(options.get("useAvroLogicalTypes"))
            await house.run(_avro, stored(rows.storage), rows.fields, part, str(path), codec, logical, ticket=ticket)
        async with context.blobs.writer() as writer:
            with path.open("rb") as file:
                while chunk := await context.blobs.run(file.read, 1 << 20):
                    await writer.write(chunk)
            return await writer.finish()
    finally:
        path.unlink(missing_ok=True)


def _avro(
    connection: DuckDBPyConnection,
    table: str,
    fields: list[Field],
    part: tuple[int, int],
    path: str,
    codec: str,
    logical: bool,
) -> None:
    """Write some rows to an Avro file, page by page (in the engine process)."""

    def rows() -> Iterator[Sequence[Any]]:
        for start in range(part[0], sum(part), PAGE_ROWS):
            yield from storage.read_page(connection, table, fields, start, min(PAGE_ROWS, sum(part) - start))

    avro.write(Path(path), fields, rows(), codec, logical=logical)
