"""tabledata: insertAll (streaming inserts) and list (reading a table row by row)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.gateway import paging
from emulator.gateway.request import Answer, Request
from emulator.services.bigquery import (
    catalog,
    decorators,
    encryption,
    errors,
    expiration,
    history,
    row_access,
    schemas,
    tables,
    warehouse,
)
from emulator.services.bigquery.jobs import results
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.requests import asked_rows, on_table, table_of, written_table
from emulator.services.bigquery.service import SERVICE
from emulator.services.bigquery.sql import storage
from emulator.services.bigquery.sql.engine import stored
from emulator.services.bigquery.sql.partitions import SUMMARY, SUMMARY_FIELDS, summary_select
from emulator.services.bigquery.sql.rows import RowError, RowReader
from emulator.services.bigquery.sql.types import Field
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

MAX_ROWS = 50_000  # BigQuery: rows of one insertAll request
PAGE_ROWS = 10_000
STOPPED = {"reason": "stopped", "location": "", "debugInfo": "", "message": ""}


def timestamp_format(options: dict[str, Any]) -> str:
    """How timestamps are written: what formatOptions ask. Raises a 400 for an unknown format."""
    form = options.get("timestampOutputFormat")
    if form in (None, "", "TIMESTAMP_OUTPUT_FORMAT_UNSPECIFIED"):
        form = "INT64" if options.get("useInt64Timestamp") in (True, "true") else "FLOAT64"
    if form not in ("FLOAT64", "INT64", "ISO8601_STRING"):
        raise errors.invalid(f"Unknown formatOptions.timestampOutputFormat {form}.")
    return str(form)


@SERVICE.handles("bigquery.tabledata.list", permission="", on=on_table)
async def list_(request: Request) -> Answer:
    """Rows of a table, a page at a time."""
    context, name = request.context, table_of(request)
    anonymous = results.find(context, name)
    if anonymous is not None and anonymous.principal == request.principal:
        place, fields = anonymous.table, list(anonymous.fields)
    else:
        if not request.may("bigquery.tables.getData", name.resource):
            raise errors.access_denied("Table", name, "bigquery.tables.getData")
        found = encryption.open_table(context, name)
        await expiration.purge(context, found)
        catalog.require_rows(found, "list")
        row_access.require_all(context, name, request.principal)
        place, fields = await _asked(request, found)
    return await _page(request, place, fields)


async def _asked(request: Request, found: Resource) -> tuple[str, list[Field]]:
    """The rows that a table's name asks for with its decorators, as the engine selects from them, and the columns."""
    written, at = decorators.split_time(written_table(request))
    name, partition = decorators.split(written)
    if at is not None:
        version = await history.find(request.context, name, at)
        limit = "" if version.first is None else f" LIMIT {version.first}"
        return f"(FROM {stored(version.storage)}{limit})", catalog.fields_of(version.body)
    place, fields = stored(catalog.storage_of(found.body)), catalog.fields_of(found.body)
    if partition == SUMMARY:
        return f"({summary_select(catalog.table_info(found))})", SUMMARY_FIELDS
    if partition:
        place = f"(FROM {place} WHERE {decorators.partition(name, found.body, partition).condition})"
    return place, fields


async def _page(request: Request, place: str, fields: list[Field]) -> Answer:
    page = asked_rows(request, PAGE_ROWS)
    start, count = page.start, min(page.size, MAX_ROWS)
    if request.query.get("selectedFields"):
        fields = schemas.selected(fields, request.query["selectedFields"])
    options = {
        "useInt64Timestamp": request.query.get("formatOptions.useInt64Timestamp"),
        "timestampOutputFormat": request.query.get("formatOptions.timestampOutputFormat"),
    }
    total, rows = await warehouse.of(request.context).run(
        storage.encoded_page, place, fields, start, count, timestamp_format(options), short=True
    )
    answer: dict[str, Any] = {
        "kind": "bigquery#tableDataList",
        "etag": request.context.ids.etag(),
        "totalRows": str(total),
    }
    if rows:
        answer["rows"] = rows
    if rows and start + len(rows) < total:
        answer["pageToken"] = paging.encode(start + len(rows))
    return answer


@SERVICE.handles("bigquery.tabledata.insertAll", permission="bigquery.tables.updateData", on=on_table)
async def insert_all(request: Request) -> Answer:
    """Append rows at once. A bad row refuses the whole request, or with skipInvalidRows only itself."""
    context, body = request.context, request.body
    rows = body.get("rows") or []
    if not rows:
        raise errors.invalid("No rows present in the request.")
    if len(rows) > MAX_ROWS:
        raise errors.invalid(f"Too many rows present in the request: {len(rows)}, at most {MAX_ROWS} are allowed.")
    name = table_of(request)
    if body.get("templateSuffix"):
        name = await _from_template(request, name, str(body["templateSuffix"]))
    async with warehouse.of(context).lock(name):
        found = encryption.open_table(context, name)
        catalog.require_rows(found, "add rows to")
        if catalog.kind_of(found.body) != "TABLE":
            raise errors.invalid(f"Cannot add rows to a table of type SNAPSHOT: {name}.")
        partition = decorators.split(written_table(request))[1]
        into = decorators.partition(name, found.body, partition).moment if partition else None
        problems = await _insert(context, found, body, rows, request.principal, into)
    answer: dict[str, Any] = {"kind": "bigquery#tableDataInsertAllResponse"}
    if problems:
        answer["insertErrors"] = problems
    return answer


async def _insert(
    context: Context,
    found: Resource,
    body: dict[str, Any],
    rows: list[dict[str, Any]],
    principal: str,
    moment: int | None,
) -> list[dict[str, Any]]:
    """Append rows, whose partition by time of ingestion starts at `moment` (microseconds), or is that of now."""
    house = warehouse.of(context)
    fields, place = catalog.fields_of(found.body), catalog.storage_of(found.body)
    reader = RowReader(fields, ignore_unknown=bool(body.get("ignoreUnknownValues")), defaults=True)
    accepted: list[dict[str, Any]] = []
    insert_ids: dict[str, None] = {}
    problems: list[dict[str, Any]] = []
    good: list[int] = []
    for index, row in enumerate(rows):
        insert_id = row.get("insertId")
        if insert_id and (insert_id in insert_ids or house.is_repeated(place, insert_id)):
            continue
        try:
            accepted.append(reader.read(row.get("json") or {}))
        except RowError as problem:
            problems.append({"index": index, "errors": [problem.to_json()]})
            continue
        good.append(index)
        if insert_id:
            insert_ids[insert_id] = None
    if problems and not body.get("skipInvalidRows"):
        return sorted([*problems, *({"index": index, "errors": [STOPPED]} for index in good)], key=_index)
    if accepted:
        await house.run(storage.append, stored(place), fields, accepted, principal, moment, short=True, again=False)
        house.changed(place)
        house.remember(place, list(insert_ids))
    return problems


def _index(problem: dict[str, Any]) -> int:
    return int(problem["index"])


async def _from_template(request: Request, base: TableName, suffix: str) -> TableName:
    """The table of base name and suffix, made with the base table's schema where it is not there yet."""
    context = request.context
    name = base.parent.table(base.table + suffix)
    if catalog.find_table(context, name) is None:
        request.require("bigquery.tables.create", base.parent.resource)
        schema = catalog.table(context, base).body.get("schema")
        await tables.create(context, name, {"schema": schema}, request.principal)
    return name
