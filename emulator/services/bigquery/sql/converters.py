"""Values as clients send them, in JSON and CSV, made what the engine takes (see types.wire_type)."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import math
import re
import zoneinfo
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from emulator.services.bigquery.sql.scalars import bignumeric, geography, intervals, json_values, ranges
from emulator.services.bigquery.sql.scalars.errors import ScalarError
from emulator.services.bigquery.sql.types import RANGE_END, RANGE_START, Field, field_type, range_element

INT64 = range(-(2**63), 2**63)
TRUE, FALSE = {"true", "t", "yes", "y", "1"}, {"false", "f", "no", "n", "0"}
TIMESTAMP = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?)?"
    r"\s*([Zz]|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?)?\Z"
)
TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?\Z")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
UNREADABLE = (ValueError, TypeError, AttributeError, InvalidOperation, binascii.Error, OverflowError)


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
    text = "".join(value.split()).translate({ord("-"): "+", ord("_"): "/"})  # a line end, as base64 of MIME has it
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
        civil, _, zone = value.strip().rpartition(" ")
        if zone[:1].isalpha() and (match := TIMESTAMP.match(civil)) and not match.group(8):
            return zoned_microseconds(dt.datetime.fromisoformat(_datetime(civil)), zone_of(zone))
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


def zone_of(name: str) -> dt.tzinfo:
    """A time zone by its name, such as America/New_York. Raises ValueError for one that there is not."""
    try:
        return zoneinfo.ZoneInfo(name)
    except zoneinfo.ZoneInfoNotFoundError as error:
        raise ValueError(f"Invalid time zone: {name}") from error


def zoned_microseconds(civil: dt.datetime, zone: dt.tzinfo) -> int:
    """Microseconds since 1970 of a date and time in a zone."""
    return (civil.replace(tzinfo=zone) - EPOCH) // MICROSECOND


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
            return json_values.ordered(value)
        except ScalarError:
            raise
        except (ValueError, RecursionError):
            return orjson.dumps(value).decode()
    return json_values.written(value)


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
