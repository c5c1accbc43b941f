"""The Storage Read API by Google's own client: what a session reads is what its table held when it was made."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from google.api_core import exceptions
from google.cloud import bigquery, bigquery_storage_v1
from google.cloud.bigquery_storage_v1 import types

from tests.conftest import StartEmulator
from tests.emulator.services.bigquerystorage.conftest import MakeTable, Query
from tests.support import storage_api
from tests.support.accounts import grant, make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import eventually

Reader = bigquery_storage_v1.BigQueryReadClient
Rows = list[dict[str, Any]]
EVERY_TYPE = """AS SELECT 7 AS i, 'text' AS s, b'\\x01\\x02' AS b, 2.5 AS f, NUMERIC '1.5' AS n,
    CAST('-2.25' AS BIGNUMERIC) AS bn, TRUE AS o, TIMESTAMP '2020-01-02 03:04:05.000006+00' AS ts,
    DATE '2020-01-02' AS d, TIME '03:04:05.000006' AS t,
    DATETIME '2020-01-02 03:04:05.000006' AS dt, JSON '{"a": 1}' AS j, [1, 2] AS l,
    STRUCT(1 AS x, [STRUCT('in' AS y)] AS z, CAST('0.1' AS BIGNUMERIC) AS w) AS r"""
MASK = "bindings,etag,auditConfigs"
MOMENT = dt.datetime(2020, 1, 2, 3, 4, 5, 6)  # noqa: DTZ001  civil time has no zone
VALUES = {
    "i": 7,
    "s": "text",
    "b": b"\x01\x02",
    "f": 2.5,
    "n": Decimal("1.5"),
    "bn": Decimal("-2.25"),
    "o": True,
    "ts": MOMENT.replace(tzinfo=dt.UTC),
    "d": MOMENT.date(),
    "t": MOMENT.time(),
    "dt": MOMENT,
    "j": '{"a":1}',
    "l": [1, 2],
    "r": {"x": 1, "z": [{"y": "in"}], "w": Decimal("0.1")},
}
ARROW_TYPES = {  # cloud.google.com/bigquery/docs/reference/storage, "Arrow schema details"
    "i": "int64",
    "s": "string",
    "b": "binary",
    "f": "double",
    "n": "decimal128(38, 9)",
    "bn": "decimal256(76, 38)",
    "o": "bool",
    "ts": "timestamp[us, tz=UTC]",
    "d": "date32[day]",
    "t": "time64[us]",
    "dt": "timestamp[us]",
    "j": "string",
    "l": "list<item: int64>",
    "r": "struct<x: int64, z: list<item: struct<y: string>>, w: decimal256(76, 38)>",
}


def session(reader: Reader, table: str, form: str = "ARROW", streams: int = 1, **options: Any) -> types.ReadSession:
    """A session with exactly as many streams, if there are rows enough."""
    wanted = {"table": table, "data_format": form, "read_options": options}
    parent = "/".join(table.split("/")[:2])
    request = {"parent": parent, "read_session": wanted, "max_stream_count": streams}
    made: types.ReadSession = reader.create_read_session(request={**request, "preferred_min_stream_count": streams})
    return made


def table_of(reader: Reader, made: types.ReadSession, stream: str, offset: int = 0) -> pa.Table:
    """The rows of a stream of Arrow from an offset on."""
    schema = pa.ipc.read_schema(pa.py_buffer(made.arrow_schema.serialized_schema))
    encoded = [answer.arrow_record_batch.serialized_record_batch for answer in answers(reader, stream, offset)]
    batches = [pa.ipc.read_record_batch(pa.py_buffer(batch), schema) for batch in encoded]
    table = pa.Table.from_batches(batches, schema)
    table.validate(full=True)
    return table


def answers(reader: Reader, stream: str, offset: int = 0) -> list[types.ReadRowsResponse]:
    return list(reader.read_rows(stream, offset=offset))


def rows_of(reader: Reader, made: types.ReadSession, offset: int = 0) -> Rows:
    """The rows of all streams, each from an offset on."""
    if made.data_format == types.DataFormat.AVRO:
        return [row for stream in made.streams for row in reader.read_rows(stream.name, offset=offset).rows(made)]
    return [row for stream in made.streams for row in table_of(reader, made, stream.name, offset).to_pylist()]


@pytest.fixture
def numbers(make_table: MakeTable) -> str:
    """A table of the numbers from 0 to 9999 in the column `x`, and what is left of them by 7 in `y`."""
    return make_table("AS SELECT x, MOD(x, 7) AS y FROM UNNEST(GENERATE_ARRAY(0, 9999)) AS x")


def test_every_type_comes_as_documented_in_arrow(reader: Reader, make_table: MakeTable) -> None:
    made = session(reader, make_table(EVERY_TYPE))
    table = table_of(reader, made, made.streams[0].name)
    assert {field.name: str(field.type) for field in table.schema} == ARROW_TYPES
    assert table.to_pylist() == [VALUES]


def test_every_type_comes_as_documented_in_avro(reader: Reader, make_table: MakeTable) -> None:
    (row,) = rows_of(reader, session(reader, make_table(EVERY_TYPE), "AVRO"))
    assert row == {**VALUES, "dt": MOMENT.isoformat()}


NEWER_TYPES = """AS SELECT INTERVAL '1-2 3 4:5:6.5' YEAR TO SECOND AS v, ST_GEOGPOINT(1, 2) AS g,
    RANGE(DATE '2020-01-02', NULL) AS d, RANGE(TIMESTAMP '2020-01-02 03:04:05+00', NULL) AS ts,
    RANGE(DATETIME '2020-01-02 03:04:05', DATETIME '2020-01-03 00:00:00') AS dt,
    [STRUCT(INTERVAL 1 DAY AS v, RANGE(DATE '2020-01-02', NULL) AS d)] AS l"""
BEGIN = dt.datetime(2020, 1, 2, 3, 4, 5)  # noqa: DTZ001  civil time has no zone
SINCE = {"start": BEGIN.date(), "end": None}


def test_intervals_places_and_ranges_come_as_documented_in_arrow(reader: Reader, make_table: MakeTable) -> None:
    made = session(reader, make_table(NEWER_TYPES))
    table = table_of(reader, made, made.streams[0].name)
    assert {name: str(table.schema.field(name).type) for name in "vgd"} == {
        "v": "month_day_nano_interval",
        "g": "string",
        "d": "struct<start: date32[day], end: date32[day]>",
    }
    assert table.schema.field("g").metadata == {b"ARROW:extension:name": b"google:sqlType:geography"}
    (row,) = table.to_pylist()
    assert row["v"] == (14, 3, ((4 * 60 + 5) * 60 + 6) * 10**9 + 500_000_000)
    assert (row["g"], row["d"], row["ts"]) == (
        "POINT(1 2)",
        SINCE,
        {"start": BEGIN.replace(tzinfo=dt.UTC), "end": None},
    )
    assert row["dt"] == {"start": BEGIN, "end": dt.datetime(2020, 1, 3)}  # noqa: DTZ001  as above
    assert row["l"] == [{"v": (0, 1, 0), "d": SINCE}]


def test_intervals_places_and_ranges_come_as_documented_in_avro(reader: Reader, make_table: MakeTable) -> None:
    (row,) = rows_of(reader, session(reader, make_table(NEWER_TYPES), "AVRO"))
    assert row == {
        "v": "1-2 3 4:5:6.500",
        "g": "POINT(1 2)",
        "d": SINCE,
        "ts": {"start": BEGIN.replace(tzinfo=dt.UTC), "end": None},
        "dt": {"start": BEGIN.isoformat(), "end": "2020-01-03T00:00:00"},
        "l": [{"v": "0-0 1 0:0:0", "d": SINCE}],
    }


@pytest.mark.parametrize("form", ["ARROW", "AVRO"])
def test_null_is_null(reader: Reader, make_table: MakeTable, form: str) -> None:
    table = make_table("(i INT64, bn BIGNUMERIC, l ARRAY<STRING>, r STRUCT<x DATETIME>)")
    made = session(reader, table, form)
    assert rows_of(reader, made) == []
    from_null = make_table(
        "AS SELECT CAST(NULL AS INT64) AS i, CAST(NULL AS BIGNUMERIC) AS bn, CAST([] AS ARRAY<STRING>) AS l"
    )
    assert rows_of(reader, session(reader, from_null, form)) == [{"i": None, "bn": None, "l": []}]


def test_columns_and_fields_of_records_are_selected(reader: Reader, make_table: MakeTable) -> None:
    made = session(reader, make_table(EVERY_TYPE), selected_fields=["r.z", "s"])
    assert rows_of(reader, made) == [{"s": "text", "r": {"z": [{"y": "in"}]}}]


def test_a_column_that_is_not_there_is_refused(reader: Reader, numbers: str) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="nope"):
        session(reader, numbers, selected_fields=["nope"])


@pytest.mark.parametrize("form", ["ARROW", "AVRO"])
def test_rows_are_restricted_by_googlesql(reader: Reader, numbers: str, form: str) -> None:
    made = session(reader, numbers, form, row_restriction="y = 3 AND x BETWEEN 10 AND 40", selected_fields=["x"])
    assert [row["x"] for row in rows_of(reader, made)] == [10, 17, 24, 31, 38]
    assert made.estimated_row_count == 5


@pytest.mark.parametrize(
    "restriction",
    ["nope = 1", "COUNT(*) > 1", "x IN (SELECT 1 FROM {other})", "TRUE) UNION ALL SELECT * FROM {other} WHERE (TRUE"],
)
def test_what_is_no_condition_on_the_rows_is_refused(
    reader: Reader, numbers: str, make_table: MakeTable, restriction: str
) -> None:
    _, project, _, dataset, _, other = make_table("AS SELECT 1 AS x, 2 AS y").split("/")
    with pytest.raises(exceptions.InvalidArgument):
        session(reader, numbers, row_restriction=restriction.format(other=f"`{project}.{dataset}.{other}`"))


def test_streams_share_the_rows(reader: Reader, numbers: str) -> None:
    made = session(reader, numbers, streams=4)
    assert len(made.streams) == 4
    assert sorted(row["x"] for row in rows_of(reader, made)) == list(range(10_000))


@pytest.mark.parametrize("form", ["ARROW", "AVRO"])
def test_reading_resumes_in_the_middle(reader: Reader, numbers: str, form: str) -> None:
    made = session(reader, numbers, form)
    assert [row["x"] for row in rows_of(reader, made, offset=9_990)] == list(range(9_990, 10_000))
    assert rows_of(reader, made, offset=10_000) == []
    with pytest.raises(exceptions.OutOfRange, match="10000 rows"):
        rows_of(reader, made, offset=10_001)


def test_a_stream_is_split_where_it_is_told(reader: Reader, numbers: str) -> None:
    made = session(reader, numbers)
    split = reader.split_read_stream(request={"name": made.streams[0].name, "fraction": 0.25})
    parts = [table_of(reader, made, part.name) for part in (split.primary_stream, split.remainder_stream)]
    assert [part.num_rows for part in parts] == [2_500, 7_500]
    assert rows_of(reader, made) == [row for part in parts for row in part.to_pylist()]


def test_a_stream_of_one_row_is_not_split(reader: Reader, make_table: MakeTable) -> None:
    made = session(reader, make_table("AS SELECT 1 AS x"))
    assert not reader.split_read_stream(request={"name": made.streams[0].name}).primary_stream.name


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO {} (x) VALUES (10000)",
        "DELETE FROM {} WHERE x > 5",
        "UPDATE {} SET x = -x WHERE TRUE",
        "ALTER TABLE {} DROP COLUMN y",
        "TRUNCATE TABLE {}",
        "CREATE OR REPLACE TABLE {} AS SELECT 1 AS x",
        "DROP TABLE {}",
    ],
)
def test_later_writes_are_not_seen(reader: Reader, query: Query, numbers: str, change: str) -> None:
    made = session(reader, numbers, streams=2)
    _, project, _, dataset, _, table = numbers.split("/")
    query(change.format(f"`{project}.{dataset}.{table}`"))
    assert rows_of(reader, made) == [{"x": x, "y": x % 7} for x in range(10_000)]


def test_a_session_goes_on_after_rows_were_deleted_before_it(reader: Reader, query: Query, numbers: str) -> None:
    _, project, _, dataset, _, table = numbers.split("/")
    query(f"DELETE FROM `{project}.{dataset}.{table}` WHERE MOD(x, 2) = 0")
    made = session(reader, numbers)
    assert [row["x"] for row in rows_of(reader, made, offset=4_998)] == [9_997, 9_999]


def test_a_table_is_read_as_it_was_at_a_time(reader: Reader, query: Query, numbers: str) -> None:
    _, project, _, dataset, _, table = numbers.split("/")
    (row,) = query("SELECT CURRENT_TIMESTAMP() AS now")
    query(f"DELETE FROM `{project}.{dataset}.{table}` WHERE x > 5")
    modifiers = {"snapshot_time": row["now"]}
    wanted = {"table": numbers, "data_format": "ARROW", "table_modifiers": modifiers}
    request = {"parent": f"projects/{project}", "read_session": wanted, "max_stream_count": 1}
    made = reader.create_read_session(request=request)
    assert [row["x"] for row in rows_of(reader, made)] == list(range(10_000))
    assert [row["x"] for row in rows_of(reader, session(reader, numbers))] == list(range(6))


def test_a_sample_is_a_part_of_the_rows(reader: Reader, make_table: MakeTable) -> None:
    table = make_table("AS SELECT x FROM UNNEST(GENERATE_ARRAY(1, 100000)) AS x")
    assert session(reader, table, sample_percentage=50.0).estimated_row_count < 100_000
    assert session(reader, table, sample_percentage=100.0).estimated_row_count == 100_000


@pytest.mark.filterwarnings("ignore:Retrieving Arrow record batches directly:PendingDeprecationWarning")
def test_results_of_queries_are_read_by_the_client_of_bigquery(
    bigquery_client: bigquery.Client, reader: Reader
) -> None:
    result = bigquery_client.query("SELECT x FROM UNNEST(GENERATE_ARRAY(1, 5000)) AS x ORDER BY x").result()
    table = result.to_arrow(bqstorage_client=reader)
    assert table.column("x").to_pylist() == list(range(1, 5_001))


def test_views_are_refused_by_name(reader: Reader, query: Query, numbers: str) -> None:
    _, project, _, dataset, _, table = numbers.split("/")
    query(f"CREATE VIEW {dataset}.v_{table} AS SELECT * FROM `{project}.{dataset}.{table}`")
    with pytest.raises(exceptions.InvalidArgument, match="of the kind view"):
        session(reader, f"projects/{project}/datasets/{dataset}/tables/v_{table}")


def test_who_may_not_read_the_table_gets_no_session(emulator: RunningEmulator, numbers: str) -> None:
    account = make_account(emulator, "reads-no-rows")
    with storage_api.channel(emulator, account.token) as channel:
        client = storage_api.reader(channel)
        with pytest.raises(exceptions.PermissionDenied, match=r"bigquery\.readsessions\.create"):
            session(client, numbers)
        grant(emulator, f"projects/{emulator.project}", account.member, "roles/bigquery.readSessionUser")
        with pytest.raises(exceptions.PermissionDenied, match=r"bigquery\.tables\.getData"):
            session(client, numbers)


def test_a_fault_strikes_as_with_every_call(reader: Reader, emulator: RunningEmulator, numbers: str) -> None:
    method = "bigquerystorage.BigQueryRead.SplitReadStream"
    made = session(reader, numbers)
    assert emulator.request("POST", "/_emulator/faults", {"method": method, "code": 404})[0] == 200
    with pytest.raises(exceptions.NotFound, match="Injected"):
        reader.split_read_stream(request={"name": made.streams[0].name})
    assert reader.split_read_stream(request={"name": made.streams[0].name}).primary_stream.name


def test_rest_has_no_such_methods(emulator: RunningEmulator) -> None:
    code, answer = emulator.request("GET", "/google.cloud.bigquery.storage.v1.BigQueryRead/ReadRows")
    assert (code, answer["error"]["status"]) == (501, "UNIMPLEMENTED")


def query_on(emulator: RunningEmulator, sql: str) -> None:
    body = {"query": sql, "useLegacySql": False, "timeoutMs": 200_000}
    code, answer = emulator.request("POST", f"/bigquery/v2/projects/{emulator.project}/queries", body)
    assert (code, answer.get("errors")) == (200, None)


@pytest.fixture
def own(start_emulator: StartEmulator) -> RunningEmulator:
    """An emulator with the numbers from 0 to 99 in the table d.t."""
    emulator = start_emulator()
    path = f"/bigquery/v2/projects/{emulator.project}/datasets"
    assert emulator.request("POST", path, {"datasetReference": {"datasetId": "d"}})[0] == 200
    query_on(emulator, "CREATE TABLE d.t AS SELECT x FROM UNNEST(GENERATE_ARRAY(0, 99)) AS x")
    return emulator


def test_a_session_outlives_a_restart_and_ends_after_six_hours(own: RunningEmulator) -> None:
    table = f"projects/{own.project}/datasets/d/tables/t"
    with storage_api.channel(own) as channel:
        plain = session(storage_api.reader(channel), table)
        restricted = session(storage_api.reader(channel), table, row_restriction="x < 50")
    own.restart()
    query_on(own, "DELETE FROM d.t WHERE x < 90")
    with storage_api.channel(own) as channel:
        reader = storage_api.reader(channel)
        assert [len(rows_of(reader, made)) for made in (plain, restricted)] == [100, 50]
        later = restricted.expire_time.isoformat().replace("+00:00", "Z")
        assert own.request("POST", "/_emulator/clock", {"time": later, "stopped": True})[0] == 200
        with pytest.raises(exceptions.NotFound, match="six hours"):
            rows_of(reader, plain)


def test_reading_is_in_the_audit_log_where_data_access_is_logged(own: RunningEmulator) -> None:
    path = f"/v1/projects/{own.project}"
    policy = own.request("POST", f"{path}:getIamPolicy", {})[1]
    policy["auditConfigs"] = [{"service": "allServices", "auditLogConfigs": [{"logType": "DATA_READ"}]}]
    assert own.request("POST", f"{path}:setIamPolicy", {"policy": policy, "updateMask": MASK})[0] == 200
    with storage_api.channel(own) as channel:
        reader = storage_api.reader(channel)
        rows_of(reader, session(reader, f"projects/{own.project}/datasets/d/tables/t"))
    body = {"resourceNames": [f"projects/{own.project}"], "filter": 'protoPayload.methodName:"BigQueryRead"'}

    def audited() -> dict[str, Any]:
        entries = own.request("POST", "/v2/entries:list", body)[1].get("entries", [])
        return {entry["protoPayload"]["methodName"].rpartition(".")[2]: entry["protoPayload"] for entry in entries}

    found = eventually(audited, lambda known: len(known) >= 2)
    assert found.keys() == {"CreateReadSession", "ReadRows"}
    asked = {each["permission"] for each in found["CreateReadSession"]["authorizationInfo"]}
    assert asked == {"bigquery.readsessions.create", "bigquery.tables.getData"}
