"""Streaming inserts and reading rows, driven by google-cloud-bigquery."""

import datetime as dt
import decimal
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.support.emulator import RunningEmulator

EVERY_TYPE = [
    bigquery.SchemaField("i", "INTEGER"),
    bigquery.SchemaField("s", "STRING"),
    bigquery.SchemaField("by", "BYTES"),
    bigquery.SchemaField("f", "FLOAT"),
    bigquery.SchemaField("n", "NUMERIC"),
    bigquery.SchemaField("bn", "BIGNUMERIC"),
    bigquery.SchemaField("bo", "BOOLEAN"),
    bigquery.SchemaField("ts", "TIMESTAMP"),
    bigquery.SchemaField("d", "DATE"),
    bigquery.SchemaField("t", "TIME"),
    bigquery.SchemaField("dt", "DATETIME"),
    bigquery.SchemaField("j", "JSON"),
    bigquery.SchemaField(
        "r",
        "RECORD",
        mode="REPEATED",
        fields=[
            bigquery.SchemaField("k", "STRING"),
            bigquery.SchemaField("at", "TIMESTAMP"),
            bigquery.SchemaField("raw", "BYTES", mode="REPEATED"),
            bigquery.SchemaField("deep", "RECORD", fields=[bigquery.SchemaField("n", "NUMERIC")]),
        ],
    ),
]
FULL: dict[str, Any] = {
    "i": 9007199254740993,
    "s": "Grüße",
    "by": "AAH/",
    "f": 0.1,
    "n": "12345678901234567890.123456789",
    "bn": "1.000000000000000001",
    "bo": True,
    "ts": "2020-02-29T23:59:59.999999Z",
    "d": "2020-02-29",
    "t": "23:59:59.5",
    "dt": "2020-02-29T12:00:00",
    "j": {"a": [1, {"b": None}]},
    "r": [
        {"k": "x", "at": "1969-12-31 23:59:59 UTC", "raw": ["AA=="], "deep": {"n": "-1.5"}},
        {"k": None},
    ],
}


def make(client: bigquery.Client, dataset: bigquery.Dataset, schema: list[bigquery.SchemaField]) -> bigquery.Table:
    return client.create_table(bigquery.Table(dataset.table("t"), schema))


