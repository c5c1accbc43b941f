"""BigQuery and Cloud Storage subscriptions: whoever writes must be allowed to, or the subscription is refused.

Pub/Sub: "BigQuery subscriptions" and "Cloud Storage subscriptions", "Service account permissions".
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.support.accounts import grant
from tests.support.emulator import RunningEmulator

Names = Callable[[str], str]


@pytest.fixture
def subscribe(emulator: RunningEmulator, unique: Names) -> Callable[..., tuple[int, Any]]:
    """Makes a subscription with some settings, on a topic of its own."""

    def create(**settings: Any) -> tuple[int, Any]:
        topic, name = f"projects/{PROJECT}/topics/{unique('topic')}", unique("subscription")
        assert emulator.request("PUT", f"/v1/{topic}", {})[0] == 200
        return emulator.request("PUT", f"/v1/projects/{PROJECT}/subscriptions/{name}", {"topic": topic, **settings})

    return create


@pytest.fixture
def agent(emulator: RunningEmulator) -> str:
    """Pub/Sub's own account of the project."""
    number = emulator.request("GET", f"/v1/projects/{PROJECT}")[1]["projectNumber"]
    return f"serviceAccount:service-{number}@gcp-sa-pubsub.iam.gserviceaccount.com"


def test_a_table(emulator: RunningEmulator, unique: Names, subscribe: Callable[..., Any], agent: str) -> None:
    dataset = unique("events").replace("-", "_")
    root = f"/bigquery/v2/projects/{PROJECT}/datasets"
    emulator.request("POST", root, {"datasetReference": {"datasetId": dataset}})
    emulator.request("POST", f"{root}/{dataset}/tables", {"tableReference": {"tableId": "t"}})
    config = {"table": f"{PROJECT}.{dataset}.t"}
    code, answer = subscribe(bigqueryConfig=config)
    assert (code, answer["error"]["message"]) == (403, "The caller does not have permission")
    entries = emulator.request("GET", f"{root}/{dataset}")[1]["access"]
    entry = {"role": "WRITER", "userByEmail": agent.partition(":")[2]}
    assert emulator.request("PATCH", f"{root}/{dataset}", {"access": [*entries, entry]})[0] == 200
    assert subscribe(bigqueryConfig=config)[0] == 200
    assert subscribe(bigqueryConfig={"table": f"{PROJECT}.{dataset}.none"})[0] == 404
    assert subscribe(bigqueryConfig={"table": "t"})[0] == 400


def test_a_bucket(emulator: RunningEmulator, unique: Names, subscribe: Callable[..., Any], agent: str) -> None:
    bucket = unique("events")
    assert emulator.request("POST", f"/storage/v1/b?project={PROJECT}", {"name": bucket})[0] == 200
    assert subscribe(cloudStorageConfig={"bucket": bucket})[0] == 403
    for role in ("roles/storage.objectCreator", "roles/storage.legacyBucketReader"):
        grant(emulator, f"buckets/{bucket}", agent, role)
    assert subscribe(cloudStorageConfig={"bucket": bucket})[0] == 200
    assert subscribe(cloudStorageConfig={"bucket": unique("none")})[0] == 404
