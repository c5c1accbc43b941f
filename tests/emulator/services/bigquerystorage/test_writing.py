"""The Storage Write API by Google's own writer: streams of each type, offsets, and what is refused."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from google.api_core import exceptions
from google.cloud import bigquery_storage_v1
from google.cloud.bigquery_storage_v1 import types

from tests.emulator.services.bigquerystorage.conftest import MakeTable, Query
from tests.support import storage_api
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator
from tests.support.storage_api import PROTO, appending, descriptor, message_class, rows

Writer = bigquery_storage_v1.BigQueryWriteClient
Stored = Callable[[str], list[dict[str, Any]]]
ROW = descriptor("Row", ("x", PROTO.TYPE_INT64), ("s", PROTO.TYPE_STRING))
Row = message_class(ROW)
COMMITTED, PENDING, BUFFERED = (
    types.WriteStream.Type.COMMITTED,
    types.WriteStream.Type.PENDING,
    types.WriteStream.Type.BUFFERED,
)


@pytest.fixture
def table(make_table: MakeTable) -> str:
    return make_table("(x INT64, s STRING)")


def stream_of(writer: Writer, table: str, kind: Any) -> str:
    name: str = writer.create_write_stream(parent=table, write_stream=types.WriteStream(type_=kind)).name
    return name


def numbered(*numbers: int) -> list[Any]:
    return [Row(x=number, s=str(number)) for number in numbers]


def seen(stored: Stored, table: str) -> list[int]:
    return [row["x"] for row in stored(table)]


def test_the_default_stream_commits_at_once_and_knows_no_offsets(writer: Writer, table: str, stored: Stored) -> None:
    with appending(writer, f"{table}/streams/_default", ROW) as stream:
        answers = [stream.send(rows(numbered(number))).result() for number in range(3)]
        assert seen(stored, table) == [0, 1, 2]
        with pytest.raises(exceptions.InvalidArgument, match="offset is not allowed"):
            stream.send(rows(numbered(9), offset=3)).result()
    assert not any(answer.append_result.offset for answer in answers)
    assert {answer.write_stream for answer in answers} == {f"{table}/streams/_default"}


def test_a_committed_stream_shows_rows_at_once(writer: Writer, table: str, stored: Stored) -> None:
    name = stream_of(writer, table, COMMITTED)
    with appending(writer, name, ROW) as stream:
        offsets = [stream.send(rows(numbered(*pair))).result().append_result.offset for pair in ((1, 2), (3, 4))]
    assert offsets == [0, 2]
    assert seen(stored, table) == [1, 2, 3, 4]


def test_many_requests_on_the_way_keep_their_order(writer: Writer, table: str, stored: Stored) -> None:
    name = stream_of(writer, table, COMMITTED)
    with appending(writer, name, ROW) as stream:
        futures = [stream.send(rows(numbered(number), offset=number)) for number in range(100)]
        assert [future.result().append_result.offset for future in futures] == list(range(100))
    assert seen(stored, table) == list(range(100))


def test_offsets_make_each_row_come_once(writer: Writer, table: str, stored: Stored) -> None:
    name = stream_of(writer, table, COMMITTED)
    with appending(writer, name, ROW) as stream:
        stream.send(rows(numbered(1, 2), offset=0)).result()
        with pytest.raises(exceptions.AlreadyExists, match="expected offset 2, received 0"):
            stream.send(rows(numbered(1, 2), offset=0)).result()
        with pytest.raises(exceptions.OutOfRange, match="expected offset 2, received 5"):
            stream.send(rows(numbered(3), offset=5)).result()
        assert stream.send(rows(numbered(3), offset=2)).result().append_result.offset == 2
    assert seen(stored, table) == [1, 2, 3]


def test_an_error_of_an_offset_says_which_it_is(writer: Writer, table: str) -> None:
    name = stream_of(writer, table, COMMITTED)
    request = rows(numbered(1), offset=5, write_stream=name)
    request.proto_rows.writer_schema = types.ProtoSchema(proto_descriptor=ROW)
    (answer,) = writer.append_rows(iter([request]))
    error = types.StorageError.deserialize(answer.error.details[0].value)
    assert (error.code, error.entity) == (types.StorageError.StorageErrorCode.OFFSET_OUT_OF_RANGE, name)


def test_pending_streams_are_committed_together(writer: Writer, table: str, stored: Stored) -> None:
    names = [stream_of(writer, table, PENDING) for _ in range(2)]
    for number, name in enumerate(names):
        with appending(writer, name, ROW) as stream:
            stream.send(rows(numbered(number), offset=0)).result()
    assert writer.finalize_write_stream(name=names[0]).row_count == 1
    request = {"parent": table, "write_streams": names}
    refused = writer.batch_commit_write_streams(request=request)
    assert [(error.code.name, error.entity) for error in refused.stream_errors] == [("INVALID_STREAM_STATE", names[1])]
    assert (refused.commit_time, seen(stored, table)) == (None, [])
    writer.finalize_write_stream(name=names[1])
    done = writer.batch_commit_write_streams(request=request)
    assert (list(done.stream_errors), seen(stored, table)) == ([], [0, 1])
    assert writer.get_write_stream(name=names[0]).commit_time == done.commit_time
    again = writer.batch_commit_write_streams(request=request)
    assert {error.code.name for error in again.stream_errors} == {"STREAM_ALREADY_COMMITTED"}
    assert seen(stored, table) == [0, 1]


def test_a_buffered_stream_shows_what_is_flushed(writer: Writer, table: str, stored: Stored) -> None:
    name = stream_of(writer, table, BUFFERED)
    with appending(writer, name, ROW) as stream:
        stream.send(rows(numbered(*range(10)))).result()
        assert seen(stored, table) == []
        for offset in (3, 2, 7):
            assert writer.flush_rows(request={"write_stream": name, "offset": offset}).offset == offset
        assert seen(stored, table) == list(range(8))
        with pytest.raises(exceptions.OutOfRange):
            writer.flush_rows(request={"write_stream": name, "offset": 10})


def test_a_finalized_stream_takes_no_more(writer: Writer, table: str) -> None:
    name = stream_of(writer, table, COMMITTED)
    with appending(writer, name, ROW) as stream:
        stream.send(rows(numbered(1, 2))).result()
        assert writer.finalize_write_stream(name=name).row_count == 2
        with pytest.raises(exceptions.InvalidArgument, match="finalized"):
            stream.send(rows(numbered(3))).result()


@pytest.mark.parametrize("method", ["flush_rows", "finalize_write_stream", "batch_commit_write_streams"])
def test_what_the_default_stream_cannot_do_is_refused(writer: Writer, table: str, method: str) -> None:
    default = f"{table}/streams/_default"
    requests = {
        "flush_rows": {"write_stream": default},
        "finalize_write_stream": {"name": default},
        "batch_commit_write_streams": {"parent": table, "write_streams": [default]},
    }
    with pytest.raises(exceptions.InvalidArgument, match="default stream"):
        getattr(writer, method)(request=requests[method])


def test_a_stream_is_shown_with_its_schema_where_asked(writer: Writer, make_table: MakeTable) -> None:
    table = make_table("(x INT64 NOT NULL, n NUMERIC(5, 2), r STRUCT<l ARRAY<FLOAT64>>)")
    made = writer.create_write_stream(parent=table, write_stream=types.WriteStream(type_=PENDING))
    basic = writer.get_write_stream(request={"name": made.name})
    full = writer.get_write_stream(request={"name": made.name, "view": "FULL"})
    assert (basic.type_, basic.create_time, basic.location) == (PENDING, made.create_time, "us")
    assert not basic.table_schema.fields
    assert full.table_schema == made.table_schema
    x, n, r = full.table_schema.fields
    assert (x.type_.name, x.mode.name, n.precision, n.scale) == ("INT64", "REQUIRED", 5, 2)
    assert (r.type_.name, r.fields[0].type_.name, r.fields[0].mode.name) == ("STRUCT", "DOUBLE", "REPEATED")


def test_a_stream_that_is_not_there_is_not_found(writer: Writer, table: str, query: Query) -> None:
    name = stream_of(writer, table, COMMITTED)
    dataset, own = table.split("/")[3::2]
    query(f"DROP TABLE {dataset}.{own}")
    query(f"CREATE TABLE {dataset}.{own} (x INT64, s STRING)")
    for gone in (name, f"{table}/streams/nope"):
        with pytest.raises(exceptions.NotFound):
            writer.get_write_stream(name=gone)
        with appending(writer, gone, ROW) as stream, pytest.raises(exceptions.NotFound):
            stream.send(rows(numbered(1))).result()


def test_bad_rows_are_named_and_none_of_their_request_is_stored(
    writer: Writer, make_table: MakeTable, stored: Stored
) -> None:
    table = make_table("(x INT64, d DATE NOT NULL)")
    kind = descriptor("Row", ("x", PROTO.TYPE_INT64), ("d", PROTO.TYPE_STRING))
    made = message_class(kind)
    good, bad, missing = made(x=1, d="2020-01-02"), made(x=2, d="2020-13-02"), made(x=3)
    request = rows([good, bad, missing], write_stream=f"{table}/streams/_default")
    request.proto_rows.writer_schema = types.ProtoSchema(proto_descriptor=kind)
    refused, accepted = writer.append_rows(iter([request, rows([good])]))
    assert refused.error.code == 3
    assert [(error.index, error.code.name) for error in refused.row_errors] == [
        (1, "FIELDS_ERROR"),
        (2, "FIELDS_ERROR"),
    ]
    assert "d" in refused.row_errors[0].message
    assert "2020-13-02" not in str(refused)
    assert accepted.append_result == types.AppendRowsResponse.AppendResult()
    assert stored(table) == [{"x": 1, "d": dt.date(2020, 1, 2)}]


def test_bytes_that_are_no_row_are_named(writer: Writer, table: str) -> None:
    request = rows(numbered(1, 2), write_stream=f"{table}/streams/_default")
    request.proto_rows.writer_schema = types.ProtoSchema(proto_descriptor=ROW)
    request.proto_rows.rows.serialized_rows = [b"\xff\xff", *request.proto_rows.rows.serialized_rows]
    (answer,) = writer.append_rows(iter([request]))
    assert [error.index for error in answer.row_errors] == [0]


def refused(writer: Writer, table: str, kind: Any, match: str, error: type[Exception]) -> None:
    with appending(writer, f"{table}/streams/_default", kind) as stream, pytest.raises(error, match=match):
        stream.send(rows([message_class(kind)()])).result()


def test_a_schema_that_does_not_fit_is_refused(writer: Writer, make_table: MakeTable) -> None:
    table = make_table("(x INT64, l ARRAY<INT64>, r STRUCT<y INT64>, q STRING NOT NULL)")
    q = ("q", PROTO.TYPE_STRING)
    for match, *fields in (
        ("extra fields: 'z'", ("z", PROTO.TYPE_INT64)),
        ("'q' is missing|field q is missing",),
        ("l is not repeated", q, ("l", PROTO.TYPE_INT64)),
        ("x is INTEGER in the table and string", q, ("x", PROTO.TYPE_STRING)),
    ):
        refused(writer, table, descriptor("Row", *fields), match, exceptions.InvalidArgument)


def test_change_data_capture_is_refused_by_name(writer: Writer, table: str) -> None:
    kind = descriptor("Row", ("x", PROTO.TYPE_INT64), ("_CHANGE_TYPE", PROTO.TYPE_STRING))
    refused(writer, table, kind, "_CHANGE_TYPE", exceptions.MethodNotImplemented)


def test_the_first_request_needs_a_schema(writer: Writer, table: str) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="writerSchema"):
        list(writer.append_rows(iter([rows(numbered(1), write_stream=f"{table}/streams/_default")])))


def test_a_connection_writes_to_several_tables(writer: Writer, make_table: MakeTable, stored: Stored) -> None:
    tables = [make_table("(x INT64, s STRING)") for _ in range(2)]
    requests = []
    for number, table in enumerate((*tables, tables[0])):
        request = rows(numbered(number), write_stream=f"{table}/streams/_default")
        request.proto_rows.writer_schema = types.ProtoSchema(proto_descriptor=ROW)
        requests.append(request)
    assert len(list(writer.append_rows(iter(requests)))) == 3
    assert [seen(stored, table) for table in tables] == [[0, 2], [1]]


def test_the_writer_is_told_of_a_new_column(writer: Writer, table: str, query: Query, stored: Stored) -> None:
    name = stream_of(writer, table, PENDING)
    dataset, own = table.split("/")[3::2]
    with appending(writer, name, ROW) as stream:
        assert not stream.send(rows(numbered(1))).result().updated_schema
        query(f"ALTER TABLE {dataset}.{own} ADD COLUMN added INT64")
        told = stream.send(rows(numbered(2))).result().updated_schema
        assert [column.name for column in told.fields] == ["x", "s", "added"]
        assert not stream.send(rows(numbered(3))).result().updated_schema
    wider = descriptor("Row", ("x", PROTO.TYPE_INT64), ("added", PROTO.TYPE_INT64))
    with appending(writer, name, wider) as stream:
        stream.send(rows([message_class(wider)(x=4, added=5)])).result()
    writer.finalize_write_stream(name=name)
    assert not writer.batch_commit_write_streams(request={"parent": table, "write_streams": [name]}).stream_errors
    assert [(row["x"], row["added"]) for row in stored(table)] == [(1, None), (2, None), (3, None), (4, 5)]


def test_missing_values_become_null_or_the_default(writer: Writer, make_table: MakeTable, stored: Stored) -> None:
    table = make_table("(x INT64, s STRING DEFAULT 'made up', n INT64 DEFAULT 7)")
    kinds = types.AppendRowsRequest.MissingValueInterpretation
    default = {"default_missing_value_interpretation": kinds.DEFAULT_VALUE}
    with appending(writer, f"{table}/streams/_default", ROW) as stream:
        stream.send(rows([Row(x=1)])).result()
        stream.send(rows([Row(x=2), Row(x=3, s="given")], **default)).result()
        stream.send(rows([Row(x=4)], missing_value_interpretations={"s": kinds.NULL_VALUE})).result()
        with pytest.raises(exceptions.InvalidArgument, match="nope"):
            stream.send(rows([Row(x=5)], missing_value_interpretations={"nope": kinds.NULL_VALUE})).result()
    expected = [(1, None, None), (2, "made up", 7), (3, "given", 7), (4, None, 7)]
    assert [(row["x"], row["s"], row["n"]) for row in stored(table)] == expected


def test_rows_come_as_arrow_too(writer: Writer, make_table: MakeTable, stored: Stored) -> None:
    table = make_table("(x INT64, s STRING, l ARRAY<INT64>, ts TIMESTAMP, n NUMERIC, bn BIGNUMERIC)")
    moment = dt.datetime(2020, 1, 2, tzinfo=dt.UTC)
    given = [{"x": 1, "s": "a", "l": [1, 2], "ts": moment}, {"x": 2, "s": None, "l": [], "ts": None}]
    batch = pa.RecordBatch.from_pylist(
        given,
        pa.schema(
            [("x", pa.int64()), ("s", pa.string()), ("l", pa.list_(pa.int64())), ("ts", pa.timestamp("us", "UTC"))]
        ),
    )
    data = types.AppendRowsRequest.ArrowData(
        writer_schema=types.ArrowSchema(serialized_schema=batch.schema.serialize().to_pybytes()),
        rows=types.ArrowRecordBatch(serialized_record_batch=batch.serialize().to_pybytes()),
    )
    request = types.AppendRowsRequest(write_stream=stream_of(writer, table, COMMITTED), arrow_rows=data)
    later = types.AppendRowsRequest(arrow_rows={"rows": data.rows}, offset=2)
    answers = list(writer.append_rows(iter([request, later])))
    assert [answer.append_result.offset for answer in answers] == [0, 2]
    assert [(row["x"], row["s"], row["l"], row["ts"]) for row in stored(table)] == [
        (1, "a", [1, 2], moment), (1, "a", [1, 2], moment), (2, None, [], None), (2, None, [], None)
    ]  # fmt: skip


def test_what_is_no_record_batch_is_refused(writer: Writer, table: str) -> None:
    data = types.AppendRowsRequest.ArrowData(
        writer_schema=types.ArrowSchema(serialized_schema=b"no schema"),
        rows=types.ArrowRecordBatch(serialized_record_batch=b"no batch"),
    )
    request = types.AppendRowsRequest(write_stream=f"{table}/streams/_default", arrow_rows=data)
    (answer,) = writer.append_rows(iter([request]))
    assert "no record batch" in answer.error.message


def test_who_may_not_write_to_the_table_is_refused(writer: Writer, emulator: RunningEmulator, table: str) -> None:
    name = stream_of(writer, table, COMMITTED)
    account = make_account(emulator, "writes-no-rows")
    with storage_api.channel(emulator, account.token) as channel:
        client = storage_api.writing(channel)
        with pytest.raises(exceptions.PermissionDenied, match=r"bigquery\.tables\.updateData"):
            client.finalize_write_stream(name=name)
        with pytest.raises(exceptions.PermissionDenied, match=r"bigquery\.tables\.updateData"):
            list(client.append_rows(iter([rows(numbered(1), write_stream=name)])))


def test_a_fault_strikes_one_request(writer: Writer, emulator: RunningEmulator, table: str, stored: Stored) -> None:
    fault = {"method": "bigquerystorage.BigQueryWrite.AppendRows", "code": 409, "call": 2}
    assert emulator.request("POST", "/_emulator/faults", fault)[0] == 200
    with appending(writer, f"{table}/streams/_default", ROW) as stream:
        stream.send(rows(numbered(1))).result()
        with pytest.raises(exceptions.Aborted, match="Injected"):
            stream.send(rows(numbered(2))).result()
    assert seen(stored, table) == [1]


def test_views_take_no_rows(writer: Writer, table: str, query: Query) -> None:
    dataset, own = table.split("/")[3::2]
    query(f"CREATE VIEW {dataset}.v_{own} AS SELECT 1 AS x")
    with pytest.raises(exceptions.InvalidArgument, match="VIEW"):
        stream_of(writer, table.replace(own, f"v_{own}"), COMMITTED)
