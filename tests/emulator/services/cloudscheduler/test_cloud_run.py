"""A Cloud Run job that Cloud Scheduler starts: night after night, over a crash."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT, StartEmulator
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import eventually

LOCATION = f"projects/{PROJECT}/locations/us-central1"
JOB = f"{LOCATION}/jobs/nightly"
IMAGE = "us-docker.pkg.dev/made-up/images/loader"
# Writes a line for each run, and ends once it may.
LOADER = """
import pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
with (folder / "runs").open("a") as file:
    file.write("run\\n")
while not (folder / "go").exists():
    time.sleep(0.02)
"""
V2 = f"https://run.googleapis.com/v2/{JOB}:run"
V1 = f"https://us-central1-run.googleapis.com/apis/run.googleapis.com/v1/namespaces/{PROJECT}/jobs/nightly:run"


def succeeded(emulator: RunningEmulator, count: int) -> list[Any]:
    """The executions, once so many have ended well."""
    found = emulator.request("GET", f"/v2/{JOB}/executions")[1].get("executions", [])
    return found if sum(1 for each in found if each.get("succeededCount")) >= count else []


def at(emulator: RunningEmulator, moment: str) -> None:
    assert emulator.request("POST", "/_emulator/clock", {"time": moment, "stopped": True})[0] == 200


@pytest.mark.parametrize("uri", [V2, V1])
def test_a_nightly_job_runs_each_night_and_goes_on_after_a_crash(
    start_emulator: StartEmulator, tmp_path: Path, uri: str
) -> None:
    script = tmp_path / "loader.py"
    script.write_text(LOADER)
    emulator = start_emulator("--run-image", f"{IMAGE}={shlex.join([sys.executable, str(script)])}")
    at(emulator, "2099-03-01T01:59:00Z")  # a restart goes back to the wall's clock, for which no night was missed
    loader, starter = make_account(emulator, "loader"), make_account(emulator, "starter")
    task = {"containers": [{"image": IMAGE, "args": [str(tmp_path)]}], "serviceAccount": loader.email}
    body = {"template": {"template": task}}
    assert emulator.request("POST", f"/v2/{LOCATION}/jobs?jobId=nightly", body)[0] == 200
    policy = {"bindings": [{"role": "roles/run.invoker", "members": [starter.member]}]}
    assert emulator.request("POST", f"/v2/{JOB}:setIamPolicy", {"policy": policy})[0] == 200
    target = {"uri": uri, "oauthToken": {"serviceAccountEmail": starter.email}}
    schedule = {"name": f"{LOCATION}/jobs/nightly", "schedule": "0 2 * * *", "httpTarget": target}
    assert emulator.request("POST", f"/v1/{LOCATION}/jobs", schedule)[0] == 200

    at(emulator, "2099-03-01T02:00:00Z")
    eventually((tmp_path / "runs").exists)
    eventually(lambda: "lastAttemptTime" in emulator.request("GET", f"/v1/{LOCATION}/jobs/nightly")[1])
    emulator.kill()
    emulator.start()
    at(emulator, "2099-03-01T02:10:00Z")
    (tmp_path / "go").touch()
    eventually(lambda: succeeded(emulator, 1))
    at(emulator, "2099-03-02T02:00:00Z")
    assert len(eventually(lambda: succeeded(emulator, 2))) == 2
    assert len((tmp_path / "runs").read_text().splitlines()) == 3  # the first night's run was begun twice
    assert emulator.request("GET", f"/v1/{LOCATION}/jobs/nightly")[1]["status"] == {}
