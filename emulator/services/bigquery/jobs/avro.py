"""Avro files: their schema as columns, their records as rows, and rows as a file.

https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-avro#avro_conversions and
https://cloud.google.com/bigquery/docs/exporting-data#avro_export_details
"""

from __future__ import annotations

import base64
import datetime as dt
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from emulator.services.bigquery import errors
from emulator.services.bigquery.jobs.files import READING
from emulator.services.bigquery.sql.encoders import plain_value
from emulator.services.bigquery.sql.types import Field, field_mode, field_type

PRIMITIVES = {
    "boolean": "BOOLEAN",
    "bytes": "BYTES",
    "double": "FLOAT",
    "enum": "STRING",
    "fixed": "BYTES",
    "float": "FLOAT",
    "int": "INTEGER",
    "long": "INTEGER",
    "string": "STRING",
}
LOGICAL = {
    "date": "DATE",
    "local-timestamp-micros": "DATETIME",
    "local-timestamp-millis": "DATETIME",
    "time-micros": "TIME",
    "time-millis": "TIME",
    "timestamp-micros": "TIMESTAMP",
    "timestamp-millis": "TIMESTAMP",
}
SQL_TYPES = ("DATE", "DATETIME", "JSON", "TIME")  # annotations of strings that an extract writes, and a load heeds
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
NUMERIC_DIGITS, NUMERIC_SCALE = 38, 9
CODECS = {"": "null", "NONE": "null", "DEFLATE": "deflate"}
Row = dict[str, Any]


def _opened(path: Path) -> Any:
    """The records of a file, with its schema. Raises a 400 for what is no Avro file."""
    import fastavro

    try:
        return fastavro.reader(io.BufferedReader(io.FileIO(path)))
    except (ValueError, EOFError, KeyError) as problem:
        raise errors.invalid(f"{READING} The Apache Avro library failed to parse the header: {problem}") from None


def schema(path: Path, options: dict[str, Any]) -> list[Field]:
    """The columns of an Avro file. Raises a 400 for a schema that is no record, or that BigQuery has no type for."""
    written = _opened(path).writer_schema
    if not isinstance(written, dict) or written.get("type") != "record":
        raise errors.invalid(f"{READING} The top level of an Avro file's schema must be a record.")
    return _Schema(bool(options.get("useAvroLogicalTypes"))).fields(written)


class _Schema:
    """Turns the types of one schema into columns; names are those that it has defined so far."""

    def __init__(self, logical: bool) -> None:
        self._logical = logical
        self._named: dict[str, Any] = {}

    def fields(self, record: dict[str, Any]) -> list[Field]:
        """The columns of a record."""
        self._named[record["name"]] = record
        return [self._field(item["name"], item["type"], "REQUIRED") for item in record["fields"]]

    def _field(self, name: str, kind: Any, mode: str) -> Field:
        if isinstance(kind, list):
            return self._union(name, kind)
        kind = self._named.get(kind, kind) if isinstance(kind, str) else kind
        whole: dict[str, Any] = kind if isinstance(kind, dict) else {"type": kind}
        what = whole["type"]
        if what in ("enum", "fixed"):
            self._named[whole["name"]] = whole
        if what == "array":
            return {**self._field(name, whole["items"], "REQUIRED"), "mode": "REPEATED"}
        if what == "map":
            pair = [self._field("key", "string", "REQUIRED"), self._field("value", whole["values"], "REQUIRED")]
            return {"name": name, "type": "RECORD", "mode": "REPEATED", "fields": pair}
        if what == "record":
            return {"name": name, "type": "RECORD", "mode": mode, "fields": self.fields(whole)}
        return {"name": name, "type": self._scalar(name, whole), "mode": mode}

    def _union(self, name: str, kinds: list[Any]) -> Field:
        others = [kind for kind in kinds if kind != "null"]
        if len(others) != 1:
            raise errors.error("notImplemented", f"The field {name} is a union of several types: not emulated.")
        field = self._field(name, others[0], "NULLABLE")
        return field if field["mode"] == "REPEATED" else {**field, "mode": "NULLABLE"}

    def _scalar(self, name: str, kind: dict[str, Any]) -> str:
        logical, annotated = kind.get("logicalType"), str(kind.get("sqlType", "")).upper()
        if logical == "decimal":
            whole = int(kind["precision"]) - int(kind.get("scale") or 0)
            fits = int(kind.get("scale") or 0) <= NUMERIC_SCALE and whole <= NUMERIC_DIGITS - NUMERIC_SCALE
            return ("NUMERIC" if fits else "BIGNUMERIC") if self._logical else "BYTES"
        if self._logical and logical in LOGICAL:
            return LOGICAL[str(logical)]
        if annotated in SQL_TYPES or logical == "datetime":
            return annotated or "DATETIME"
        if kind["type"] not in PRIMITIVES:
            raise errors.invalid(
                f"{READING} The field {name} has the Avro type {kind['type']}, which is not supported."
            )
        return PRIMITIVES[kind["type"]]


