"""Fixtures of the BigQuery tests."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from google.cloud import bigquery


@pytest.fixture
def dataset(bigquery_client: "bigquery.Client", unique: Callable[[str], str]) -> "Iterator[bigquery.Dataset]":
    """A dataset for one test."""
    name = unique("dataset").replace("-", "_")
    created = bigquery_client.create_dataset(name)
    yield created
    bigquery_client.delete_dataset(created, delete_contents=True, not_found_ok=True)
