"""A stack with all that the program can grant, on an emulator of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.people.standing import Standing, emulating, stand
from tests.scripts.outputs import ATTRIBUTES
from tests.support.emulator import RunningEmulator

PROJECT = "people-project"
TABLE = "probed"
"""The table that is there in every BigQuery dataset."""
ALERTS, TOLD = f"projects/{PROJECT}/topics/alerts", f"projects/{PROJECT}/subscriptions/alerts"
"""A topic that is told of alerts, and a subscription to it; neither is the program's."""
OWNER = f"user:owner@{PROJECT}.example"
KEY = f"serviceAccount:emulator@{PROJECT}.iam.gserviceaccount.com"
"""The account of the emulator's key file, in whose name commands run that say nothing else."""
PERSONAS = ("loader", "reader", "researcher", "steward", "auditor", "operator")
OBJECTS = {"": "other/object", "objects released/*": "released/object", "objects .export/*": ".export/object"}
"""The objects of every bucket, by the title of the condition under which an account reaches one."""
EVERYTHING = {
    "fhirStores": json.dumps({"fhir": {"version": "R4", "loaderImports": True, "enableUpdateCreate": True}}),
    "hl7v2Stores": json.dumps({"hl7v2": {"loaderImports": True}}),
    "consentStores": json.dumps({"consents": {"attributes": ATTRIBUTES}}),
    "dicomStores": json.dumps({"films": {}}),
    "streamToBigQuery": "true",
    "research": "true",
    "crosswalk": "true",
    "auditLogs": "true",
    "keyRing": "imaging",
    "deletionProtection": "false",
    "alertChannels": json.dumps(["email:security@example.org", f"pubsub:{ALERTS}"]),
    "schedule": "cloud-run",
    "scheduleImage": f"us-docker.pkg.dev/{PROJECT}/images/commands",
    "readerPrefix": "released/",
    **{f"{persona}s": json.dumps([OWNER, KEY]) for persona in PERSONAS},
}
"""A configuration that makes the program give every grant it knows, but for those of Dataflow and Airflow."""
ELSEWHERE = {
    "dataflow": "true",
    "schedule": "composer",
    "keyRing": "imaging",
    "deletionProtection": "false",
    "operators": json.dumps([OWNER, KEY]),
}
"""One that makes it give those."""


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """The stack; who changes its grants puts them back."""
    with emulating(tmp_path_factory.mktemp("people"), PROJECT) as emulator:
        alerted(emulator)
        made = stand(emulator, EVERYTHING)
        fill(made)
        yield made


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A stack made for Dataflow and Managed Airflow."""
    with emulating(tmp_path_factory.mktemp("elsewhere"), PROJECT) as emulator:
        yield stand(emulator, ELSEWHERE)


def alerted(emulator: RunningEmulator) -> None:
    """Make the topic for alerts, which is there before the stack."""
    api = f"/v1/projects/{PROJECT}/services/pubsub.googleapis.com:enable"
    assert emulator.request("POST", api, {})[0] == 200
    assert emulator.request("PUT", f"/v1/{ALERTS}", {})[0] == 200
    assert emulator.request("PUT", f"/v1/{TOLD}", {"topic": ALERTS})[0] == 200


@pytest.fixture
def ready(standing: Standing, monkeypatch: pytest.MonkeyPatch) -> Standing:
    """The stack, and the credentials of the emulator's key."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(standing.emulator.credentials_file))
    return standing


def fill(made: Standing) -> None:
    """Put a table into each BigQuery dataset, and objects into each bucket."""
    for dataset in made.graph.of("bigquery/dataset:Dataset"):
        name = {"datasetId": dataset.inputs["datasetId"], "tableId": TABLE}
        body = {"tableReference": name, "schema": {"fields": [{"name": "n", "type": "INTEGER"}]}}
        path = f"/bigquery/v2/projects/{PROJECT}/datasets/{dataset.inputs['datasetId']}/tables"
        assert made.emulator.request("POST", path, body)[0] == 200
    for bucket in made.graph.of("storage/bucket:Bucket"):
        for key in OBJECTS.values():
            path = f"/upload/storage/v1/b/{bucket.inputs['name']}/o?uploadType=media&name={key}"
            assert made.emulator.request("POST", path, {})[0] == 200
