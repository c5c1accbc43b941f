"""An environment in the shape of production, by the real engine: every rule holds, and no grant is missing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.outputs import Outputs
from infra.settings import NAMESPACE
from scripts.access.resources import Resource
from scripts.checks import State, run_checks
from scripts.connection import connect_to
from scripts.preflight import after
from tests.e2e.conftest import PROJECT, MakeStack
from tests.e2e.pulumi_stack import PulumiStack
from tests.support.emulator import ROOT, RunningEmulator

RING = f"projects/{PROJECT}/locations/us-central1/keyRings/imaging"
KEY = f"{RING}/cryptoKeys/data"


def make_key(emulator: RunningEmulator) -> None:
    """The key that whoever looks after keys has made beforehand."""
    for path, body in (
        (f"/v1/{RING.rpartition('/')[0]}?keyRingId=imaging", {}),
        (f"/v1/{RING}/cryptoKeys?cryptoKeyId=data", {"purpose": "ENCRYPT_DECRYPT"}),
    ):
        status, answer = emulator.request("POST", path, body)
        assert status == 200, answer


def command(stack: PulumiStack, *arguments: object) -> tuple[int, Any]:
    """How a command ended, and the JSON that it printed."""
    environment = stack.environment() | {"GOOGLE_APPLICATION_CREDENTIALS": str(stack.emulator.credentials_file)}
    line = [sys.executable, "-m", "scripts", *map(str, arguments), "--json"]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def files(stack: PulumiStack) -> dict[str, Path]:
    """What Pulumi knows of the stack, each as a file that the commands take."""
    made = {}
    for name, arguments in {
        "outputs": ("stack", "output", "--json", "--stack", "local"),
        "state": ("stack", "export", "--stack", "local"),
        "configuration": ("config", "--json"),
    }.items():
        made[name] = stack.folder / f"{name}.json"
        made[name].write_text(stack.run(*arguments).output)
    return made


def unwell(found: dict[str, Any]) -> list[dict[str, str]]:
    return [each for each in found["checks"] if each["state"] != "ok"]


def production() -> dict[str, Any]:
    """What the pattern for production says, by short names of keys; the stack of a test is called local."""
    found = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"]
    own = {key.removeprefix(f"{NAMESPACE}:"): value for key, value in found.items() if key.startswith(NAMESPACE)}
    return {**own, "environment": "prod"}


def test_production_keeps_every_rule_lacks_no_grant_and_is_not_destroyed(project_stack: MakeStack) -> None:
    stack = project_stack(**production(), fhirStores={"fhir": {"version": "R4"}})
    configuration = stack.folder / "configuration.json"
    configuration.write_text(stack.run("config", "--json").output)
    code, found = command(stack, "preflight", "--before", "--stack", "local", "--configuration", configuration)
    assert (code, unwell(found)) == (0, [])

    preview = stack.folder / "preview.json"
    preview.write_text(stack.run("preview", "--json").output)
    code, rules = command(stack, "policy", "--file", preview)
    assert (code, [name for name, broken in rules.items() if broken]) == (0, [])

    stack.up()
    made = files(stack)
    code, rules = command(stack, "policy", "--file", made["state"])
    assert (code, [name for name, broken in rules.items() if broken]) == (0, [])
    code, found = command(stack, "preflight", "--outputs", made["outputs"])
    assert (code, unwell(found)) == (0, [])

    reader = json.loads(made["outputs"].read_text())["reader_email"]
    _, answer = command(stack, "access", "why", reader, "storage.objects.get", "landing", "--outputs", made["outputs"])
    assert answer["allowed"] is not True
    _, answer = command(stack, "access", "why", reader, "storage.objects.get", "export", "--outputs", made["outputs"])
    assert (answer["allowed"], answer["grants"][0]["role"]) == (True, "roles/storage.objectViewer")

    assert stack.preview("--refresh").changed == {}
    refused = stack.run("destroy", "--yes", expect=None)
    assert refused.code != 0
    for name in ("dicom-store", "fhir-fhir-store", "audit-bucket"):
        assert re.search(f"::{name}.{{1,4}}cannot be deleted", refused.errors), refused.errors
    known = {each["urn"] for each in json.loads(made["state"].read_text())["deployment"]["resources"]}
    assert {each["urn"] for each in stack.state()} == known


def policy_paths(resource: Resource) -> tuple[tuple[str, str], tuple[str, str]]:
    """Method and path that read a resource's policy, and those that write it."""
    if resource.kind == "bucket":
        path = f"/storage/v1/b/{resource.plain}/iam"
        return ("GET", path), ("PUT", path)
    if resource.kind == "BigQuery dataset":
        return ("GET", f"/bigquery/v2/{resource.name}"), ("PATCH", f"/bigquery/v2/{resource.name}")
    read = "POST" if resource.kind == "project" else "GET"
    return (read, f"/v1/{resource.name}:getIamPolicy"), ("POST", f"/v1/{resource.name}:setIamPolicy")


def read_policy(emulator: RunningEmulator, resource: Resource) -> dict[str, Any]:
    """A resource's policy; of a BigQuery dataset the dataset, which has its access entries."""
    (method, path), _ = policy_paths(resource)
    status, policy = emulator.request(method, path)
    assert status == 200, policy
    found: dict[str, Any] = policy
    return found


def write_policy(emulator: RunningEmulator, resource: Resource, policy: dict[str, Any]) -> None:
    """Replace what `read_policy` gave, whatever was written since."""
    _, (method, path) = policy_paths(resource)
    if resource.kind == "BigQuery dataset":
        body = {"access": policy["access"]}
    else:
        kept = {key: value for key, value in policy.items() if key != "etag"}
        body = kept if resource.kind == "bucket" else {"policy": kept}
    status, answer = emulator.request(method, path, body)
    assert status == 200, answer


def without(policy: dict[str, Any], account: str, role: str) -> dict[str, Any]:
    """A policy without an account's role; of a BigQuery dataset without the account."""
    if "access" in policy:
        return {"access": [entry for entry in policy["access"] if entry.get("userByEmail") != account]}
    bindings = [
        {**each, "members": [member for member in each["members"] if each["role"] != role or account not in member]}
        for each in policy["bindings"]
    ]
    return {**policy, "bindings": [each for each in bindings if each["members"]]}


def lacking(outputs: Outputs) -> list[str]:
    """What preflight says of grants that are not there."""
    with connect_to(outputs) as target:
        return [each.detail for each in run_checks(target, after.checks(target)) if each.state != State.OK]


def test_each_grant_that_is_removed_is_named(project_stack: MakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = project_stack(encryptionKey=KEY, fhirStores={"fhir": {"version": "R4"}}, hl7v2Stores={"hl7v2": {}})
    make_key(stack.emulator)
    stack.up()
    outputs = Outputs.from_file(files(stack)["outputs"])
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(stack.emulator.credentials_file))
    assert lacking(outputs) == []
    for need in after.needs(outputs):
        before = read_policy(stack.emulator, need.resource)
        write_policy(stack.emulator, need.resource, without(before, need.account, need.role))
        (said,) = lacking(outputs)
        assert said.startswith(f"{need.account} lacks {need.permission} on {need.resource}: ")
        assert need.role in said
        write_policy(stack.emulator, need.resource, before)
