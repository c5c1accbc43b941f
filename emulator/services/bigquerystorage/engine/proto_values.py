"""What a value of a protocol buffer becomes in a column of each type.

https://cloud.google.com/bigquery/docs/supported-data-types#supported-protocol-buffer-data-types. A converter takes the
value as the message gives it and raises ValueError for one that the column cannot hold.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from emulator.services.bigquery.sql.converters import CONVERTERS, EPOCH, INT64, MICROSECOND, timestamp_microseconds
from emulator.services.bigquery.sql.scalars import bignumeric, json_values
from emulator.services.bigquery.sql.types import Field, field_type

Convert = Callable[[Any], Any]
INTEGERS = {
    getattr(FieldDescriptor, f"TYPE_{name}")
    for name in ("INT32", "INT64", "UINT32", "UINT64", "SINT32", "SINT64", "FIXED32", "FIXED64", "SFIXED32", "SFIXED64")
}
FLOATS = {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT}
DAYS = range(-719_162, 2_932_897)  # 0001-01-01 to 9999-12-31, since 1970
MICROSECONDS = range(-62_135_596_800_000_000, 253_402_300_800_000_000)
MIDNIGHT = dt.datetime(1970, 1, 1)  # noqa: DTZ001  civil time has no zone
NUMERIC_UNITS = 10**9
NUMERIC_LIMIT = 10**38
WRAPPERS = {  # of google.protobuf, with the kind that each holds
    "BoolValue": "bool",
    "BytesValue": "bytes",
    "DoubleValue": "float",
    "FloatValue": "float",
    "Int32Value": "int",
    "Int64Value": "int",
    "StringValue": "string",
    "UInt32Value": "int",
    "UInt64Value": "int",
}


def kind_of(descriptor: Any) -> str:
    """int, float, bool, string, bytes, enum, timestamp, message, or that of a wrapper with "?"."""
    kind = descriptor.type
    if kind in INTEGERS:
        return "int"
    if kind in FLOATS:
        return "float"
    if kind in (FieldDescriptor.TYPE_MESSAGE, FieldDescriptor.TYPE_GROUP):
        package, _, name = descriptor.message_type.full_name.rpartition(".")
        if package != "google.protobuf":
            return "message"
        return "timestamp" if name == "Timestamp" else f"{WRAPPERS[name]}?" if name in WRAPPERS else "message"
    names = {
        FieldDescriptor.TYPE_BOOL: "bool",
        FieldDescriptor.TYPE_STRING: "string",
        FieldDescriptor.TYPE_BYTES: "bytes",
        FieldDescriptor.TYPE_ENUM: "enum",
    }
    return names[kind]


def converter(field: Field, descriptor: Any) -> Convert | None:
    """What converts the values of a field for a column, None where they stay as they are.

    Raises LookupError where values of that kind have no place in the column.
    """
    kind = kind_of(descriptor)
    column = field_type(field)
    plain = _CONVERTERS[column, kind.removesuffix("?")]
    if column == "STRING" and kind == "enum":
        names = {number: value.name for number, value in descriptor.enum_type.values_by_number.items()}
        return names.__getitem__
    if column == "BIGNUMERIC" and field.get("precision"):
        precision, scale, units = int(field["precision"]), int(field.get("scale") or 0), _called(plain)
        plain = lambda value: bignumeric.fit(units(value), precision, scale)  # noqa: E731  as the others
    if not kind.endswith("?"):
        return plain
    convert = _called(plain)
    return lambda message: convert(message.value)


def _called(convert: Convert | None) -> Convert:
    return convert or (lambda value: value)


def _within(limits: range) -> Convert:
    def convert(value: int) -> int:
        if value not in limits:
            raise ValueError(value)
        return value

    return convert


def _days(text: str) -> int:
    return (dt.date.fromisoformat(CONVERTERS["DATE"](text)) - EPOCH.date()).days


def _timestamp(text: str) -> int:
    return timestamp_microseconds(text)


def _stamp(message: Any) -> int:
    micros: int = _within(MICROSECONDS)(message.seconds * 1_000_000 + message.nanos // 1000)
    return micros


def _time(text: str) -> int:
    value = dt.time.fromisoformat(CONVERTERS["TIME"](text))
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond


def _packed_time(packed: int) -> int:
    """Microseconds since midnight of hour, minute, second and microsecond in 5, 6, 6 and 20 bits (CivilTimeEncoder)."""
    hour, minute, second, micro = packed >> 32, packed >> 26 & 63, packed >> 20 & 63, packed & 0xFFFFF
    value = dt.time(hour, minute, second, micro)
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond


def _datetime(text: str) -> int:
    return (dt.datetime.fromisoformat(CONVERTERS["DATETIME"](text)) - MIDNIGHT) // MICROSECOND


def _packed_datetime(packed: int) -> int:
    """Microseconds since 1970 of year, month and day in 14, 4 and 5 bits, and a time (CivilTimeEncoder)."""
    date = packed >> 37
    day = dt.datetime(date >> 9, date >> 5 & 15, date & 31)  # noqa: DTZ001  civil time has no zone
    return (day - MIDNIGHT) // MICROSECOND + _packed_time(packed & (1 << 37) - 1)


def _numeric(value: Any) -> int:
    """Units of 1e-9, rounded half away from zero."""
    units = Decimal(str(value)).scaleb(9).quantize(Decimal(1), ROUND_HALF_UP)
    return _numeric_units(int(units))


def _numeric_units(units: int) -> int:
    if not -NUMERIC_LIMIT < units < NUMERIC_LIMIT:
        raise ValueError(units)
    return units


def _numeric_bytes(value: bytes) -> int:
    """Units of 1e-9 in as few bytes as they need, the lowest first (BigDecimalByteStringEncoder)."""
    return _numeric_units(int.from_bytes(value, "little", signed=True))


def _bignumeric(value: Any) -> str:
    return bignumeric.units_of_text(str(value))


def _bignumeric_bytes(value: bytes) -> str:
    """Units of 1e-38, as `_numeric_bytes`."""
    return bignumeric.units_of_text(bignumeric.show(int.from_bytes(value, "little", signed=True)))


_CONVERTERS: dict[tuple[str, str], Convert | None] = {
    ("BOOLEAN", "bool"): None,
    ("BOOLEAN", "int"): bool,
    ("BYTES", "bytes"): None,
    ("BYTES", "string"): str.encode,
    ("DATE", "int"): _within(DAYS),
    ("DATE", "string"): _days,
    ("DATETIME", "int"): _packed_datetime,
    ("DATETIME", "string"): _datetime,
    ("FLOAT", "float"): None,
    ("FLOAT", "int"): float,
    ("INTEGER", "int"): _within(INT64),
    ("INTEGER", "enum"): None,
    ("JSON", "string"): json_values.ordered,
    ("INTERVAL", "string"): CONVERTERS["INTERVAL"],
    ("GEOGRAPHY", "string"): CONVERTERS["GEOGRAPHY"],
    ("STRING", "string"): None,
    ("STRING", "enum"): None,
    ("TIME", "int"): _packed_time,
    ("TIME", "string"): _time,
    ("TIMESTAMP", "int"): _within(MICROSECONDS),
    ("TIMESTAMP", "string"): _timestamp,
    ("TIMESTAMP", "timestamp"): _stamp,
    **{("NUMERIC", kind): _numeric for kind in ("int", "float", "string")},
    ("NUMERIC", "bytes"): _numeric_bytes,
    **{("BIGNUMERIC", kind): _bignumeric for kind in ("int", "float", "string")},
    ("BIGNUMERIC", "bytes"): _bignumeric_bytes,
}
