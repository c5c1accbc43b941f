"""Values as BigQuery gives them, in answers of REST (`f` and `v`) and in files.

In answers all scalars are strings, and there are no NULL arrays.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import orjson

from emulator.services.bigquery.sql.converters import EPOCH, MICROSECOND
from emulator.services.bigquery.sql.types import RANGE_END, RANGE_START, Field, field_mode, field_type, range_element

Encoder = Callable[[Any], Any]


def row_encoder(fields: Iterable[Field], timestamps: str = "FLOAT64") -> Callable[[Sequence[Any]], dict[str, Any]]:
    """A function from a row read with `types.python_select` to {"f": [{"v": ...}]}.

    timestamps is FLOAT64 (seconds, the default of the API), INT64 (microseconds) or ISO8601_STRING.
    """
    encoders = [_encoder(field, timestamps) for field in fields]

    def encode(row: Sequence[Any]) -> dict[str, Any]:
        return {"f": [{"v": encoder(value)} for encoder, value in zip(encoders, row, strict=True)]}

    return encode


def _encoder(field: Field, timestamps: str) -> Encoder:
    if field_type(field) == "RECORD":
        names = [child["name"] for child in field["fields"]]
        record = row_encoder(field["fields"], timestamps)

        def scalar(value: Any) -> Any:
            return None if value is None else record([value[name] for name in names])
    else:
        format_value = _formatter(field, timestamps)

        def scalar(value: Any) -> Any:
            return None if value is None else format_value(value)

    if field_mode(field) != "REPEATED":
        return scalar
    return lambda value: [{"v": scalar(item)} for item in value or ()]


def _formatter(field: Field, timestamps: str) -> Encoder:
    kind = field_type(field)
    if kind == "RANGE":
        return _range_formatter(_formatter({"type": range_element(field)}, timestamps))
    if kind == "TIMESTAMP":
        return TIMESTAMP_FORMATS[timestamps]
    return FORMATS.get(kind, str)


def _range_formatter(bound: Encoder) -> Encoder:
    def write(value: Any) -> str:
        start, end = ("UNBOUNDED" if value[key] is None else bound(value[key]) for key in (RANGE_START, RANGE_END))
        return f"[{start}, {end})"

    return write


def format_float(value: float) -> str:
    """A FLOAT64 as the REST API writes it."""
    if math.isnan(value):
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(float(value))


def format_numeric(value: Any) -> str:
    """A NUMERIC without superfluous zeros."""
    text = format(Decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_timestamp(microseconds: int) -> str:
    """A TIMESTAMP as ISO 8601 in UTC, with the fraction only where there is one."""
    moment = EPOCH + microseconds * MICROSECOND
    return moment.replace(tzinfo=None).isoformat() + "Z"


FORMATS: dict[str, Encoder] = {
    "BOOLEAN": lambda value: "true" if value else "false",
    "FLOAT": format_float,
    "NUMERIC": format_numeric,
    "BIGNUMERIC": format_numeric,
    "BYTES": lambda value: base64.b64encode(value).decode(),
    "DATE": lambda value: value.isoformat(),
    "TIME": lambda value: value.isoformat(),
    "DATETIME": lambda value: value.isoformat(),
}
TIMESTAMP_FORMATS: dict[str, Encoder] = {
    "FLOAT64": lambda value: repr(value / 1_000_000),
    "INT64": str,
    "ISO8601_STRING": format_timestamp,
}


def plain_value(field: Field, value: Any) -> Any:
    """A value read with `types.python_select` as an export in JSON writes it."""
    if field_mode(field) == "REPEATED":
        return [plain_value({**field, "mode": "NULLABLE"}, item) for item in value or ()]
    if value is None:
        return None
    kind = field_type(field)
    if kind == "RECORD":
        return {child["name"]: plain_value(child, value[child["name"]]) for child in field["fields"]}
    if kind == "TIMESTAMP":
        return format_timestamp(value).replace("T", " ").replace("Z", " UTC")
    if kind == "RANGE":
        bound = {"name": "", "type": range_element(field)}
        return _range_formatter(lambda inner: plain_value(bound, inner))(value)
    if kind in ("BOOLEAN", "FLOAT"):
        return value
    if kind == "JSON":
        return orjson.loads(value)
    return FORMATS.get(kind, str)(value)
