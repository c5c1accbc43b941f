"""How files of load jobs are written: forms of dates and times, time zones, headers that name columns, odd bytes.

https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationLoad and
https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-csv#encoding
"""

import datetime as dt
import io
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery


def load(
    client: bigquery.Client, dataset: bigquery.Dataset, data: bytes, columns: str, **options: Any
) -> list[tuple[Any, ...]]:
    """The rows of a file; columns are names with types, options those of the REST API."""
    fields = [dict(zip(("name", "type"), column.split(":"), strict=True)) for column in columns.split()]
    load_options = {
        "sourceFormat": "CSV",
        "schema": {"fields": fields},
        "writeDisposition": "WRITE_TRUNCATE",
        **options,
    }
    config = bigquery.LoadJobConfig()
    config._properties["load"].update(load_options)
    client.load_table_from_file(io.BytesIO(data), dataset.table("t"), job_config=config).result()
    return [tuple(row.values()) for row in client.list_rows(client.get_table(dataset.table("t")))]


def test_dates_and_times_in_forms_of_their_own(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    found = load(
        bigquery_client,
        dataset,
        b"31/12/2020,03:15 PM,12/31/2020 01:02:03,2020-01-01 10:00 +05:30\n",
        "d:DATE t:TIME m:DATETIME s:TIMESTAMP",
        dateFormat="DD/MM/YYYY",
        timeFormat="HH12:MI AM",
        datetimeFormat="MM/DD/YYYY HH24:MI:SS",
        timestampFormat="YYYY-MM-DD HH24:MI TZH:TZM",
    )
    moment = dt.datetime(2020, 1, 1, 4, 30, tzinfo=dt.UTC)
    assert found == [(dt.date(2020, 12, 31), dt.time(15, 15), dt.datetime.fromisoformat("2020-12-31T01:02:03"), moment)]


def test_the_forms_count_in_json_too_inside_of_records(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    child = {"name": "days", "type": "DATE", "mode": "REPEATED"}
    found = load(
        bigquery_client,
        dataset,
        b'{"r": {"days": ["31.12.2020", "01.01.2021"]}}\n',
        "",
        sourceFormat="NEWLINE_DELIMITED_JSON",
        schema={"fields": [{"name": "r", "type": "RECORD", "fields": [child]}]},
        dateFormat="DD.MM.YYYY",
    )
    assert found == [({"days": [dt.date(2020, 12, 31), dt.date(2021, 1, 1)]},)]


@pytest.mark.parametrize(
    ("options", "text"),
    [({}, b"2020-07-01 10:00:00"), ({"timestampFormat": "DD.MM.YYYY HH24:MI"}, b"01.07.2020 10:00")],
)
def test_a_time_zone_is_that_of_timestamps_that_name_none(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, options: dict[str, str], text: bytes
) -> None:
    found = load(bigquery_client, dataset, text + b"\n", "s:TIMESTAMP", timeZone="America/New_York", **options)
    assert found == [(dt.datetime(2020, 7, 1, 14, tzinfo=dt.UTC),)]


def test_a_timestamp_that_names_its_zone_keeps_it(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    found = load(bigquery_client, dataset, b"2020-07-01 10:00:00+00\n", "s:TIMESTAMP", timeZone="Asia/Tokyo")
    assert found == [(dt.datetime(2020, 7, 1, 10, tzinfo=dt.UTC),)]


def test_zones_are_named_too(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    found = load(bigquery_client, dataset, b"2020-07-01 10:00:00 America/New_York\n", "s:TIMESTAMP")
    assert found == [(dt.datetime(2020, 7, 1, 14, tzinfo=dt.UTC),)]
    with pytest.raises(exceptions.BadRequest, match="Cannot convert value to timestamp"):
        load(bigquery_client, dataset, b"2020-07-01 10:00:00 Mars/Olympus\n", "s:TIMESTAMP")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("timeZone", "Mars/Olympus", "Invalid time zone: Mars/Olympus"),
        ("dateFormat", "QQ", "Invalid dateFormat"),
        ("dateFormat", "YYYY-MM-DD HH24", "DATE does not support the format element HH24"),
        ("sourceColumnMatch", "COLOUR", "it is NAME or POSITION"),
    ],
)
def test_what_is_no_form_is_refused(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset, option: str, value: str, message: str
) -> None:
    with pytest.raises(exceptions.BadRequest, match=message):
        load(bigquery_client, dataset, b"2020-07-01\n", "d:DATE", **{option: value})


def test_a_value_in_another_form_is_a_bad_row(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    data = b"2020-07-01\n01.07.2020\n"
    with pytest.raises(exceptions.BadRequest, match="Failed to parse input string"):
        load(bigquery_client, dataset, data, "d:DATE", dateFormat="DD.MM.YYYY")
    found = load(bigquery_client, dataset, data, "d:DATE", dateFormat="DD.MM.YYYY", maxBadRecords=1)
    assert found == [(dt.date(2020, 7, 1),)]


def test_columns_are_matched_by_the_names_of_a_header(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    found = load(bigquery_client, dataset, b"B,a\n1,2\n", "a:STRING b:STRING c:STRING", sourceColumnMatch="NAME")
    assert found == [("2", "1", None)]
    assert load(bigquery_client, dataset, b"b,a\n1,2\n", "a:STRING b:STRING") == [("b", "a"), ("1", "2")]


def test_a_header_that_names_other_columns(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    with pytest.raises(exceptions.BadRequest, match="Column 1 of the header is not in the schema"):
        load(bigquery_client, dataset, b"z,a\n1,2\n", "a:STRING", sourceColumnMatch="NAME")
    found = load(
        bigquery_client, dataset, b"z,a\n1,2\n", "a:STRING", sourceColumnMatch="NAME", ignoreUnknownValues=True
    )
    assert found == [("2",)]


def test_bytes_that_are_no_utf_8_become_replacement_characters(
    bigquery_client: bigquery.Client, dataset: bigquery.Dataset
) -> None:
    assert load(bigquery_client, dataset, b"caf\xe9\n", "a:STRING") == [("caf\ufffd",)]


def test_zeros_are_refused_unless_they_are_to_stay(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    with pytest.raises(exceptions.BadRequest, match=r"Bad character \(ASCII 0\)"):
        load(bigquery_client, dataset, b"a\x00b\n", "a:STRING")
    found = load(bigquery_client, dataset, b"a\x00b\n", "a:STRING", preserveAsciiControlCharacters=True)
    assert found == [("a\x00b",)]
