"""Columns whose values stand in the names of objects, as Hive lays partitions out: gs://bucket/table/day=2020-01-01/a.csv.

https://cloud.google.com/bigquery/docs/hive-partitioned-queries
"""

from __future__ import annotations

import re
from typing import Any

from emulator.services.bigquery import errors
from emulator.services.bigquery.jobs.files import DATE, INTEGER
from emulator.services.bigquery.jobs.reading import Source
from emulator.services.bigquery.sql.converters import TIMESTAMP
from emulator.services.bigquery.sql.types import Field

NULL = "__HIVE_DEFAULT_PARTITION__"
CUSTOM_KEY = re.compile(r"\{(\w+):(\w+)\}")
CUSTOM_TYPES = {
    "BOOL": "BOOLEAN",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "DATETIME": "DATETIME",
    "FLOAT": "FLOAT",
    "FLOAT64": "FLOAT",
    "INT64": "INTEGER",
    "INTEGER": "INTEGER",
    "NUMERIC": "NUMERIC",
    "STRING": "STRING",
    "TIME": "TIME",
    "TIMESTAMP": "TIMESTAMP",
}


def apply(source: Source, options: dict[str, Any]) -> Source:
    """Give a source the columns that its objects' names hold, as HivePartitioningOptions say. Raises a 400."""
    prefix = str(options.get("sourceUriPrefix") or "")
    if not prefix:
        raise errors.invalid("Hive partitioning needs hivePartitioningOptions.sourceUriPrefix.")
    start = prefix.partition("{")[0]
    found = [_pairs(name, start) for name in source.names]
    if any(list(pairs) != list(found[0]) for pairs in found):
        raise errors.invalid("Partition keys must be the same, and in the same order, in all names of objects.")
    source.extra += _columns(prefix, str(options.get("mode") or "AUTO").upper(), found)
    known = source.constants or [{} for _ in source.names]
    source.constants = [{**constants, **pairs} for constants, pairs in zip(known, found, strict=True)]
    return source


def _pairs(name: str, prefix: str) -> dict[str, str | None]:
    """The keys and values of an object's name below a prefix. Raises a 400 where there are none."""
    if not name.startswith(prefix):
        raise errors.invalid(f"The object {name} does not begin with the sourceUriPrefix {prefix}.")
    parts = [part.partition("=") for part in name[len(prefix) :].split("/")[:-1] if part]
    if not parts or any(not equals or not key for key, equals, _ in parts):
        raise errors.invalid(f"The object {name} has no partition keys as key=value below {prefix}.")
    return {key: None if value == NULL else value for key, _, value in parts}


def _columns(prefix: str, mode: str, found: list[dict[str, str | None]]) -> list[Field]:
    keys = list(found[0]) if found else []
    if mode == "CUSTOM":
        given = dict(CUSTOM_KEY.findall(prefix))
        if list(given) != keys:
            raise errors.invalid(f"The keys of sourceUriPrefix, {list(given)}, are not those of the objects: {keys}.")
        return [_field(key, _custom_type(given[key])) for key in keys]
    if mode not in ("AUTO", "STRINGS"):
        raise errors.invalid(f"Unknown hivePartitioningOptions.mode {mode}; there are AUTO, STRINGS and CUSTOM.")
    guess = mode == "AUTO"
    return [_field(key, _guessed([pairs[key] for pairs in found]) if guess else "STRING") for key in keys]


def _custom_type(written: str) -> str:
    if written.upper() not in CUSTOM_TYPES:
        raise errors.invalid(f"A partition key cannot have the type {written}.")
    return CUSTOM_TYPES[written.upper()]


def _guessed(values: list[str | None]) -> str:
    given = [value for value in values if value is not None]
    for kind, form in (("INTEGER", INTEGER), ("DATE", DATE), ("TIMESTAMP", TIMESTAMP)):
        if given and all(form.match(value) for value in given):
            return kind
    return "STRING"


def _field(name: str, kind: str) -> Field:
    return {"name": name, "type": kind, "mode": "NULLABLE"}
