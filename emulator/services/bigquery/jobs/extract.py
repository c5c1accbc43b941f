"""Extract jobs: a table to objects of Cloud Storage, as CSV, newline-delimited JSON or Parquet."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from emulator.services.bigquery import catalog, errors, warehouse
from emulator.services.bigquery.jobs.objects import require_payer
from emulator.services.bigquery.jobs.store import Job
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql import storage
from emulator.services.bigquery.sql.engine import stored
from emulator.services.bigquery.sql.rows import plain_value
from emulator.services.bigquery.sql.types import Field, field_mode, field_type, literal, parquet_select
from emulator.services.storage import api
from emulator.services.storage.uris import GsUri

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from emulator.context import Context
    from emulator.services.bigquery.process.ticket import Ticket
    from emulator.state.blobs import Blob

PAGE_ROWS = 5000
CONTENT_TYPES = {
    "CSV": "text/csv",
    "NEWLINE_DELIMITED_JSON": "application/json",
    "PARQUET": "application/octet-stream",
}
PARQUET_CODECS = {"": "uncompressed", "NONE": "uncompressed", "SNAPPY": "snappy", "GZIP": "gzip", "ZSTD": "zstd"}


async def run(context: Context, job: Job, ticket: Ticket) -> None:
    """Run an extract job. Each address gets one object; its `*` becomes 000000000000."""
    options = job.configuration
    if options.get("sourceModel"):
        raise errors.error("notImplemented", "Extracting models is not emulated.")
    name = TableName.from_reference(options.get("sourceTable") or {}, job.project)
    if not context.policies.allows(job.principal, "bigquery.tables.export", name.resource):
        raise errors.access_denied("Table", name, "bigquery.tables.export")
    found = catalog.table(context, name)
    catalog.require_rows(found, "extract")
    form = str(options.get("destinationFormat") or "CSV").upper()
    if form not in CONTENT_TYPES:
        known = ", ".join(CONTENT_TYPES)
        raise errors.error("notImplemented", f"The destination format {form} is not emulated; use {known}.")
    fields = catalog.fields_of(found.body)
    check_fields(form, fields)
    uris = options.get("destinationUris") or ([options["destinationUri"]] if options.get("destinationUri") else [])
    if not uris:
        raise errors.invalid("Required parameter is missing: destinationUris")
    places = [place(context, job, uri) for uri in uris]
    blob = await write(context, options, form, fields, catalog.storage_of(found.body), ticket)
    for bucket, key in places:
        await api.put_object(context, bucket, key, blob, CONTENT_TYPES[form])
    job.statistics["extract"] = {
        "destinationUriFileCounts": ["1" for _ in places],
        "inputBytes": str((await warehouse.of(context).sizes(catalog.storage_of(found.body), fields))[1]),
    }


def check_fields(form: str, fields: Sequence[Field]) -> None:
    """Raise a 400 where the format cannot hold such columns."""
    if form == "CSV" and any(field_mode(f) == "REPEATED" or field_type(f) == "RECORD" for f in fields):
        raise errors.invalid("Operation cannot be performed on a nested schema. Use NEWLINE_DELIMITED_JSON or PARQUET.")


def place(context: Context, job: Job, uri: str) -> tuple[str, str]:
    """The bucket and the object that an address names. Raises a 400, or a 403 where the caller may not write there."""
    named = GsUri.of(uri)
    if named is None or uri.count("*") > 1:
        raise errors.invalid(f"Invalid extract destination URI {uri}; write gs://bucket/object with at most one *.")
    bucket, key = named.bucket, named.name.replace("*", "000000000000")
    if not api.may_write(context, job.principal, bucket, key):
        there = "storage.objects.delete" if api.get_object(context, bucket, key) else "storage.objects.create"
        raise errors.error(
            "accessDenied",
            f"Access Denied: BigQuery BigQuery: Permission denied: {job.principal.partition(':')[2]} does not have "
            f"{there} access to {uri}.",
        )
    require_payer(context, bucket, job.principal)
    return bucket, key


async def write(
    context: Context, options: dict[str, Any], form: str, fields: list[Field], place: str, ticket: Ticket
) -> Blob:
    """The rows of a storage table as a blob, in a format of CONTENT_TYPES, with the options of an extract job."""
    if form == "PARQUET":
        return await _write_parquet(context, options, fields, place, ticket)
    gzip = str(options.get("compression") or "NONE").upper() == "GZIP"
    packer = zlib.compressobj(wbits=31) if gzip else None
    header = options.get("printHeader")
    async with context.blobs.writer() as writer:
        head = b""
        if form == "CSV" and header is not False:
            head = _csv([[field["name"] for field in fields]], _delimiter(options))
        await writer.write(packer.compress(head) if packer else head)
        start = 0
        while True:
            count, text = await warehouse.of(context).run(
                _page, stored(place), fields, start, form, _delimiter(options), ticket=ticket
            )
            await writer.write(packer.compress(text) if packer else text)
            start += count
            if count < PAGE_ROWS:
                break
        if packer:
            await writer.write(packer.flush())
        return await writer.finish()


def _page(
    connection: DuckDBPyConnection, table: str, fields: list[Field], start: int, form: str, delimiter: str
) -> tuple[int, bytes]:
    """The number of rows of a page and their text (in the engine process)."""
    rows = storage.read_page(connection, table, fields, start, PAGE_ROWS)
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


async def _write_parquet(
    context: Context, options: dict[str, Any], fields: list[Field], place: str, ticket: Ticket
) -> Blob:
    codec = PARQUET_CODECS.get(str(options.get("compression") or "").upper())
    if codec is None:
        raise errors.invalid(f"The compression {options.get('compression')} is not possible for PARQUET.")
    folder = warehouse.of(context).files
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"extract-{context.ids.hex(24)}.parquet"
    rows = f"SELECT {parquet_select(fields)} FROM {stored(place)}"
    sql = f"COPY ({rows}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION {codec})"
    try:
        await warehouse.of(context).run(storage.execute, sql, ticket=ticket)
        async with context.blobs.writer() as writer:
            with path.open("rb") as file:
                while chunk := await context.blobs.run(file.read, 1 << 20):
                    await writer.write(chunk)
            return await writer.finish()
    finally:
        path.unlink(missing_ok=True)
