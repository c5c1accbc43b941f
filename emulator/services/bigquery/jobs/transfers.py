"""EXPORT DATA and LOAD DATA: the statements that do what extract and load jobs do.

https://cloud.google.com/bigquery/docs/reference/standard-sql/export-statements, .../load-statements.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from emulator.services.bigquery import errors, warehouse
from emulator.services.bigquery.jobs import extract, load, reading
from emulator.services.bigquery.jobs.select import Query, read_places, select_into_storage
from emulator.services.bigquery.sql.catalog import Snapshot
from emulator.services.bigquery.sql.plans import Plan
from emulator.services.storage import api

FORMATS = {"JSON": "NEWLINE_DELIMITED_JSON"}  # names of the statements, where the API has another
LOAD_OPTIONS = {
    "allow_jagged_rows": "allowJaggedRows",
    "allow_quoted_newlines": "allowQuotedNewlines",
    "date_format": "dateFormat",
    "datetime_format": "datetimeFormat",
    "encoding": "encoding",
    "field_delimiter": "fieldDelimiter",
    "ignore_unknown_values": "ignoreUnknownValues",
    "max_bad_records": "maxBadRecords",
    "null_marker": "nullMarker",
    "null_markers": "nullMarkers",
    "preserve_ascii_control_characters": "preserveAsciiControlCharacters",
    "quote": "quote",
    "skip_leading_rows": "skipLeadingRows",
    "source_column_match": "sourceColumnMatch",
    "time_format": "timeFormat",
    "time_zone": "timeZone",
    "timestamp_format": "timestampFormat",
}


async def export(query: Query, plan: Plan, found: Snapshot) -> dict[str, Any]:
    """Write the rows of a SELECT to one object; gives its part of the job's statistics. Raises 400, 403, 404."""
    context, options = query.context, dict(plan.options)
    uri = str(options.pop("uri", ""))
    form = _format(options, extract.CONTENT_TYPES)
    if "*" not in uri:
        raise errors.error("invalidQuery", "EXPORT DATA needs the option uri, such as 'gs://bucket/rows-*.csv'.")
    bucket, key = extract.place(context, query.job, uri)
    overwrite = bool(options.pop("overwrite", False))
    if not overwrite and any(api.iter_objects(context, bucket, key.partition("0" * 12)[0])):
        raise errors.error("invalidQuery", f"There are objects at {uri} already; write overwrite=true to replace them.")
    names = {"compression": "compression", "field_delimiter": "fieldDelimiter", "header": "printHeader"}
    wanted = _renamed(options, names)
    storage = warehouse.of(context).name_beside("t", read_places(found))
    fields, rows = await select_into_storage(query, plan, found, storage)
    try:
        extract.check_fields(form, fields)
        size = (await warehouse.of(context).sizes(storage, fields))[1]
        found_rows = extract.Rows(storage, fields, rows, size)
        count = await extract.write_to(context, query.job, uri, wanted, form, found_rows, query.ticket)
    finally:
        await warehouse.of(context).drop(storage)
    return {"exportDataStatistics": {"fileCount": str(count), "rowCount": str(rows)}}


async def load_data(query: Query, plan: Plan) -> dict[str, Any]:
    """Load files into a table; gives its part of the job's statistics. Raises 400, 403, 404."""
    assert plan.target is not None
    options = dict(plan.options)
    uris = options.pop("uris", None)
    if not isinstance(uris, list):
        raise errors.error("invalidQuery", "LOAD DATA needs the option uris, such as ['gs://bucket/rows.csv'].")
    configuration = {
        "destinationTable": plan.target.reference,
        "sourceUris": uris,
        "sourceFormat": _format(options, reading.FORMATS),
        "writeDisposition": "WRITE_TRUNCATE" if plan.overwrite else "WRITE_APPEND",
        "autodetect": not plan.fields,
        **_renamed(options, LOAD_OPTIONS),
    }
    if plan.fields:
        configuration["schema"] = {"fields": list(plan.fields)}
    body = {**query.job.body, "configuration": {"load": configuration}}
    inner = dataclasses.replace(query.job, body=body, payload={})
    await load.run(query.context, inner, query.ticket)
    counts = query.job.statistics.pop("load", {})
    return {"loadQueryStatistics": counts}


def _format(options: dict[str, Any], known: Any) -> str:
    name = str(options.pop("format", "")).upper()
    name = FORMATS.get(name, name)
    if name not in known:
        raise errors.error(
            "invalidQuery", f"The format {name or 'none'} is not emulated; use one of {', '.join(known)}."
        )
    return name


def _renamed(options: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    for name in options:
        if name not in names:
            raise errors.error("invalidQuery", f"The option {name} is not emulated; use one of {', '.join(names)}.")
    return {names[name]: value for name, value in options.items()}