def test_every_type_survives_the_round_trip(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    table = make(bigquery_client, dataset, EVERY_TYPE)
    assert bigquery_client.insert_rows_json(table, [FULL, {}]) == []
    full, empty = bigquery_client.list_rows(table)
    assert dict(full.items()) == {
        "i": 9007199254740993,
        "s": "Grüße",
        "by": b"\x00\x01\xff",
        "f": 0.1,
        "n": decimal.Decimal("12345678901234567890.123456789"),
        "bn": decimal.Decimal("1.000000000000000001"),
        "bo": True,
        "ts": dt.datetime(2020, 2, 29, 23, 59, 59, 999999, dt.UTC),
        "d": dt.date(2020, 2, 29),
        "t": dt.time(23, 59, 59, 500000),
        "dt": dt.datetime.fromisoformat("2020-02-29T12:00:00"),
        "j": {"a": [1, {"b": None}]},
        "r": [
            {
                "k": "x",
                "at": dt.datetime(1969, 12, 31, 23, 59, 59, tzinfo=dt.UTC),
                "raw": [b"\x00"],
                "deep": {"n": decimal.Decimal("-1.5")},
            },
            {"k": None, "at": None, "raw": [], "deep": None},
        ],
    }
    assert empty.r == []
    assert {value for key, value in empty.items() if key != "r"} == {None}


@pytest.mark.parametrize(
    ("given", "expected"), [("NaN", "nan"), ("Infinity", "inf"), ("-inf", "-inf"), ("1e400", "inf"), (3, "3.0")]
)
def test_floats_that_json_has_no_number_for(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, given: object, expected: str
) -> None:
    table = make(bigquery_client, dataset, [bigquery.SchemaField("f", "FLOAT")])
    assert bigquery_client.insert_rows_json(table, [{"f": given}]) == []
    assert [str(row.f) for row in bigquery_client.list_rows(table)] == [expected]


@pytest.mark.parametrize(
    ("row", "location", "message"),
    [
        ({"id": "abc"}, "id", "Cannot convert value to integer"),
        ({"id": 2**63}, "id", "Cannot convert value to integer"),
        ({"nope": 1}, "nope", "no such field: nope."),
        ({}, "id", "Missing required field: id."),
        ({"id": 1, "day": "2020-02-30"}, "day", "Cannot convert value to date"),
        ({"id": 1, "who": "Ann"}, "who", "record"),
        ({"id": 1, "who": {"tags": "x"}}, "who.tags", "Array expected"),
        ({"id": 1, "who": {"tags": [None]}}, "who.tags", "NULL"),
    ],
)
def test_a_bad_row_is_named_and_stops_the_others(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, row: dict[str, Any], location: str, message: str
) -> None:
    schema = [
        bigquery.SchemaField("id", "INTEGER", mode="REQUIRED"),
        bigquery.SchemaField("day", "DATE"),
        bigquery.SchemaField("who", "RECORD", fields=[bigquery.SchemaField("tags", "STRING", mode="REPEATED")]),
    ]
    table = make(bigquery_client, dataset, schema)
    problems = bigquery_client.insert_rows_json(table, [{"id": 1}, row])
    stopped, bad = problems
    assert (stopped["index"], stopped["errors"][0]["reason"]) == (0, "stopped")
    assert (bad["index"], bad["errors"][0]["reason"], bad["errors"][0]["location"]) == (1, "invalid", location)
    assert message in bad["errors"][0]["message"]
    assert list(bigquery_client.list_rows(table)) == []


def test_skip_invalid_rows_and_ignore_unknown_values(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    table = make(bigquery_client, dataset, [bigquery.SchemaField("id", "INTEGER")])
    rows: list[dict[str, Any]] = [{"id": 1, "more": 2}, {"id": "x"}, {"id": 3}]
    problems = bigquery_client.insert_rows_json(table, rows, skip_invalid_rows=True, ignore_unknown_values=True)
    assert [problem["index"] for problem in problems] == [1]
    assert sorted(row.id for row in bigquery_client.list_rows(table)) == [1, 3]


def test_rows_with_a_known_insert_id_are_stored_once(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    table = make(bigquery_client, dataset, [bigquery.SchemaField("id", "INTEGER")])
    for _ in range(2):
        assert not bigquery_client.insert_rows_json(table, [{"id": 1}, {"id": 2}], row_ids=["a", "b"])
    assert not bigquery_client.insert_rows_json(table, [{"id": 3}, {"id": 3}], row_ids=["c", "c"])
    assert not bigquery_client.insert_rows_json(table, [{"id": 4}, {"id": 4}], row_ids=[None, None])
    assert sorted(row.id for row in bigquery_client.list_rows(table)) == [1, 2, 3, 4, 4]


def test_rows_come_in_pages_and_columns_can_be_chosen(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    table = make(bigquery_client, dataset, [bigquery.SchemaField("id", "INTEGER"), bigquery.SchemaField("s", "STRING")])
    bigquery_client.insert_rows_json(table, [{"id": n, "s": str(n)} for n in range(25)])
    rows = bigquery_client.list_rows(table, selected_fields=[bigquery.SchemaField("s", "STRING")], page_size=10)
    pages = [[row.s for row in page] for page in rows.pages]
    assert pages == [[str(n) for n in range(10)], [str(n) for n in range(10, 20)], [str(n) for n in range(20, 25)]]
    assert rows.total_rows == 25
    assert [row.id for row in bigquery_client.list_rows(table, start_index=23)] == [23, 24]
    assert bigquery_client.get_table(table).num_rows == 25


def test_timestamps_as_the_caller_asks(
    emulator: RunningEmulator, bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    table = make(bigquery_client, dataset, [bigquery.SchemaField("ts", "TIMESTAMP")])
    bigquery_client.insert_rows_json(table, [{"ts": "2020-01-01T00:00:00.5Z"}])
    path = f"/bigquery/v2{table.path}/data"

    def shown(query: str) -> Any:
        return emulator.request("GET", path + query)[1]["rows"][0]["f"][0]["v"]

    assert float(shown("")) == 1577836800.5
    assert shown("?formatOptions.useInt64Timestamp=true") == "1577836800500000"
    assert shown("?formatOptions.timestampOutputFormat=ISO8601_STRING") == "2020-01-01T00:00:00.500000Z"


def test_a_template_makes_its_table(
    emulator: RunningEmulator, bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    table = make(bigquery_client, dataset, [bigquery.SchemaField("id", "INTEGER")])
    body = {"templateSuffix": "_2020", "rows": [{"json": {"id": 1}}]}
    assert emulator.request("POST", f"/bigquery/v2{table.path}/insertAll", body)[0] == 200
    assert [
        row.id for row in bigquery_client.list_rows(f"{dataset.dataset_id}.t_2020", selected_fields=table.schema)
    ] == [1]


def test_rows_of_a_view_are_queried_not_listed(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    view = bigquery.Table(dataset.table("v"))
    view.view_query = "SELECT 1 AS x"
    created = bigquery_client.create_table(view)
    with pytest.raises(exceptions.BadRequest, match="VIEW"):
        list(bigquery_client.list_rows(created))
    with pytest.raises(exceptions.BadRequest, match="VIEW"):
        bigquery_client.insert_rows_json(created, [{"x": 1}])
