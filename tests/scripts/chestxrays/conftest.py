"""Fixtures of the label table's tests: a connection to the shared emulator, in a BigQuery dataset of its own."""

from __future__ import annotations

import dataclasses
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.connection import Connection, resolve_endpoints
from tests.scripts.conftest import Live


@pytest.fixture
def stack(live: Live, tmp_path: Path) -> Live:
    """The shared environment, with a BigQuery dataset of its own that the healthcare agent may write."""
    from google.cloud import bigquery

    dataset = f"labels_{secrets.token_hex(4)}"
    outputs = dataclasses.replace(live.outputs, bigquery_dataset=dataset, labels={"environment": "local"})
    path = tmp_path / "stack.json"
    path.write_text(outputs.to_json())
    with Connection(outputs, resolve_endpoints(outputs, os.environ)) as target:
        made = bigquery.Dataset(f"{outputs.project}.{dataset}")
        made.location = outputs.bigquery_location
        made = target.bigquery.create_dataset(made)
        agent = bigquery.AccessEntry("WRITER", "userByEmail", outputs.healthcare_agent_email)
        made.access_entries = [*made.access_entries, agent]
        target.bigquery.update_dataset(made, ["access_entries"])
    return dataclasses.replace(live, outputs=outputs, path=path)


@pytest.fixture
def target(stack: Live) -> Iterator[Connection]:
    """A connection to that environment."""
    with Connection(stack.outputs, resolve_endpoints(stack.outputs, os.environ)) as connection:
        yield connection
