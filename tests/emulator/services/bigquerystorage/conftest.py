"""Fixtures of the tests of the Storage APIs: clients on the shared emulator, and a table for each test."""

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.cloud import bigquery, bigquery_storage_v1

from tests.support import storage_api
from tests.support.emulator import RunningEmulator

MakeTable = Callable[[str], str]
Query = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def channel(emulator: RunningEmulator) -> Iterator[grpc.Channel]:
    with storage_api.channel(emulator) as made:
        yield made


@pytest.fixture(scope="session")
def reader(channel: grpc.Channel) -> bigquery_storage_v1.BigQueryReadClient:
    return storage_api.reader(channel)


@pytest.fixture(scope="session")
def writer(channel: grpc.Channel) -> bigquery_storage_v1.BigQueryWriteClient:
    return storage_api.writing(channel)


@pytest.fixture(scope="module")
def dataset(bigquery_client: bigquery.Client, unique: Callable[[str], str]) -> Iterator[str]:
    """The name of a dataset."""
    made = bigquery_client.create_dataset(unique("storage").replace("-", "_"))
    yield made.dataset_id
    bigquery_client.delete_dataset(made, delete_contents=True, not_found_ok=True)


@pytest.fixture
def query(bigquery_client: bigquery.Client) -> Query:
    """Runs a query and gives its rows."""
    return lambda sql: [dict(row) for row in bigquery_client.query(sql).result()]


@pytest.fixture
def make_table(query: Query, dataset: str, emulator: RunningEmulator, unique: Callable[[str], str]) -> MakeTable:
    """Makes a table of `(columns)` or `AS SELECT ...`; gives its resource name."""

    def make(definition: str) -> str:
        table = unique("t").replace("-", "_")
        query(f"CREATE TABLE {dataset}.{table} {definition}")
        return f"projects/{emulator.project}/datasets/{dataset}/tables/{table}"

    return make


@pytest.fixture
def stored(query: Query) -> Callable[[str], list[dict[str, Any]]]:
    """The rows of a table by its resource name, in the order of its first column."""

    def read(name: str) -> list[dict[str, Any]]:
        _, project, _, dataset, _, table = name.split("/")
        return query(f"SELECT * FROM `{project}.{dataset}.{table}` ORDER BY 1")

    return read
