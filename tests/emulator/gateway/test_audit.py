"""Audit entries: administrative calls always, data access as the project's audit configuration says."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.conftest import StartEmulator
from tests.emulator.conftest import InProcess
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE, eventually

Names = Callable[[str], str]


def call(running: RunningEmulator, method: str, path: str, body: Any = None) -> httpx.Response:
    headers = {"authorization": f"Bearer {running.owner_token}"}
    return httpx.request(method, running.base_url + path, json=body, headers=headers, timeout=PATIENCE)


def entries(running: RunningEmulator, log: str, method: str, number: int) -> list[dict[str, Any]]:
    """The entries about `method`, once there are `number`: they are written after the answer."""
    name = f"projects/{running.project}/logs/cloudaudit.googleapis.com%2F{log}"
    body = {"resourceNames": [f"projects/{running.project}"], "filter": f'logName="{name}"'}

    def found() -> list[dict[str, Any]]:
        answer = call(running, "POST", "/v2/entries:list", body).json().get("entries", [])
        return [entry["protoPayload"] for entry in answer if entry["protoPayload"]["methodName"] == method]

    return eventually(found, lambda entries: len(entries) >= number)


def test_who_did_what_and_who_was_refused(start_emulator: StartEmulator) -> None:
    running = start_emulator()
    topic = f"/v1/projects/{running.project}/topics/audited"
    assert call(running, "PUT", topic, {}).status_code == 200
    assert call(running, "PUT", topic, {}).status_code == 409
    found = entries(running, "activity", "pubsub.projects.topics.create", 2)
    assert [e.get("status", {}).get("code", 0) for e in found] == [0, 6] or [
        e.get("status", {}).get("code", 0) for e in found
    ] == [6, 0]
    assert {e["authenticationInfo"]["principalEmail"] for e in found} == {f"owner@{running.project}.example"}
    assert {e["resourceName"] for e in found} == {topic.removeprefix("/v1/")}
    # What failed for another reason was allowed all the same.
    assert all(one["granted"] for e in found for one in e["authorizationInfo"])


def test_reading_is_logged_once_the_project_says_so(start_emulator: StartEmulator) -> None:
    running = start_emulator()
    project = f"projects/{running.project}"
    datasets = f"{project}/locations/us-central1/datasets"
    call(running, "POST", f"/v1/{datasets}?datasetId=one", {})
    call(running, "POST", f"/v1/{datasets}?datasetId=two", {})
    call(running, "GET", f"/v1/{datasets}/one")
    policy = call(running, "POST", f"/v1/{project}:getIamPolicy", {}).json()
    policy["auditConfigs"] = [{"service": "allServices", "auditLogConfigs": [{"logType": "ADMIN_READ"}]}]
    body = {"policy": policy, "updateMask": "bindings,etag,auditConfigs"}
    assert call(running, "POST", f"/v1/{project}:setIamPolicy", body).status_code == 200
    for name in ("one", "two", "one"):
        assert call(running, "GET", f"/v1/{datasets}/{name}").status_code == 200
    found = entries(running, "data_access", "healthcare.projects.locations.datasets.get", 3)
    times = [each["requestMetadata"]["requestAttributes"].pop("time") for each in found]
    assert len({*times}) == 3
    right = {"permission": "healthcare.datasets.get", "granted": True, "permissionType": "ADMIN_READ"}
    assert [each["authorizationInfo"] for each in found] == [
        [{**right, "resource": f"{datasets}/{name}"}] for name in ("one", "two", "one")
    ]
    assert [each["resourceName"] for each in found] == [f"{datasets}/{name}" for name in ("one", "two", "one")]
    for each in found:
        del each["authorizationInfo"], each["resourceName"]
    assert found[0] == found[1] == found[2]
    assert found[0]["resourceLocation"] == {"currentLocations": ["us-central1"]}


def test_entries_outlive_a_disk_that_was_full(in_process: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = in_process.emulator
    entry = {"logName": "projects/unit-project/logs/mine", "textPayload": "kept"}

    async def full(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(emulator.db, "write", full)
        emulator.logs.write(dict(entry))
        with pytest.raises(sqlite3.OperationalError):
            in_process.run(emulator.logs.flush())
    in_process.run(emulator.logs.flush())
    sql = "SELECT 1 FROM log_entries WHERE log = 'mine'"
    assert len(in_process.run(asyncio.to_thread(emulator.db.all, sql))) == 1


def whole(running: RunningEmulator, wanted: str, number: int = 1) -> list[dict[str, Any]]:
    """Whole entries of administrative calls that a filter takes, once there are so many, the oldest first."""
    text = f'log_id("cloudaudit.googleapis.com/activity") AND {wanted}'
    body = {"resourceNames": [f"projects/{running.project}"], "filter": text, "orderBy": "timestamp asc"}

    def found() -> list[dict[str, Any]]:
        return list(call(running, "POST", "/v2/entries:list", body).json().get("entries", []))

    return eventually(found, lambda entries: len(entries) >= number)


def test_an_entry_says_who_from_where_by_what_and_on_what(emulator: RunningEmulator, unique: Names) -> None:
    """Cloud Logging: AuditLog, AuthenticationInfo, AuthorizationInfo, RequestMetadata, ResourceLocation."""
    parent, name = f"projects/{emulator.project}/locations/us-central1", unique("ring")
    call(emulator, "POST", f"/v1/{parent}/keyRings?keyRingId={name}", {})
    ring = f"{parent}/keyRings/{name}"
    headers = {"authorization": f"Bearer {emulator.owner_token}", "user-agent": "x" * 1000}
    url = f"{emulator.base_url}/v1/{ring}:setIamPolicy"
    assert httpx.post(url, json={"policy": {}}, headers=headers, timeout=PATIENCE).status_code == 200
    (entry,) = whole(emulator, f'protoPayload.methodName:"setIamPolicy" AND protoPayload.resourceName="{ring}"')
    payload, kind = entry["protoPayload"], {"permissionType": "ADMIN_WRITE"}
    asked = {"permission": "cloudkms.keyRings.setIamPolicy", "resource": ring, "granted": True}
    assert payload["authorizationInfo"] == [{**asked, **kind}]
    labels = {"project_id": emulator.project, "location": "us-central1", "key_ring_id": name}
    assert entry["resource"] == {"type": "cloudkms_keyring", "labels": labels}
    assert payload["resourceLocation"] == {"currentLocations": ["us-central1"]}
    said = payload["requestMetadata"]
    assert (said["callerIp"], said["callerSuppliedUserAgent"]) == ("127.0.0.1", "x" * 512)
    assert said["requestAttributes"]["time"] <= entry["timestamp"]


def test_who_acts_as_an_account_is_named_beside_it(emulator: RunningEmulator, unique: Names) -> None:
    first, second = (make_account(emulator, unique(name)) for name in ("first", "second"))
    scope = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}
    asked = {**scope, "delegates": [f"projects/-/serviceAccounts/{first.email}"]}
    path = f"/v1/projects/-/serviceAccounts/{second.email}:generateAccessToken"
    token = call(emulator, "POST", path, asked).json()["accessToken"]
    assert emulator.request("DELETE", f"/v1/projects/{emulator.project}/topics/nothing", None, token)[0] == 403
    (refused,) = whole(emulator, f'protoPayload.authenticationInfo.principalEmail="{second.email}"')
    said = refused["protoPayload"]["authenticationInfo"]["serviceAccountDelegationInfo"]
    before = [each["firstPartyPrincipal"]["principalEmail"] for each in said]
    assert before == [f"owner@{emulator.project}.example", first.email]


def test_what_a_handler_decides_by_itself_is_named_with_its_permission(
    emulator: RunningEmulator, unique: Names
) -> None:
    somebody, bucket = make_account(emulator, unique("somebody")), unique("named")
    call(emulator, "POST", f"/storage/v1/b?project={emulator.project}", {"name": bucket})
    assert emulator.request("DELETE", f"/storage/v1/b/{bucket}", None, somebody.token)[0] == 403
    wanted = f'protoPayload.methodName="storage.buckets.delete" AND protoPayload.resourceName:"{bucket}"'
    (entry,) = whole(emulator, wanted)
    (decided,) = entry["protoPayload"]["authorizationInfo"]
    assert (decided["permission"], decided["granted"]) == ("storage.buckets.delete", False)
    assert entry["resource"] == {
        "type": "gcs_bucket",
        "labels": {"project_id": emulator.project, "bucket_name": bucket},
    }


def test_an_operation_has_an_entry_when_it_begins_and_one_when_it_ends(
    emulator: RunningEmulator, unique: Names
) -> None:
    """Also where both are one, since its job was faster than the answer."""
    datasets, name = f"/v1/projects/{emulator.project}/locations/us-central1/datasets", unique("d")
    made = call(emulator, "POST", f"{datasets}?datasetId={name}", {}).json()["name"]
    call(emulator, "POST", f"{datasets}/{name}/dicomStores?dicomStoreId=s", {})
    nothing = {"gcsSource": {"uri": "gs://nothing-is-there/*"}}
    failed = call(emulator, "POST", f"{datasets}/{name}/dicomStores/s:import", nothing).json()["name"]
    for operation, fails in ((made, False), (failed, True)):
        producer = {"id": operation, "producer": "healthcare.googleapis.com"}
        (last,) = whole(emulator, f'operation.id="{operation}" AND operation.last=true')
        (first,) = whole(emulator, f'operation.id="{operation}" AND operation.first=true')
        assert {**first["operation"], **last["operation"]} == {**producer, "first": True, "last": True}
        assert ("status" in last["protoPayload"], last["severity"]) == (fails, "ERROR" if fails else "NOTICE")


def test_headers_for_the_log_are_in_the_entry_of_a_call(emulator: RunningEmulator, unique: Names) -> None:
    """Cloud Healthcare: "Configure audit log HTTP headers"."""
    name = unique("d")
    url = f"{emulator.base_url}/v1/projects/{emulator.project}/locations/us-central1/datasets?datasetId={name}"
    sent = {"x-request-id": name, "x-goog-healthcare-audit-cohort": "One, Two", "x-other": "not this"}
    headers = {"authorization": f"Bearer {emulator.owner_token}", **sent}
    assert httpx.post(url, json={}, headers=headers, timeout=PATIENCE).status_code == 200
    (entry,) = whole(emulator, f'protoPayload.metadata.X-Request-Id="{name}"')
    wanted = {"X-Request-Id": [name], "X-Goog-Healthcare-Audit-Cohort": ["One", "Two"]}
    assert entry["protoPayload"]["metadata"] == wanted
