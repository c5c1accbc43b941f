"""Results of queries in Arrow's form, by Google's own client: first rows in the answer, the rest as the job's stream.

What is expected is what Google's system tests of this client expect (python-bigquery: tests/system/test_arrow.py).
"""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from google.api_core import exceptions
from google.cloud import bigquery, bigquery_storage_v1
from google.cloud.bigquery import enums

from tests.support import storage_api
from tests.support.accounts import grant, make_account
from tests.support.emulator import RunningEmulator

Reader = bigquery_storage_v1.BigQueryReadClient
NUMBERS = "SELECT x, CAST(x AS STRING) AS s FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS x ORDER BY x"
EXPECTED = [{"x": x, "s": str(x)} for x in range(1, 1001)]


def ask(client: bigquery.Client, reader: Reader, sql: str, **options: Any) -> pa.Table:
    """The rows of a query that is asked for them in Arrow's form."""
    rows = client.query_and_wait(sql, query_results_format=enums.QueryResultsFormat.ARROW, **options)
    return pa.Table.from_batches(list(rows.to_arrow_iterable(bqstorage_client=reader)))


def raw(client: bigquery.Client, sql: str, **asked: Any) -> dict[str, Any]:
    """The answer of jobs.query as it comes."""
    body = {"query": sql, "useLegacySql": False, "queryResultsFormat": "ARROW", **asked}
    path = f"/projects/{client.project}/queries"
    answer: dict[str, Any] = client._connection.api_request(method="POST", path=path, data=body)
    return answer


def stream_of(answer: dict[str, Any]) -> str:
    job = answer["jobReference"]
    return f"projects/{job['projectId']}/locations/{job['location']}/jobs/{job['jobId']}/streams/_default"


@pytest.mark.parametrize("page", [None, 1, 100, 1000, 5000])
def test_rows_come_whole_whatever_the_first_page_has(
    bigquery_client: bigquery.Client, reader: Reader, page: int | None
) -> None:
    assert ask(bigquery_client, reader, NUMBERS, page_size=page).to_pylist() == EXPECTED


def test_a_first_page_has_a_batch_and_neither_rows_nor_their_schema(bigquery_client: bigquery.Client) -> None:
    answer = raw(bigquery_client, NUMBERS, maxResults=10)
    assert (answer["pageRowCount"], answer["totalRows"], "pageToken" in answer) == ("10", "1000", True)
    assert answer.keys() & {"rows", "schema"} == set()
    assert "pageToken" not in raw(bigquery_client, NUMBERS)


def test_a_job_that_is_inserted_is_read_from_its_stream(bigquery_client: bigquery.Client, reader: Reader) -> None:
    batch = bigquery.QueryJobConfig(priority=bigquery.QueryPriority.BATCH)  # jobs.query can't say so: it is jobs.insert
    assert ask(bigquery_client, reader, NUMBERS, job_config=batch).to_pylist() == EXPECTED


def test_the_last_statement_of_a_script_has_the_rows(bigquery_client: bigquery.Client, reader: Reader) -> None:
    script = f"DECLARE n INT64 DEFAULT 3; SELECT n; {NUMBERS}"
    assert ask(bigquery_client, reader, script, page_size=7).to_pylist() == EXPECTED


@pytest.mark.parametrize("priority", ["INTERACTIVE", "BATCH"])
def test_no_rows_have_a_schema(bigquery_client: bigquery.Client, reader: Reader, priority: str) -> None:
    config = bigquery.QueryJobConfig(priority=priority)
    found = ask(bigquery_client, reader, f"SELECT * FROM ({NUMBERS}) WHERE FALSE", job_config=config)
    assert (found.num_rows, found.schema.names) == (0, ["x", "s"])


def test_values_are_those_of_the_usual_form(bigquery_client: bigquery.Client, reader: Reader) -> None:
    sql = """SELECT b'\\x01' AS b, NUMERIC '1.5' AS n, CAST('-2.25' AS BIGNUMERIC) AS bn, DATE '2020-01-02' AS d,
        TIMESTAMP '2020-01-02 03:04:05.000006+00' AS ts, [STRUCT(1 AS a, 'two' AS b)] AS l, CAST(NULL AS BOOL) AS o"""
    usual = [dict(row) for row in bigquery_client.query_and_wait(sql)]
    assert ask(bigquery_client, reader, sql).to_pylist() == usual
    assert ask(bigquery_client, reader, f"{sql} FROM UNNEST([1, 2])", page_size=1).to_pylist() == usual * 2


def test_a_stream_of_a_job_goes_on_from_an_offset(bigquery_client: bigquery.Client, reader: Reader) -> None:
    stream = stream_of(raw(bigquery_client, NUMBERS, maxResults=10))
    for offset in (0, 990, 1000):
        rows = reader.read_rows(stream, offset=offset)
        assert sum(response.row_count for response in rows) == 1000 - offset
    with pytest.raises(exceptions.OutOfRange):
        list(reader.read_rows(stream, offset=1001))


def test_a_job_without_rows_has_a_stream_of_none(
    bigquery_client: bigquery.Client, reader: Reader, dataset: str, unique: Callable[[str], str]
) -> None:
    answer = raw(bigquery_client, f"CREATE TABLE {dataset}.{unique('t').replace('-', '_')} AS SELECT 1 AS x")
    assert answer.keys() & {"arrowSchema", "arrowRecordBatch", "pageToken"} == set()
    assert list(reader.read_rows(stream_of(answer))) == []


def test_a_job_with_a_table_of_its_own_has_no_stream(
    bigquery_client: bigquery.Client, reader: Reader, dataset: str, emulator: RunningEmulator
) -> None:
    table = f"{emulator.project}.{dataset}.destination"
    config = bigquery.QueryJobConfig(destination=table, write_disposition="WRITE_TRUNCATE")
    job = bigquery_client.query(NUMBERS, job_config=config)
    job.result()
    stream = f"projects/{job.project}/locations/{job.location}/jobs/{job.job_id}/streams/_default"
    with pytest.raises(exceptions.InvalidArgument, match="does not support explicitly-specified destination tables"):
        list(reader.read_rows(stream))
    assert ask(bigquery_client, reader, NUMBERS, job_config=config).to_pylist() == EXPECTED


def test_others_do_not_read_a_job(bigquery_client: bigquery.Client, reader: Reader, emulator: RunningEmulator) -> None:
    stream = stream_of(raw(bigquery_client, NUMBERS))
    assert list(reader.read_rows(stream))  # it is known from now on
    account = make_account(emulator, "reads-jobs")
    grant(emulator, f"projects/{emulator.project}", account.member, "roles/bigquery.admin")
    with storage_api.channel(emulator, account.token) as channel, pytest.raises(exceptions.PermissionDenied):
        list(storage_api.reader(channel).read_rows(stream))
    with pytest.raises(exceptions.NotFound):
        list(reader.read_rows(stream.replace("/jobs/", "/jobs/not-")))


def test_an_unknown_form_is_refused(bigquery_client: bigquery.Client) -> None:
    with pytest.raises(exceptions.BadRequest, match="queryResultsFormat"):
        raw(bigquery_client, "SELECT 1", queryResultsFormat="AVRO")
