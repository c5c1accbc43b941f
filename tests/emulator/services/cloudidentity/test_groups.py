"""Groups: declared by a file or by the owner, read with Cloud Identity, and counted when access is decided."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.services.clients import client_as, refused
from tests.support.accounts import grant, make_account
from tests.support.emulator import ROOT, RunningEmulator

RADIOLOGY, RESIDENTS = "radiology@example.org", "residents@example.org"
Start = Callable[..., RunningEmulator]


def groups_file(folder: Path, groups: object) -> Path:
    path = folder / "groups.json"
    path.write_text(json.dumps(groups))
    return path


def test_members_of_groups_of_groups_get_what_the_group_is_granted(start_emulator: Start, tmp_path: Path) -> None:
    running = start_emulator()
    account = make_account(running, "resident")
    token = account.token
    buckets = f"/storage/v1/b?project={running.project}"
    declared = {RADIOLOGY: [f"group:{RESIDENTS}"], RESIDENTS: [account.member]}
    grant(running, f"projects/{running.project}", f"group:{RADIOLOGY}", "roles/storage.admin")
    assert running.request("GET", buckets, token=token)[0] == 403
    assert running.request("POST", "/_emulator/groups", declared) == (200, declared)
    assert running.request("GET", buckets, token=token)[0] == 200
    running.kill()
    running.start()
    assert running.request("GET", buckets, token=token)[0] == 200
    running.stop()
    running.options = ("--groups", str(groups_file(tmp_path, {RADIOLOGY: []})))
    running.start()
    assert running.request("GET", "/_emulator/groups") == (200, {RADIOLOGY: []})
    assert running.request("GET", buckets, token=token)[0] == 403


def test_cloud_identity_shows_who_is_in_a_group(start_emulator: Start, tmp_path: Path) -> None:
    members = ["group:residents@example.org", "serviceAccount:a@p.iam.gserviceaccount.com", "user:dr@example.org"]
    path = groups_file(tmp_path, {RADIOLOGY: members, RESIDENTS: []})
    running = start_emulator("--groups", str(path))
    with client_as(running, running.owner_token, "cloudidentity", "v1") as client:
        groups = client.groups()
        name = groups.lookup(groupKey_id=RADIOLOGY).execute()["name"]
        assert groups.get(name=name).execute()["groupKey"] == {"id": RADIOLOGY}
        found: list[Any] = []
        request = groups.memberships().list(parent=name, view="FULL", pageSize=2)
        while request is not None:
            page = request.execute()
            found += page["memberships"]
            request = groups.memberships().list_next(request, page)
        assert [(each["type"], each["preferredMemberKey"]["id"]) for each in found] == [
            ("GROUP", RESIDENTS),
            ("SERVICE_ACCOUNT", "a@p.iam.gserviceaccount.com"),
            ("USER", "dr@example.org"),
        ]
        assert refused(groups.lookup(groupKey_id="nobody@example.org"))[0] == 403


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"radiology": []}, "is no address of a group"),
        ({RADIOLOGY: "user:dr@example.org"}, "must be a list"),
        ({RADIOLOGY: ["dr@example.org"]}, "unknown type"),
        ({RADIOLOGY: ["allUsers"]}, "can be in no group"),
    ],
)
def test_what_declares_no_groups_is_refused_in_a_sentence(
    emulator: RunningEmulator, tmp_path: Path, declared: Any, message: str
) -> None:
    code, answer = emulator.request("POST", "/_emulator/groups", declared)
    assert (code, message in answer["error"]["message"]) == (400, True)
    path = groups_file(tmp_path, declared)
    command = [sys.executable, "-m", "emulator", "start", "--groups", str(path), "--state", str(tmp_path / "state")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, message in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr


def test_only_the_owner_declares_groups(emulator: RunningEmulator, account_token: str) -> None:
    assert emulator.request("GET", "/_emulator/groups", token=account_token)[0] == 403
    assert emulator.request("POST", "/_emulator/groups", {}, token="")[0] == 403


@pytest.fixture
def account_token(emulator: RunningEmulator, unique: Callable[[str], str]) -> str:
    return make_account(emulator, unique("account")).token
