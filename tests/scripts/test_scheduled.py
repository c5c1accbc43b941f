"""A command in a scheduled Cloud Run job: told of the stack by a variable, signed in as the account that it runs as."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.credentials import find_credentials
from scripts.errors import CommandError
from scripts.stack import OUTPUTS_VARIABLE, read_outputs
from tests.scripts.conftest import Live, Run, StartLive
from tests.scripts.outputs import outputs_for
from tests.support.accounts import grant, make_account
from tests.support.emulator import ROOT
from tests.support.patience import eventually

IMAGE = "us-docker.pkg.dev/made-up/images/commands"


def test_the_outputs_come_from_the_variable_unless_a_stack_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outputs, other = outputs_for("http://127.0.0.1:1"), tmp_path / "outputs.json"
    monkeypatch.setenv(OUTPUTS_VARIABLE, outputs.to_json())
    assert read_outputs() == outputs
    other.write_text(outputs_for("http://127.0.0.1:2").to_json())
    assert read_outputs(outputs_file=other) != outputs


def test_tokens_for_an_emulator_come_from_this_machine_only() -> None:
    with pytest.raises(CommandError, match="GCE_METADATA_HOST is metadata"):
        find_credentials({"GCE_METADATA_HOST": "metadata.google.internal"}, emulated=True)


def ended(live: Live, job: str) -> Any:
    """The execution of a job that was just started, once it has ended."""
    code, operation = live.emulator.request("POST", f"/v2/{job}:run", {})
    assert code == 200, operation
    path = f"/v2/{operation['name']}:wait"
    return eventually(lambda: live.emulator.request("POST", path, {"timeout": "10s"})[1], lambda now: now.get("done"))


def printed(live: Live) -> str:
    """What the commands have printed, for the message of a test that fails."""
    body = {"resourceNames": [f"projects/{live.outputs.project}"], "filter": 'resource.type="cloud_run_job"'}
    entries = live.emulator.request("POST", "/v2/entries:list", body)[1].get("entries", [])
    return "\n".join(entry.get("textPayload", "") for entry in entries)


def test_a_scheduled_import_brings_in_what_is_new_with_the_rights_of_its_account(
    start_live: StartLive, run: Run
) -> None:
    command = shlex.join(["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "scripts"])
    live = start_live("--run-image", f"{IMAGE}={command}", "--anonymous", "deny")
    emulator, outputs = live.emulator, live.outputs
    account = make_account(emulator, "scheduled-loader")
    location = f"projects/{outputs.project}/locations/{outputs.location}"
    container = {
        "image": IMAGE,
        "args": ["import"],
        "env": [{"name": OUTPUTS_VARIABLE, "value": outputs.to_json()}],
    }
    task = {"containers": [container], "serviceAccount": account.email, "maxRetries": 0}
    body = {"template": {"template": task}}
    assert emulator.request("POST", f"/v2/{location}/jobs?jobId=nightly", body)[0] == 200
    job = f"{location}/jobs/nightly"
    assert run("load", "--synthetic", 2, "--outputs", live.path).code == 0
    assert "error" in ended(live, job)  # an account without rights
    for role in ("roles/healthcare.dicomEditor", "roles/healthcare.datasetViewer", "roles/storage.objectViewer"):
        grant(emulator, f"projects/{outputs.project}", account.member, role)
    assert "error" not in ended(live, job), printed(live)
    metrics = emulator.request("GET", f"/v1/{outputs.dicom_store_name}:getDICOMStoreMetrics")[1]
    assert int(metrics["instanceCount"]) > 0
