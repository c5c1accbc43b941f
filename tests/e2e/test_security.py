"""An environment in the shape of production, by the real engine: every rule holds, and no grant is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

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


def test_production_keeps_every_rule_and_lacks_no_grant(project_stack: MakeStack) -> None:
    stack = project_stack(
        environment="prod",
        deletionProtection=True,
        encryptionKey=KEY,
        softDeleteDays=30,
        auditLogs=True,
        auditDays=2192,
        fhirStores={"fhir": {"version": "R4"}},
    )
    make_key(stack.emulator)
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
