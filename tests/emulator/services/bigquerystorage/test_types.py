"""What values of protocol buffers become in columns of each type.

cloud.google.com/bigquery/docs/supported-data-types, "Supported protocol buffer data types".
"""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from google.cloud import bigquery_storage_v1
from google.protobuf import timestamp_pb2, wrappers_pb2

from tests.emulator.services.bigquerystorage.conftest import MakeTable, Query
from tests.support.bigquery_values import interval
from tests.support.storage_api import PROTO, appending, descriptor, message_class, rows

UTC = dt.UTC
MOMENT = dt.datetime(2020, 2, 29, 13, 14, 15, 123456, tzinfo=UTC)
MICROS = 1582982055123456  # of MOMENT, since 1970
CIVIL = MOMENT.replace(tzinfo=None)
TIME = 13 << 32 | 14 << 26 | 15 << 20 | 123456  # CivilTimeEncoder: hour, minute, second, microsecond
DATETIME = 2020 << 46 | 2 << 42 | 29 << 37 | TIME  # and year, month, day before them
STAMP = timestamp_pb2.Timestamp(seconds=MICROS // 1_000_000, nanos=123_456_789)
STAMP_NAME, INT_NAME = ".google.protobuf.Timestamp", ".google.protobuf.Int64Value"
STRING_NAME = ".google.protobuf.StringValue"
CASES: list[tuple[str, Any, Any, Any]] = [
    ("BOOL", PROTO.TYPE_BOOL, True, True),
    ("BOOL", PROTO.TYPE_INT32, 0, False),
    ("BYTES", PROTO.TYPE_BYTES, b"\x00\xff", b"\x00\xff"),
    ("BYTES", PROTO.TYPE_STRING, "ä", "ä".encode()),
    ("DATE", PROTO.TYPE_INT32, 18321, MOMENT.date()),
    ("DATE", PROTO.TYPE_INT64, -719162, dt.date(1, 1, 1)),
    ("DATE", PROTO.TYPE_STRING, "2020-02-29", MOMENT.date()),
    ("DATETIME", PROTO.TYPE_INT64, DATETIME, CIVIL),
    ("DATETIME", PROTO.TYPE_STRING, "2020-02-29 13:14:15.123456", CIVIL),
    ("FLOAT64", PROTO.TYPE_DOUBLE, 2.5, 2.5),
    ("FLOAT64", PROTO.TYPE_FLOAT, -0.5, -0.5),
    ("INT64", PROTO.TYPE_INT64, -(2**63), -(2**63)),
    ("INT64", PROTO.TYPE_UINT32, 2**32 - 1, 2**32 - 1),
    ("INT64", INT_NAME, wrappers_pb2.Int64Value(value=7), 7),
    ("JSON", PROTO.TYPE_STRING, '{"a": [1, null]}', {"a": [1, None]}),
    ("NUMERIC", PROTO.TYPE_INT64, 12, Decimal(12)),
    ("NUMERIC", PROTO.TYPE_STRING, "-1.000000001", Decimal("-1.000000001")),
    ("NUMERIC", PROTO.TYPE_DOUBLE, 0.25, Decimal("0.25")),
    ("NUMERIC", PROTO.TYPE_BYTES, (-1_500_000_000).to_bytes(4, "little", signed=True), Decimal("-1.5")),
    ("NUMERIC(4, 2)", PROTO.TYPE_STRING, "12.34", Decimal("12.34")),
    ("BIGNUMERIC", PROTO.TYPE_STRING, f"{'9' * 38}.5", Decimal(f"{'9' * 38}.5")),
    ("BIGNUMERIC", PROTO.TYPE_BYTES, (10**37 * 25).to_bytes(17, "little", signed=True), Decimal("2.5")),
    ("GEOGRAPHY", PROTO.TYPE_STRING, "POINT(1 2)", "POINT(1 2)"),
    ("INTERVAL", PROTO.TYPE_STRING, "1-2 3 4:5:6", interval("1-2 3 4:5:6")),
    ("STRING", PROTO.TYPE_STRING, "text", "text"),
    ("STRING", STRING_NAME, wrappers_pb2.StringValue(value=""), ""),
    ("TIME", PROTO.TYPE_INT64, TIME, CIVIL.time()),
    ("TIME", PROTO.TYPE_STRING, "13:14:15.123456", CIVIL.time()),
    ("TIMESTAMP", PROTO.TYPE_INT64, MICROS, MOMENT),
    ("TIMESTAMP", PROTO.TYPE_STRING, "2020-02-29T14:14:15.123456+01:00", MOMENT),
    ("TIMESTAMP", STAMP_NAME, STAMP, MOMENT),
    ("ARRAY<DATE>", PROTO.TYPE_INT32, [0, 1], [dt.date(1970, 1, 1), dt.date(1970, 1, 2)]),
    ("ARRAY<TIMESTAMP>", STAMP_NAME, [STAMP], [MOMENT]),
]
BAD = [
    ("DATE", PROTO.TYPE_INT32, 2_932_897),
    ("DATETIME", PROTO.TYPE_INT64, DATETIME | 15 << 42),
    ("TIME", PROTO.TYPE_INT64, 24 << 32),
    ("TIMESTAMP", PROTO.TYPE_INT64, 253_402_300_800_000_000),
    ("NUMERIC", PROTO.TYPE_STRING, "1" + "0" * 29),
    ("NUMERIC", PROTO.TYPE_STRING, "many"),
    ("BIGNUMERIC", PROTO.TYPE_STRING, "NaN"),
    ("INT64", PROTO.TYPE_UINT64, 2**63),
    ("JSON", PROTO.TYPE_STRING, "{"),
    ("INTERVAL", PROTO.TYPE_STRING, "soon"),
    ("GEOGRAPHY", PROTO.TYPE_STRING, "POINT(1 91)"),
]


def test_values_become_what_is_documented(
    writer: bigquery_storage_v1.BigQueryWriteClient, make_table: MakeTable, query: Query
) -> None:
    columns = ", ".join(f"c{number} {kind}" for number, (kind, *_) in enumerate(CASES))
    table = make_table(f"({columns})")
    fields = [
        (f"c{number}", of, *(["repeated"] if isinstance(value, list) else []))
        for number, (_, of, value, _) in enumerate(CASES)
    ]
    kind = descriptor("Row", *fields)
    message = message_class(kind)()
    for number, (_, _, value, _) in enumerate(CASES):
        _set(message, f"c{number}", value)
    with appending(writer, f"{table}/streams/_default", kind) as stream:
        stream.send(rows([message, message_class(kind)()])).result()
    project, dataset, name = table.split("/")[1::2]
    filled, empty = query(f"SELECT * FROM `{project}.{dataset}.{name}` ORDER BY c0 NULLS LAST")
    assert filled == {f"c{number}": expected for number, (*_, expected) in enumerate(CASES)}
    assert {repr(value) for value in empty.values()} == {"None", "[]"}


def _set(message: Any, name: str, value: Any) -> None:
    if isinstance(value, list):
        getattr(message, name).extend(_copied(message, name, value))
    elif hasattr(value, "SerializeToString"):
        getattr(message, name).MergeFromString(value.SerializeToString())
    else:
        setattr(message, name, value)


def _copied(message: Any, name: str, values: list[Any]) -> list[Any]:
    """Values as those of the message's own class, which comes from another pool."""
    of = message.DESCRIPTOR.fields_by_name[name].message_type
    return [of._concrete_class.FromString(value.SerializeToString()) for value in values] if of else values


@pytest.mark.parametrize(("kind", "of", "value"), BAD)
def test_a_value_that_the_column_cannot_hold_is_an_error_of_its_row(
    writer: bigquery_storage_v1.BigQueryWriteClient, make_table: MakeTable, kind: str, of: int, value: Any
) -> None:
    table = make_table(f"(c {kind})")
    schema = descriptor("Row", ("c", of))
    request = rows([message_class(schema)(), message_class(schema)(c=value)], write_stream=f"{table}/streams/_default")
    request.proto_rows.writer_schema.proto_descriptor = schema
    (answer,) = writer.append_rows(iter([request]))
    assert [error.index for error in answer.row_errors] == [1]


def test_an_enum_is_its_name_or_its_number(
    writer: bigquery_storage_v1.BigQueryWriteClient, make_table: MakeTable, query: Query
) -> None:
    table = make_table("(s STRING, i INT64)")
    kind = descriptor("Row", ("s", PROTO.TYPE_ENUM), ("i", PROTO.TYPE_ENUM))
    kind.enum_type.add(name="View").value.add(name="FRONTAL", number=3)
    for field in kind.field:
        field.type_name = ".Row.View"
    with appending(writer, f"{table}/streams/_default", kind) as stream:
        stream.send(rows([message_class(kind)(s=3, i=3)])).result()
    project, dataset, name = table.split("/")[1::2]
    assert query(f"SELECT * FROM `{project}.{dataset}.{name}`") == [{"s": "FRONTAL", "i": 3}]


def test_records_nest_and_what_a_writer_lacks_is_null(
    writer: bigquery_storage_v1.BigQueryWriteClient, make_table: MakeTable, query: Query
) -> None:
    table = make_table("(r STRUCT<a INT64, l ARRAY<STRUCT<b STRING, c DATE>>, m ARRAY<STRING>>)")
    inner = descriptor("Inner", ("b", PROTO.TYPE_STRING))
    record = descriptor("Record", ("l", ".example.Row.Record.Inner", "repeated"), nested=[inner])
    kind = descriptor("Row", ("r", ".example.Row.Record"), nested=[record])  # as if of a package
    local = descriptor(
        "Row",
        ("r", ".Row.Record"),
        nested=[descriptor("Record", ("l", ".Row.Record.Inner", "repeated"), nested=[inner])],
    )
    message = message_class(local)()
    message.r.l.add(b="x")
    message.r.l.add()
    with appending(writer, f"{table}/streams/_default", kind) as stream:
        stream.send(rows([message])).result()
    project, dataset, name = table.split("/")[1::2]
    expected = {"a": None, "l": [{"b": "x", "c": None}, {"b": None, "c": None}], "m": []}
    assert query(f"SELECT * FROM `{project}.{dataset}.{name}`") == [{"r": expected}]
