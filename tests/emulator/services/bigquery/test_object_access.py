"""Conditions see the object, not the bucket, whoever acts on it for whom (IAM: resource attributes for conditions)."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.emulator.services.healthcare.transfers import make_bucket, upload
from tests.support.accounts import Account, grant, make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

Names = Callable[[str], str]


def objects(bucket: str, prefix: str) -> str:
    return f'resource.name.startsWith("projects/_/buckets/{bucket}/objects/{prefix}")'


@pytest.fixture
def bucket(emulator: RunningEmulator, unique: Names) -> str:
    """A bucket with CSV files o1 and o2."""
    name = make_bucket(emulator, unique("conditions"))
    for each in ("o1.csv", "o2.csv"):
        upload(emulator, name, each, b"1\n2\n")
    return name


@pytest.fixture
def caller(emulator: RunningEmulator, unique: Names) -> Account:
    """Somebody who may run jobs and write tables."""
    account = make_account(emulator, unique("caller"))
    for role in ("roles/bigquery.jobUser", "roles/bigquery.dataEditor"):
        grant(emulator, f"projects/{emulator.project}", account.member, role)
    return account


@pytest.fixture
def dataset(emulator: RunningEmulator, unique: Names) -> str:
    name = unique("conditions").replace("-", "_")
    body = {"datasetReference": {"datasetId": name}}
    code, answer = emulator.request("POST", f"/bigquery/v2/projects/{emulator.project}/datasets", body)
    assert code == 200, answer
    return name


def job(emulator: RunningEmulator, caller: Account, configuration: dict[str, Any]) -> str:
    """Run a job as the caller; gives the reason of its error, "" for none."""
    path = f"/bigquery/v2/projects/{emulator.project}/jobs"
    code, made = emulator.request("POST", path, {"configuration": configuration}, caller.token)
    if code != 200:
        return str(made["error"]["errors"][0]["reason"])
    while made["status"]["state"] != "DONE":
        time.sleep(0.02)
        made = emulator.request("GET", f"{path}/{made['jobReference']['jobId']}", token=caller.token)[1]
    return str(made["status"].get("errorResult", {}).get("reason", ""))


def load(emulator: RunningEmulator, caller: Account, dataset: str, *uris: str) -> str:
    table = {"projectId": emulator.project, "datasetId": dataset, "tableId": "t"}
    schema = {"fields": [{"name": "n", "type": "INTEGER"}]}
    return job(emulator, caller, {"load": {"sourceUris": uris, "destinationTable": table, "schema": schema}})


def extract(emulator: RunningEmulator, caller: Account, dataset: str, uri: str) -> str:
    table = {"projectId": emulator.project, "datasetId": dataset, "tableId": "t"}
    return job(emulator, caller, {"extract": {"destinationUris": [uri], "sourceTable": table}})


def test_a_load_job_reads_what_its_caller_may(
    emulator: RunningEmulator, bucket: str, caller: Account, dataset: str
) -> None:
    grant(
        emulator,
        f"buckets/{bucket}",
        caller.member,
        "roles/storage.objectViewer",
        f'resource.type != "storage.googleapis.com/Object" || !{objects(bucket, "o1")}',
    )
    headers = {"authorization": f"Bearer {caller.token}"}
    url = f"{emulator.base_url}/storage/v1/b/{bucket}/o"
    assert requests.get(f"{url}/o1.csv?alt=media", headers=headers, timeout=PATIENCE).status_code == 403
    assert requests.get(f"{url}/o2.csv?alt=media", headers=headers, timeout=PATIENCE).status_code == 200
    assert load(emulator, caller, dataset, f"gs://{bucket}/o2.csv") == ""
    assert load(emulator, caller, dataset, f"gs://{bucket}/o1.csv") == "accessDenied"
    assert load(emulator, caller, dataset, f"gs://{bucket}/o*.csv") == "accessDenied"
    assert load(emulator, caller, dataset, f"gs://{bucket}/o2*.csv") == ""


def test_a_load_job_reads_what_only_a_condition_allows(
    emulator: RunningEmulator, bucket: str, caller: Account, dataset: str
) -> None:
    """Without the permission to list, which is of the bucket, no wildcard."""
    condition = objects(bucket, "o1")
    grant(emulator, f"buckets/{bucket}", caller.member, "roles/storage.objectViewer", condition)
    assert load(emulator, caller, dataset, f"gs://{bucket}/o1.csv") == ""
    assert load(emulator, caller, dataset, f"gs://{bucket}/o2.csv") == "accessDenied"
    assert load(emulator, caller, dataset, f"gs://{bucket}/o1*") == "accessDenied"


def test_an_extract_writes_where_its_caller_may(
    emulator: RunningEmulator, bucket: str, caller: Account, dataset: str
) -> None:
    """To write over an object needs the permission to delete it (Cloud Storage: objects.insert)."""
    upload(emulator, bucket, "in.csv", b"1\n")
    grant(emulator, f"buckets/{bucket}", caller.member, "roles/storage.objectViewer", objects(bucket, "in"))
    assert load(emulator, caller, dataset, f"gs://{bucket}/in.csv") == ""
    grant(emulator, f"buckets/{bucket}", caller.member, "roles/storage.objectCreator", objects(bucket, "out/"))
    assert extract(emulator, caller, dataset, f"gs://{bucket}/out/1.csv") == ""
    assert extract(emulator, caller, dataset, f"gs://{bucket}/else/1.csv") == "accessDenied"
    assert extract(emulator, caller, dataset, f"gs://{bucket}/out/1.csv") == "accessDenied"
    assert extract(emulator, caller, dataset, f"gs://{bucket}/out/*.csv") == ""
    assert extract(emulator, caller, dataset, f"gs://{bucket}/out/*.csv") == "accessDenied"
    grant(emulator, f"buckets/{bucket}", caller.member, "roles/storage.objectAdmin", objects(bucket, "out/1"))
    assert extract(emulator, caller, dataset, f"gs://{bucket}/out/1.csv") == ""


def test_moving_needs_move_or_delete_and_get(emulator: RunningEmulator, bucket: str, unique: Names) -> None:
    """Cloud Storage: JSON API, objects.move, "Required permissions"."""

    def move(name: str, to: str, token: str | None) -> int:
        path = f"/storage/v1/b/{bucket}/o/{name}/moveTo/o/{to}"
        return emulator.request("POST", path, {}, token)[0]

    assert move("o1.csv", "o3.csv", None) == 200  # the owner, whose legacy roles have no storage.objects.move
    account = make_account(emulator, unique("mover"))
    assert move("o3.csv", "o4.csv", account.token) == 403
    grant(emulator, f"buckets/{bucket}", account.member, "roles/storage.objectUser")
    assert move("o3.csv", "o4.csv", account.token) == 200
