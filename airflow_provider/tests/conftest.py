"""Fixtures: a dataset with stores and a bucket on an emulator, which PROVIDER_EMULATOR names, and a task's context.

Whoever runs the tests starts the emulator, and sets PROVIDER_TOKEN to its owner's token and
GOOGLE_APPLICATION_CREDENTIALS to its key.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from cloud_healthcare_provider.operators.operation import HealthcareOperationOperator

try:
    from airflow.sdk.exceptions import TaskDeferred
except ImportError:  # 2.11
    from airflow.exceptions import TaskDeferred

__all__ = ["TaskDeferred"]

_numbers = itertools.count(1)


@dataclass
class Place:
    """A dataset of its own on the emulator, and a bucket of Cloud Storage."""

    url: str
    token: str
    project: str
    dataset: str = ""
    bucket: str = ""

    def call(self, method: str, path: str, body: Any = None, data: bytes | None = None) -> Any:
        """One request as the owner; gives the answer's JSON."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.request(method, self.url + path, headers=headers, json=body, data=data, timeout=60)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def put(self, name: str, content: bytes) -> str:
        """An object of the bucket; gives its URI."""
        self.call("POST", f"/upload/storage/v1/b/{self.bucket}/o?uploadType=media&name={name}", data=content)
        return f"gs://{self.bucket}/{name}"

    def store(self, kind: str, **settings: Any) -> str:
        """A new store; gives its full name. `kind` is dicom, fhir or hl7V2."""
        name = f"{kind.lower()}-{next(_numbers)}"
        self.call("POST", f"/v1/{self.dataset}/{kind}Stores?{kind}StoreId={name}", settings)
        return f"{self.dataset}/{kind}Stores/{name}"

    def imports(self) -> list[str]:
        """The names of all imports into the dataset's stores."""
        found = self.call("GET", f"/v1/{self.dataset}/operations")["operations"]
        return [each["name"] for each in found if "Import" in each["metadata"]["apiMethodName"]]


@pytest.fixture(scope="session")
def project() -> Place:
    """The emulator's project, in which Cloud Healthcare's agent exists; without a dataset or a bucket."""
    made = Place(os.environ["PROVIDER_EMULATOR"], os.environ["PROVIDER_TOKEN"], os.environ["PROVIDER_PROJECT"])
    for name in ("healthcare", "storage"):
        made.call("POST", f"/v1/projects/{made.project}/services/{name}.googleapis.com:enable")
    services = f"/v1beta1/projects/{made.project}/services"
    made.call("POST", f"{services}/healthcare.googleapis.com:generateServiceIdentity")
    return made


@pytest.fixture
def place(project: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A dataset and a bucket that Cloud Healthcare's agent may read and write; operators find the emulator."""
    number = next(_numbers)
    location = f"projects/{project.project}/locations/us-central1"
    made = replace(project, dataset=f"{location}/datasets/data-{number}", bucket=f"provider-{number}")
    made.call("POST", f"/v1/{location}/datasets?datasetId=data-{number}")
    made.call("POST", f"/storage/v1/b?project={made.project}", {"name": made.bucket})
    about = made.call("GET", f"/v1/projects/{made.project}")
    agent = f"serviceAccount:service-{about['projectNumber']}@gcp-sa-healthcare.iam.gserviceaccount.com"
    policy = made.call("GET", f"/storage/v1/b/{made.bucket}/iam")
    policy["bindings"].append({"role": "roles/storage.objectAdmin", "members": [agent]})
    made.call("PUT", f"/storage/v1/b/{made.bucket}/iam", policy)
    monkeypatch.setenv("HEALTHCARE_EMULATOR_HOST", made.url)
    return made


@dataclass
class Store:
    """What Airflow 3.3 keeps for a task between its tries."""

    kept: dict[str, Any] = field(default_factory=dict)

    def get(self, key: str, default: Any = None) -> Any:
        return self.kept.get(key, default)

    def set(self, key: str, value: Any) -> None:
        self.kept[key] = value

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)


@pytest.fixture
def context() -> dict[str, Any]:
    """What Airflow tells a task of itself."""
    instance = SimpleNamespace(dag_id="night", run_id="run-1", task_id="import", map_index=-1)
    return {"ti": instance, "task_state_store": Store()}


@pytest.fixture
def resource() -> bytes:
    """A FHIR resource, as a line."""
    return json.dumps({"resourceType": "Patient", "id": "a", "active": True}).encode()


Make = Callable[..., HealthcareOperationOperator]


@pytest.fixture
def fhir_import(place: Place, resource: bytes) -> Make:
    """Makes an import of one patient into a FHIR store of its own."""
    from cloud_healthcare_provider.operators.transfers import FhirImportOperator

    store = place.store("fhir", version="R4", enableUpdateCreate=True)
    uri = place.put("patients.ndjson", resource)

    def make(**arguments: Any) -> HealthcareOperationOperator:
        settings = {"store": store, "gcs_uri": uri, "poll_seconds": 0.05, **arguments}
        return FhirImportOperator(task_id="import", **settings)

    return make
