"""Rows as clients send them (JSON objects, CSV records) and as BigQuery gives them (`f` and `v`)."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from emulator.services.bigquery.sql.scalars import bignumeric, geography, intervals, ranges
from emulator.services.bigquery.sql.scalars.errors import ScalarError
from emulator.services.bigquery.sql.types import (
    DEFAULT,
    RANGE_END,
    RANGE_START,
    Field,
    field_mode,
    field_type,
    range_element,
)

INT64 = range(-(2**63), 2**63)
TRUE, FALSE = {"true", "t", "yes", "y", "1"}, {"false", "f", "no", "n", "0"}
TIMESTAMP = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?)?"
    r"\s*([Zz]|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?)?\Z"
)
TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?\Z")
LEFT_OUT = "*"  # no column has that name
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


UNREADABLE = (ValueError, TypeError, AttributeError, InvalidOperation, binascii.Error, OverflowError)


class RowError(Exception):
    """A row that does not fit its table: where (the path of the field) and why."""

    def __init__(self, location: str, message: str) -> None:
        super().__init__(message)
        self.location = location
        self.message = message

    def to_json(self) -> dict[str, str]:
        """The ErrorProto of the answer."""
        return {"reason": "invalid", "location": self.location, "debugInfo": "", "message": self.message}


class RowReader:
    """Reads JSON rows for a schema into the objects that DuckDB takes (see types.wire_type)."""

    def __init__(self, fields: Sequence[Field], *, ignore_unknown: bool = False, defaults: bool = False) -> None:
        """Give columns their default values that a row leaves out, where `defaults` says so."""
        self._defaults = {field["name"] for field in fields if defaults and field.get(DEFAULT)}
        self._required = {field["name"] for field in fields if field_mode(field) == "REQUIRED"} & self._defaults
        known = [{**field, "mode": "NULLABLE"} if field["name"] in self._required else field for field in fields]
        self._record = _record_reader(known, "", ignore_unknown)

    def read(self, row: Any) -> dict[str, Any]:
        """The row with every field of the schema present, and in LEFT_OUT the names of those that get their default.

        Raises RowError.
        """
        value: dict[str, Any] = self._record(row)
        if self._defaults:
            given = {key.lower() for key in row}
            left_out = [name for name in self._defaults if name.lower() not in given]
            for name in self._required - set(left_out):
                if value[name] is None:
                    raise RowError(name, f"Missing required field: {name}.")
            value[LEFT_OUT] = left_out
        return value


def _record_reader(fields: list[Field], path: str, ignore_unknown: bool) -> Callable[[Any], dict[str, Any]]:
    readers = {field["name"]: _reader(field, path, ignore_unknown) for field in fields}
    by_lower = {name.lower(): name for name in readers}
    empty: dict[str, Any] = {field["name"]: [] if field_mode(field) == "REPEATED" else None for field in fields}
    required = [field["name"] for field in fields if field_mode(field) == "REQUIRED"]

    def read(row: Any) -> dict[str, Any]:
        if not isinstance(row, dict):
            raise RowError(path.rstrip("."), "This field is a record: a JSON object is expected.")
        out: dict[str, Any] = {key: [] if value == [] else value for key, value in empty.items()}
        for key, value in row.items():
            name = key if key in readers else by_lower.get(key.lower())
            if name is None:
                if ignore_unknown:
                    continue
                raise RowError(f"{path}{key}", f"no such field: {path}{key}.")
            if value is not None:
                out[name] = readers[name](value)
        for name in required:
            if out[name] is None:
                raise RowError(f"{path}{name}", f"Missing required field: {path}{name}.")
        return out

    return read


def _reader(field: Field, path: str, ignore_unknown: bool) -> Callable[[Any], Any]:
    where = path + field["name"]
    scalar: Callable[[Any], Any]
    if field_type(field) == "RECORD":
        scalar = _record_reader(field["fields"], where + ".", ignore_unknown)
    else:
        convert = converter(field)

        def scalar(value: Any) -> Any:
            try:
                return convert(value)
            except ScalarError as problem:
                raise RowError(where, problem.words) from None
            except UNREADABLE:
                shown = value if isinstance(value, (str, int, float)) else type(value).__name__
                raise RowError(where, _cannot_convert(field_type(field), shown)) from None

    if field_mode(field) != "REPEATED":
        return scalar

    def repeated(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise RowError(where, f"Array expected for repeated field: {where}.")
        if None in value:
            raise RowError(where, f"Only optional fields can be set to NULL. Field: {where}; Value: NULL")
        return [scalar(item) for item in value]

    return repeated


def _cannot_convert(kind: str, value: Any) -> str:
    return f"Cannot convert value to {kind.lower()} (bad value): {str(value)[:80]}"


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    raise TypeError


def _integer(value: Any) -> int:
    if isinstance(value, (bool, list, dict)):
        raise TypeError
    number = int(value) if not isinstance(value, float) else _whole(value)
    if number not in INT64:
        raise OverflowError
    return number


def _whole(value: float) -> int:
    if not value.is_integer():
        raise ValueError
    return int(value)


def _float(value: Any) -> float | str:
    if isinstance(value, (bool, list, dict)):
        raise TypeError
    number = float(value)
    if math.isnan(number):  # JSON has no such numbers
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "Infinity" if number > 0 else "-Infinity"
    return number


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise ValueError


def _numeric(value: Any) -> str:
    if isinstance(value, (bool, list, dict)):
        raise TypeError
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError
    return format(number, "f")


def _bignumeric_reader(field: Field) -> Callable[[Any], str]:
    """What reads a BIGNUMERIC into its units, rounded to its scale."""
    if not field.get("precision"):
        return lambda value: bignumeric.units_of_text(_numeric(value))
    precision, scale = int(field["precision"]), int(field.get("scale") or 0)
    return lambda value: bignumeric.fit(bignumeric.units_of_text(_numeric(value)), precision, scale)


def _bytes(value: Any) -> str:
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if not isinstance(value, str):
        raise TypeError
    text = value.translate({ord("-"): "+", ord("_"): "/"})
    base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    return text + "=" * (-len(text) % 4)


def timestamp_microseconds(value: Any) -> int:
    """Microseconds since 1970 of a TIMESTAMP as JSON or CSV gives it: text, or seconds since 1970."""
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, dt.datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return (aware - EPOCH) // MICROSECOND
    if isinstance(value, (int, float)):
        return int(Decimal(str(value)) * 1_000_000)
    match = TIMESTAMP.match(value.strip())
    if not match:
        return int(Decimal(value.strip()) * 1_000_000)
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    moment = dt.datetime(
        int(year),
        int(month),
        int(day),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        int((fraction or "0").ljust(6, "0")[:6]),
        tzinfo=dt.UTC,
    )
    return (moment - _offset(zone) - EPOCH) // MICROSECOND


def _offset(zone: str | None) -> dt.timedelta:
    if zone is None or zone[0] not in "+-":
        return dt.timedelta(0)
    digits = zone[1:].replace(":", "")
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
    offset = dt.timedelta(hours=hours, minutes=minutes)
    return -offset if zone[0] == "-" else offset


def _timestamp(value: Any) -> str:
    moment = EPOCH + timestamp_microseconds(value) * MICROSECOND
    return moment.isoformat(sep=" ")


def _date(value: Any) -> str:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    year, month, day = value.strip().split("-")
    return dt.date(int(year), int(month), int(day)).isoformat()


def _time(value: Any) -> str:
    if isinstance(value, dt.time):
        return value.isoformat()
    match = TIME.match(value.strip())
    if not match:
        raise ValueError
    hour, minute, second, fraction = match.groups()
    micros = int((fraction or "0").ljust(6, "0")[:6])
    return dt.time(int(hour), int(minute), int(second), micros).isoformat()


def _datetime(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ")
    match = TIMESTAMP.match(value.strip())
    if not match or match.group(8):
        raise ValueError
    moment = EPOCH + timestamp_microseconds(value) * MICROSECOND
    return moment.replace(tzinfo=None).isoformat(sep=" ")


def _json(value: Any) -> str:
    if isinstance(value, str):
        try:
            orjson.loads(value)
        except orjson.JSONDecodeError:
            return orjson.dumps(value).decode()
        return value
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)  # integers beyond 64 bits


def _interval(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return intervals.canonical(value)


def _geography(value: Any) -> str:
    """Well-known text, of that or of GeoJSON."""
    return geography.of_text(orjson.dumps(value).decode() if isinstance(value, dict) else value)


def _range_reader(field: Field) -> Callable[[Any], dict[str, Any]]:
    """What reads a RANGE: text, or an object with start and end."""
    convert = CONVERTERS[range_element(field)]

    def read(value: Any) -> dict[str, Any]:
        start, end = ranges.bounds(value) if isinstance(value, str) else (value.get("start"), value.get("end"))
        first, last = (None if bound is None else convert(bound) for bound in (start, end))
        if first is not None and last is not None and first >= last:
            raise ValueError
        return {RANGE_START: first, RANGE_END: last}

    return read


def converter(field: Field) -> Callable[[Any], Any]:
    """What reads a scalar of a field's type; it raises ValueError and its like for a value that does not fit."""
    kind = field_type(field)
    if kind == "BIGNUMERIC":
        return _bignumeric_reader(field)
    if kind in ("STRING", "BYTES") and field.get("maxLength"):
        return _limited(CONVERTERS[kind], kind, int(field["maxLength"]))
    return _range_reader(field) if kind == "RANGE" else CONVERTERS[kind]


def _limited(convert: Callable[[Any], str], kind: str, most: int) -> Callable[[Any], str]:
    """What reads a STRING(L) or BYTES(L); it raises ScalarError for a longer value, which it does not show."""

    def read(value: Any) -> str:
        made = convert(value)
        size = len(made) if kind == "STRING" else len(base64.b64decode(made))
        if size > most:
            raise ScalarError(f"{kind}({most}) has maximum length {most} but got a value with length {size}")
        return made

    return read


CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "STRING": _string,
    "BYTES": _bytes,
    "INTEGER": _integer,
    "FLOAT": _float,
    "NUMERIC": _numeric,
    "BIGNUMERIC": _numeric,
    "BOOLEAN": _boolean,
    "TIMESTAMP": _timestamp,
    "DATE": _date,
    "TIME": _time,
    "DATETIME": _datetime,
    "JSON": _json,
    "INTERVAL": _interval,
    "GEOGRAPHY": _geography,
}


# Out: how REST answers carry values (all scalars are strings; NULL arrays do not exist).
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
