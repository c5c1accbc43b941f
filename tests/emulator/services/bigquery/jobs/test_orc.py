"""Files of ORC: loads with the types that Google's page names, and what is said of files that are none.

https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-orc#orc_conversions
"""

import datetime as dt
import io
from decimal import Decimal

import pyarrow as pa
import pytest
from google.api_core import exceptions
from google.cloud import bigquery
from pyarrow import orc as written

from emulator.errors import ApiError
from emulator.services.bigquery.jobs import orc

UTC = dt.UTC
MOMENT = dt.datetime(2020, 2, 29, 13, 14, 15, 123456, tzinfo=UTC)
# Each column: its type in the file and a value, the type in BigQuery and the value there.
COLUMNS = {
    "truth": (pa.bool_(), True, "BOOLEAN", True),
    "tiny": (pa.int8(), -1, "INTEGER", -1),
    "whole": (pa.int32(), 7, "INTEGER", 7),
    "half": (pa.float32(), 0.5, "FLOAT", 0.5),
    "text": (pa.string(), "ä", "STRING", "ä"),
    "bytes": (pa.binary(), b"\x00", "BYTES", b"\x00"),
    "day": (pa.date32(), MOMENT.date(), "DATE", MOMENT.date()),
    "moment": (pa.timestamp("ns"), MOMENT.replace(tzinfo=None), "TIMESTAMP", MOMENT),
    "instant": (pa.timestamp("ns", "UTC"), MOMENT, "TIMESTAMP", MOMENT),
    "money": (pa.decimal128(20, 3), Decimal("1.5"), "NUMERIC", Decimal("1.5")),
    "long": (pa.decimal128(38, 18), Decimal("1.5"), "STRING", "1.500000000000000000"),
    "list": (pa.list_(pa.int32()), [1, 2], "INTEGER", [1, 2]),
    "record": (pa.struct({"x": pa.int16(), "y": pa.list_(pa.string())}), {"x": 1, "y": ["z"]}, "RECORD", None),
    "map": (pa.map_(pa.string(), pa.int32()), [("k", 1)], "RECORD", [{"key": "k", "value": 1}]),
}


def file_of(table: pa.Table) -> io.BytesIO:
    file = io.BytesIO()
    written.write_table(table, file, stripe_size=1024)
    return io.BytesIO(file.getvalue())


def load(client: bigquery.Client, file: io.BytesIO, table: bigquery.TableReference) -> bigquery.LoadJob:
    return client.load_table_from_file(file, table, job_config=bigquery.LoadJobConfig(source_format="ORC"))


def test_each_type_becomes_what_is_documented(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    columns = {name: pa.array([value, None], kind) for name, (kind, value, *_) in COLUMNS.items()}
    job = load(bigquery_client, file_of(pa.table(columns)), dataset.table("t"))
    job.result()
    assert job.output_rows == 2
    table = bigquery_client.get_table(dataset.table("t"))
    assert {f.name: f.field_type for f in table.schema} == {name: kind for name, (_, _, kind, _) in COLUMNS.items()}
    assert {f.name for f in table.schema if f.mode == "REPEATED"} == {"list", "map"}
    found = next(iter(bigquery_client.list_rows(table)))
    expected = {name: value if there is None else there for name, (_, value, _, there) in COLUMNS.items()}
    assert dict(found.items()) == expected


def test_all_rows_of_many_stripes_come(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    numbers = pa.table({"x": range(50_000)})
    load(bigquery_client, file_of(numbers), dataset.table("t")).result()
    name = f"{dataset.dataset_id}.t"
    found = bigquery_client.query_and_wait(f"SELECT COUNT(DISTINCT x) AS n, SUM(x) AS s FROM {name}")
    assert [tuple(row.values()) for row in found] == [(50_000, sum(range(50_000)))]


def test_what_is_no_orc_is_said_to_be_none(bigquery_client: bigquery.Client, dataset: bigquery.Dataset) -> None:
    for data in (b"id,name\n1,Ann\n", b"ORC" + b"x" * 40 + b"ORC"):
        with pytest.raises(exceptions.BadRequest, match="The file is no ORC file that can be read"):
            load(bigquery_client, io.BytesIO(data), dataset.table("t")).result()


def test_where_nothing_reads_orc_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orc, "PACKAGE", "no_such_package")
    with pytest.raises(ApiError, match=r"pip install 'healthcare-cloud-poc\[orc\]'") as problem:
        orc.check_installed()
    assert problem.value.code == 501
