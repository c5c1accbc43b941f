"""Audit entries: administrative calls always, data access as the project's audit configuration says."""

import sqlite3
from typing import Any

import httpx
import pytest

from tests.conftest import StartEmulator
from tests.emulator.conftest import InProcess
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE, eventually


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
    topic = f"/v1/projects/{running.project}/topics/audited"
    call(running, "PUT", topic, {})
    call(running, "GET", topic)
    project = f"/v1/projects/{running.project}"
    policy = call(running, "POST", f"{project}:getIamPolicy", {}).json()
    policy["auditConfigs"] = [{"service": "allServices", "auditLogConfigs": [{"logType": "ADMIN_READ"}]}]
    body = {"policy": policy, "updateMask": "bindings,etag,auditConfigs"}
    assert call(running, "POST", f"{project}:setIamPolicy", body).status_code == 200
    call(running, "GET", topic)
    assert len(entries(running, "data_access", "pubsub.projects.topics.get", 1)) == 1


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
    assert len(emulator.db.all("SELECT 1 FROM log_entries WHERE log = 'mine'")) == 1
