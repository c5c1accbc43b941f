"""External tables: files in Cloud Storage that queries read as they are when they run.

The rows of a set of objects are read once and kept like a query's result, for a day: objects never change, so that
the same ones are the same rows.
https://cloud.google.com/bigquery/docs/external-tables
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from emulator.services.bigquery import errors, schemas, warehouse
from emulator.services.bigquery.jobs import file_moments, objects, partitions, reading, results
from emulator.services.bigquery.jobs.reading import SELF_DESCRIBING, Source
from emulator.services.bigquery.jobs.results import HIDDEN, Result
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql import storage
from emulator.services.bigquery.sql.engine import result_table
from emulator.services.bigquery.sql.types import Field

if TYPE_CHECKING:
    from emulator.context import Context

FORMAT_OPTIONS = ("avroOptions", "csvOptions", "jsonOptions", "parquetOptions")
KNOWN = (
    *FORMAT_OPTIONS,
    *("autodetect", "compression", "hivePartitioningOptions", "ignoreUnknownValues", "maxBadRecords", "schema"),
    *("sourceFormat", "sourceUris", "timeZone", *file_moments.FORMATS.values()),
)
DATASET = "_external_files"
FILE_NAME: Field = {"name": "_FILE_NAME", "type": "STRING", "mode": "NULLABLE", HIDDEN: True}


async def checked(
    context: Context, configuration: dict[str, Any], given: list[Field], principal: str
) -> tuple[dict[str, Any], list[Field]]:
    """An ExternalDataConfiguration as it is kept, and the columns that its files have. Raises 400, 403, 404, 501.

    given are the table's columns where they are said beside the configuration.
    """
    for key, value in configuration.items():
        if value and key not in KNOWN:
            raise errors.error("notImplemented", f"External tables with {key} are not emulated.")
    form = str(configuration.get("sourceFormat") or "").upper()
    form = {"JSON": "NEWLINE_DELIMITED_JSON"}.get(form, form)
    reading.require_readable(form)
    if not configuration.get("sourceUris"):
        raise errors.invalid("Required parameter is missing: externalDataConfiguration.sourceUris")
    fields = schemas.checked(given or (configuration.get("schema") or {}).get("fields") or [])
    kept = {**configuration, "sourceFormat": form}
    kept.pop("schema", None)
    if not fields and form not in SELF_DESCRIBING and not configuration.get("autodetect"):
        raise errors.invalid("No schema specified for the external table; give one, or set autodetect.")
    source = _source(context, kept, fields, principal)
    found = await _kept(context, kept, source)
    keys = [item["name"] for item in source.extra[:-1]]
    if kept.get("hivePartitioningOptions"):
        kept["hivePartitioningOptions"] = {**kept["hivePartitioningOptions"], "fields": keys}
    return kept, list(found.visible)


async def rows(context: Context, configuration: dict[str, Any], fields: list[Field], principal: str) -> Result:
    """The rows of an external table's objects, which the principal must be allowed to read. Raises 400, 403, 404."""
    return await _kept(context, configuration, _source(context, configuration, fields, principal))


async def _kept(context: Context, configuration: dict[str, Any], source: Source) -> Result:
    """The rows of a source, read now or before."""
    told = [configuration, source.fields, source.names, [str(path) for path in source.paths]]
    key = hashlib.sha256(orjson.dumps(told)).hexdigest()[:48]
    name = TableName("-", DATASET, key)
    known = results.find(context, name)
    return known or await _read(context, source, name)


def _source(context: Context, configuration: dict[str, Any], fields: list[Field], principal: str) -> Source:
    paths, names = objects.find(context, principal, configuration["sourceUris"])
    options = dict(configuration)
    for part in FORMAT_OPTIONS:
        options.update(configuration.get(part) or {})
    hive = configuration.get("hivePartitioningOptions")
    form, bad = configuration["sourceFormat"], int(configuration.get("maxBadRecords") or 0)
    source = Source(paths, names, form, options, list(fields), bad)
    if hive:
        source = partitions.apply(source, hive)
    known = source.constants or [{} for _ in names]
    source.constants = [{**constants, "_FILE_NAME": name} for constants, name in zip(known, names, strict=True)]
    source.extra = [*source.extra, FILE_NAME]
    return source


async def _read(context: Context, source: Source, name: TableName) -> Result:
    house, place = warehouse.of(context), f"r_{context.ids.hex(24)}"
    async with context.blobs.decrypted(source.paths) as paths:
        source, problem = await house.run(reading.read, replace(source, paths=paths), result_table(place))
    if problem is not None:
        await house.run(storage.drop, result_table(place), short=True)
        raise problem
    created = int(context.clock.seconds() * 1000)
    result = Result(name, place, tuple(source.columns()), "", created)
    await context.db.write(results.insert_in, result)
    return result
