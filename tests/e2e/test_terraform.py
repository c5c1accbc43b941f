"""The example for Terraform makes the calls of the program on the emulator, and takes all of it away."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from emulator.provider import schema
from emulator.provider.flow import Naming
from emulator.provider.rest import Rest
from emulator.provider.settings import load
from emulator.provider.tables import FLOWS
from infra.settings import CUSTOM_ENDPOINTS, TOKEN_VARIABLE, parse
from tests.conftest import StartEmulator
from tests.e2e.calls import Comparable, granted, is_policy, ours
from tests.e2e.conftest import PROJECT
from tests.e2e.recorder import Recorder, Seen, recording
from tests.e2e.terraform import Terraform, program
from tests.infra.graph import Graph, declare
from tests.support.emulator import ROOT, RunningEmulator

pytestmark = pytest.mark.skipif(os.environ.get("TERRAFORM") != "apply", reason="TERRAFORM=apply, half a minute")
AS_THE_PROGRAM = {"environment": "local", "labels": json.dumps({"managed-by": "pulumi"})}
"""Variables with which the example has the names and labels of the stack `local`."""


@pytest.fixture
def recorder(start_emulator: StartEmulator) -> Iterator[tuple[Recorder, RunningEmulator]]:
    """An emulator behind a proxy that notes all calls."""
    emulator = start_emulator(project=PROJECT)
    with recording(emulator.base_url) as found:
        yield found, emulator


@pytest.fixture
def terraform(recorder: tuple[Recorder, RunningEmulator], tmp_path: Path) -> Terraform:
    """The example on that emulator, with the stand-in."""
    found = program()
    if found is None:
        pytest.skip("Neither terraform nor tofu is on this machine.")
    folder = tmp_path / "example"
    folder.mkdir()
    return Terraform(folder, found, recorder[1], recorder[0].base_url).copy()


def declared(number: str) -> Graph:
    """What the program declares for the stack `local`, in a project of that number."""
    written = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]
    config = {key: json.dumps(value) if isinstance(value, dict | list) else value for key, value in written.items()}
    project = {"gcp:organizations/getProject:getProject": {"number": number, "projectId": PROJECT}}
    return declare(parse(config, "local", {TOKEN_VARIABLE: "token"}), project)


def create(graph: Graph, emulator: RunningEmulator, base_url: str) -> None:
    """Create all that a program declares, in its order, as the engine has the stand-in do it."""
    endpoints = {each.key: f"{base_url}/{each.path}" for each in CUSTOM_ENDPOINTS}
    own = {"project": PROJECT, "accessToken": emulator.owner_token, "addPulumiAttributionLabel": False}
    rest = Rest(load(endpoints | own))
    for resource in graph:
        flow = FLOWS[resource.kind]
        inputs, problems = schema.check(flow.kind, resource.inputs)
        assert problems + flow.check(inputs, {}, rest.settings, Naming(resource.name)) == []
        flow.create(rest, inputs)


def changing(calls: list[Seen]) -> Counter[Comparable]:
    """The calls that make or change something, but policies, which are merged in another order on every run."""
    found = [ours(seen) for seen in calls if seen.method != "GET"]
    return Counter(one for one in found if not is_policy(one[1]) and '"access"' not in one[3])


def given(calls: list[Seen]) -> dict[str, set[str]]:
    """Who was given what, by resource: roles of policies, and entries of BigQuery's access lists."""
    bodies = [
        (urlsplit(seen.target).path, json.loads(seen.body)) for seen in calls if seen.body and seen.method != "GET"
    ]
    found = granted([(path, body) for path, body in bodies if is_policy(path) and ":get" not in path])
    for path, body in bodies:
        for entry in body.get("access", []):
            found.setdefault(path, set()).add(json.dumps(entry, sort_keys=True))
    return found


def number_of(emulator: RunningEmulator) -> str:
    """The project's number."""
    return str(emulator.request("GET", f"/v1/projects/{PROJECT}")[1]["projectNumber"])


def test_terraform_makes_the_calls_of_the_program_and_takes_all_of_it_away(
    terraform: Terraform, recorder: tuple[Recorder, RunningEmulator], start_emulator: StartEmulator
) -> None:
    proxy, emulator = recorder
    assert terraform("init").returncode == 0
    applied = terraform("apply", "-auto-approve", **AS_THE_PROGRAM)
    assert applied.returncode == 0, applied.stderr
    calls = proxy.take()
    planned = terraform("plan", "-detailed-exitcode", **AS_THE_PROGRAM)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert [seen for seen in proxy.take() if seen.method != "GET" and ":getIamPolicy" not in seen.target] == []

    graph = declared(number_of(emulator))
    assert f"{len(list(graph))} added, 0 changed, 0 destroyed" in applied.stdout
    other = start_emulator(project=PROJECT)
    with recording(other.base_url) as program_calls:
        create(graph, other, program_calls.base_url)
        wanted = program_calls.take()
    assert number_of(other) == number_of(emulator)
    assert changing(calls) == changing(wanted)
    assert given(calls) == given(wanted)

    gone = terraform("destroy", "-auto-approve", **AS_THE_PROGRAM)
    assert gone.returncode == 0, gone.stderr
    assert emulator.request("GET", f"/v1/projects/{PROJECT}/locations/us-central1/datasets")[1] == {}
    assert emulator.request("GET", f"/storage/v1/b?project={PROJECT}")[1].get("items", []) == []