def rows(path: Path, options: dict[str, Any]) -> Iterator[Row]:
    """The records of an Avro file as rows.RowReader takes them. Raises a 400 where one cannot be read."""
    raw = not options.get("useAvroLogicalTypes")
    try:
        for record in _opened(path):
            yield {name: _plain(value, raw) for name, value in record.items()}
    except (ValueError, EOFError, KeyError, IndexError) as problem:
        raise errors.invalid(f"{READING} The Apache Avro library failed to read data: {problem}") from None


def _plain(value: Any, raw: bool) -> Any:
    """A value of a record as JSON has it; raw: what logical types stand for is not told."""
    if isinstance(value, dict):
        return {name: _plain(item, raw) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, raw) for item in value]
    if isinstance(value, Decimal):
        return _plain(_unscaled(value), raw) if raw else str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, (dt.date, dt.time)):
        return _number(value) if raw else value.isoformat()
    return value


def _unscaled(value: Decimal) -> bytes:
    """The digits of a decimal as Avro keeps them: one whole number, the highest byte first."""
    _, digits, _ = value.as_tuple()
    number = int("".join(map(str, digits))) * (-1 if value.is_signed() else 1)
    return number.to_bytes((number.bit_length() + 8) // 8, "big", signed=True)


def _number(value: dt.date | dt.time) -> int:
    """Days or microseconds since 1970, or microseconds of a day."""
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return (moment - EPOCH) // dt.timedelta(microseconds=1)
    if isinstance(value, dt.date):
        return (value - EPOCH.date()).days
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond


def written_schema(fields: Sequence[Field], *, logical: bool) -> dict[str, Any]:
    """The Avro schema for rows of these columns."""
    return _record("Root", fields, logical)


def _record(name: str, fields: Sequence[Field], logical: bool) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [_written(name, field, logical) for field in fields]}


def _written(path: str, field: Field, logical: bool) -> dict[str, Any]:
    kind: Any = _kind(path, field, logical)
    if field_mode(field) == "REPEATED":
        kind = {"type": "array", "items": kind}
    elif field_mode(field) != "REQUIRED":
        kind = ["null", kind]
    return {"name": field["name"], "type": kind}


def _kind(path: str, field: Field, logical: bool) -> Any:
    kind = field_type(field)
    if kind == "RECORD":
        return _record(f"{path}_{field['name']}", field["fields"], logical)
    if kind in ("NUMERIC", "BIGNUMERIC"):
        digits, scale = (38, 9) if kind == "NUMERIC" else (77, 38)
        return {"type": "bytes", "logicalType": "decimal", "precision": digits, "scale": scale}
    if kind == "TIMESTAMP":
        return {"type": "long", "logicalType": "timestamp-micros"} if logical else "long"
    if logical and kind in ("DATE", "TIME"):
        return (
            {"type": "int", "logicalType": "date"} if kind == "DATE" else {"type": "long", "logicalType": "time-micros"}
        )
    plain = {"BOOLEAN": "boolean", "INTEGER": "long", "FLOAT": "double", "BYTES": "bytes", "STRING": "string"}
    return plain.get(kind) or {"type": "string", "sqlType": kind}


def write(path: Path, fields: Sequence[Field], records: Iterable[Sequence[Any]], codec: str, *, logical: bool) -> None:
    """Write an Avro file of rows as types.python_select gives them."""
    import fastavro

    made = fastavro.parse_schema(written_schema(fields, logical=logical))
    shown = ({f["name"]: _cell(f, v, logical) for f, v in zip(fields, row, strict=True)} for row in records)
    with path.open("wb") as file:
        fastavro.writer(file, made, shown, codec=codec)


def _cell(field: Field, value: Any, logical: bool) -> Any:
    """A value as fastavro takes it."""
    if field_mode(field) == "REPEATED":
        return [_cell({**field, "mode": "NULLABLE"}, item, logical) for item in value or ()]
    if value is None:
        return None
    kind = field_type(field)
    if kind == "RECORD":
        return {child["name"]: _cell(child, value[child["name"]], logical) for child in field["fields"]}
    plain = plain_value(field, value)
    if kind == "BYTES":
        return base64.b64decode(plain)
    if kind == "INTEGER":
        return int(plain)
    if kind in ("NUMERIC", "BIGNUMERIC"):
        return Decimal(plain)
    if kind == "TIMESTAMP":
        moment = dt.datetime.fromisoformat(plain.removesuffix(" UTC")).replace(tzinfo=dt.UTC)
        return moment if logical else _number(moment)
    if logical and kind in ("DATE", "TIME"):
        return (dt.date if kind == "DATE" else dt.time).fromisoformat(plain)
    return plain if isinstance(plain, (str, bool, float)) else orjson.dumps(plain).decode()
