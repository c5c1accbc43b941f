"""The Avro schema of columns, as the Storage Read API documents it.

https://cloud.google.com/bigquery/docs/reference/storage#avro_schema_details
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from emulator.errors import invalid_argument
from emulator.services.bigquery.sql.types import Field, field_mode, field_type, range_element

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")  # Avro: names
SCALARS: dict[str, Any] = {
    "STRING": "string",
    "BYTES": "bytes",
    "INTEGER": "long",
    "FLOAT": "double",
    "BOOLEAN": "boolean",
    "NUMERIC": {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 9},
    "BIGNUMERIC": {"type": "bytes", "logicalType": "decimal", "precision": 77, "scale": 38},
    "TIMESTAMP": {"type": "long", "logicalType": "timestamp-micros"},
    "DATE": {"type": "int", "logicalType": "date"},
    "TIME": {"type": "long", "logicalType": "time-micros"},
}


def schema_of(fields: Sequence[Field], name: str = "__root__") -> dict[str, Any]:
    """The schema of a record with these fields. Raises a 400 for a name that Avro has not."""
    return {"type": "record", "name": name, "fields": [_field(field, name) for field in fields]}


def _field(field: Field, parent: str) -> dict[str, Any]:
    name = field["name"]
    if not _NAME.match(name):
        raise invalid_argument(f'The column "{name}" has a name that Avro does not allow; read it in the format ARROW.')
    described = {"doc": field["description"]} if field.get("description") else {}
    return {"name": name, "type": _type(field, f"{parent.strip('_')}_{name}"), **described}


def _type(field: Field, name: str) -> Any:
    kind, mode = field_type(field), field_mode(field)
    if mode == "REPEATED":
        return {"type": "array", "items": _type({**field, "mode": "REQUIRED"}, name)}
    if kind == "RANGE":
        made = _range(field, name)
    else:
        made = schema_of(field["fields"], name) if kind == "RECORD" else _scalar(kind)
    return made if mode == "REQUIRED" else ["null", made]


def _range(field: Field, name: str) -> dict[str, Any]:
    """The record of a RANGE: a bound that it has not is null."""
    bounds = [{"name": bound, "type": ["null", _scalar(range_element(field))]} for bound in ("start", "end")]
    return {"type": "record", "name": name, "fields": bounds, "sqlType": "RANGE"}


def _scalar(kind: str) -> Any:
    return SCALARS.get(kind) or {"type": "string", "sqlType": kind}
