"""An environment in the shape of production, by the real engine: every rule holds, and no grant is missing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from infra.settings import NAMESPACE
from tests.e2e.conftest import MakeStack
from tests.e2e.pulumi_stack import PulumiStack
from tests.support.emulator import ROOT


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
    stack = project_stack(**production(), fhirStores={"fhir": {"version": "R4"}}, auditLocked="true")
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
    assert {"2192 days, locked", "ADMIN_READ, DATA_READ, DATA_WRITE"} <= {each["detail"] for each in found["checks"]}

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
