"""The project's own program, from nothing to everything and back to nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from typing import Any

from scripts.nightly.parameters import Parameters
from tests.e2e.conftest import PROJECT, MakeStack
from tests.e2e.pulumi_stack import PulumiStack
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

# What a destroy leaves: Google deletes no key rings, and what is there before any program.
_LISTS = {
    f"/storage/v1/b?project={PROJECT}": "items",
    f"/v1/projects/{PROJECT}/locations/us-central1/datasets": "datasets",
    f"/v1/projects/{PROJECT}/topics": "topics",
    f"/v1/projects/{PROJECT}/subscriptions": "subscriptions",
    f"/bigquery/v2/projects/{PROJECT}/datasets": "datasets",
    f"/v1/projects/{PROJECT}/serviceAccounts": "accounts",
    f"/v2/projects/{PROJECT}/sinks": "sinks",
    f"/v1/projects/{PROJECT}/locations/us-central1/jobs": "jobs",
    f"/v2/projects/{PROJECT}/locations/us-central1/jobs": "jobs",
}

ATTRIBUTES = {"purpose": {"category": "REQUEST", "allowedValues": ["research", "care"]}}


def inventory(emulator: RunningEmulator) -> dict[str, set[str]]:
    """The names of all that a program may leave behind, and who has which role on the project."""
    found = {}
    for path, key in _LISTS.items():
        status, answer = emulator.request("GET", path)
        assert status == 200, (path, answer)
        found[path] = {str(item.get("name") or item.get("id")) for item in answer.get(key, [])}
    _, policy = emulator.request("POST", f"/v1/projects/{PROJECT}:getIamPolicy", {})
    grants = {f"{binding['role']} {member}" for binding in policy["bindings"] for member in binding["members"]}
    # Google's agents come with the APIs that were enabled, and stay with them.
    found["project"] = {grant for grant in grants if not re.search(r"@(gcp-sa|gs)-", grant)}
    return found


def outputs(stack: PulumiStack) -> dict[str, Any]:
    """The stack's outputs."""
    kept = next(item for item in stack.state() if item["type"] == "pulumi:pulumi:Stack")
    found: dict[str, Any] = kept["outputs"]
    return found


def test_up_again_refresh_change_and_destroy(project_stack: MakeStack) -> None:
    fhir = {"version": "R4", "enableUpdateCreate": True, "streamToBigQuery": True, "disableProfileValidation": True}
    hl7v2 = {"schema": {"schematizedParsingType": "SOFT_FAIL"}, "filter": 'message_type = "ORU"'}
    stack = project_stack(
        dataflow=True,
        schedule="cloud-run",
        scheduleImage="us-docker.pkg.dev/made-up/images/commands",
        research=True,
        crosswalk=True,
        fhirStores={"fhir": fhir, "plain": {"version": "STU3", "notify": False}},
        hl7v2Stores={"hl7v2": hl7v2, "plain": {"notify": False, "parserVersion": "V1"}},
        consentStores={"consents": {"defaultConsentTtl": "86400s", "attributes": ATTRIBUTES}},
    )
    before = inventory(stack.emulator)
    previewed = stack.preview().changes["create"]
    assert stack.up().changed == {"create": previewed}
    store = outputs(stack)["dicom_store_name"]
    assert stack.emulator.request("GET", f"/v1/{store}")[0] == 200
    fhir_stores = outputs(stack)["fhir_stores"]
    made = {name: stack.emulator.request("GET", f"/v1/{item['name']}")[1] for name, item in fhir_stores.items()}
    assert {name: (item["version"], "streamConfigs" in item) for name, item in made.items()} == {
        "fhir": ("R4", True),
        "plain": ("STU3", False),
    }
    hl7v2_stores = outputs(stack)["hl7v2_stores"]
    read = {name: stack.emulator.request("GET", f"/v1/{item['name']}")[1] for name, item in hl7v2_stores.items()}
    assert {
        name: (item["parserConfig"]["version"], len(item.get("notificationConfigs", []))) for name, item in read.items()
    } == {
        "hl7v2": ("V3", 1),
        "plain": ("V1", 0),
    }
    consents = outputs(stack)["consent_stores"]["consents"]
    assert json.loads(consents["attributes"]) == ATTRIBUTES
    assert stack.emulator.request("GET", f"/v1/{consents['name']}")[1]["defaultConsentTtl"] == "86400s"
    assert stack.preview().changed == {}
    assert stack.refresh().changed == {}
    stack.write_config(**{"healthcare-cloud-poc:labels": {"team": "imaging"}})
    relabelled = stack.up()
    assert set(relabelled.changed) == {"update"}
    # The scheduled job is told the outputs, labels and all.
    changes = r"(labels|pulumiLabels|template\.template\.containers\[0\]\.envs)\b.*"
    assert all(
        re.fullmatch(changes, path)
        for step in relabelled.steps("update").values()
        for path in step["detailedDiff"] or {}
    )
    assert stack.emulator.request("GET", f"/v1/{store}")[1]["labels"]["team"] == "imaging"
    assert stack.destroy().changes["delete"] == previewed
    assert inventory(stack.emulator) == before


def test_protection_refuses_destruction(project_stack: MakeStack) -> None:
    stack = project_stack(deletionProtection=True)
    stack.up()
    store = outputs(stack)["dicom_store_name"]
    refused = stack.destroy(expect=None)
    assert refused.code != 0
    assert "protect" in refused.output
    assert stack.emulator.request("GET", f"/v1/{store}")[0] == 200


def bucket_of_airflow(stack: PulumiStack) -> str:
    """The bucket of the environment of Managed Airflow, which runs and has its DAG's parameters there."""
    schedule = outputs(stack)["schedule"]
    _, found = stack.emulator.request("GET", f"/v1/{schedule['name']}")
    assert (found["state"], found["config"]["nodeConfig"]["serviceAccount"]) == ("RUNNING", schedule["account_email"])
    assert found["config"]["softwareConfig"]["envVariables"]["HEALTHCARE_NIGHTLY_SCHEDULE"] == "30 1 * * *"
    bucket, _, folder = str(schedule["dags"]).removeprefix("gs://").partition("/")
    assert stack.emulator.request("GET", f"/storage/v1/b/{bucket}/o/{folder}%2Fhealthcare_nightly.py")[0] == 200
    path = f"/storage/v1/b/{bucket}/o/data%2Fhealthcare_nightly.json?alt=media"
    told = stack.emulator.request("GET", path)[1]
    assert Parameters.from_json(json.dumps(told), "the bucket").outputs.stack == "local"
    return bucket


def test_an_interrupted_up_is_finished_by_the_next_with_managed_airflow(project_stack: MakeStack) -> None:
    """On Google Cloud its environment costs about 400 dollars a month (docs/how-to/schedule.md)."""
    stack = project_stack(schedule="composer", scheduleCron="30 1 * * *")
    before = inventory(stack.emulator)
    log = stack.folder / "events.json"
    process = stack.start("up", "--yes", "--skip-preview", events=log)
    deadline = time.monotonic() + PATIENCE
    while not (log.exists() and log.read_text().count('"resOutputsEvent"') > 15):
        assert process.poll() is None, "pulumi ended before it could be interrupted"
        assert time.monotonic() < deadline, "pulumi created nothing"
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    interrupted = stack.finish(process, expect=None)
    assert interrupted.code != 0
    # Pulumi's own Python executor may print a traceback when its engine goes; none may lead through our code.
    assert not re.search(r'File "[^"]*/(infra|emulator|scripts)/', interrupted.output), interrupted.output
    log.unlink()
    finished = stack.up()
    assert finished.changes.get("same", 0) > 0, "what was created before the interruption was kept"
    assert stack.preview().changed == {}
    bucket = bucket_of_airflow(stack)
    assert stack.refresh().changed == {}
    stack.destroy()
    path = f"/v1/projects/{PROJECT}/locations/us-central1/environments"
    assert stack.emulator.request("GET", path)[1].get("environments", []) == []
    after = inventory(stack.emulator)
    left = {path: after[path] - names for path, names in before.items() if after[path] != names}
    assert left == {f"/storage/v1/b?project={PROJECT}": {bucket}}, "Composer keeps the environment's bucket, alone"
