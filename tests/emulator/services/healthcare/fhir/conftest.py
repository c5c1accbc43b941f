"""Fixtures: a FHIR store of its own for a test, and plain requests on it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from tests.emulator.services.healthcare import transfers
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

Json = dict[str, Any]
FHIR = "application/fhir+json;charset=utf-8"


@dataclass(frozen=True)
class FhirStore:
    """A FHIR store and a session on it."""

    name: str
    base_url: str
    session: requests.Session
    api: str = "v1"
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": FHIR})

    @property
    def url(self) -> str:
        """The address of its FHIR."""
        return f"{self.base_url}/{self.api}/{self.name}/fhir"

    def send(
        self, verb: str, path: str = "", body: Json | list[Any] | bytes | None = None, **headers: str
    ) -> requests.Response:
        """Send a request below .../fhir; headers are given as If_Match."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {} if body is None else {"json": body}
        url = f"{self.url}/{path}" if path else self.url
        return self.session.request(verb, url, headers={**self.headers, **named}, timeout=PATIENCE, **sent)

    def create(self, resource: Json) -> Json:
        """Create a resource that must be taken; the resource as it is then."""
        answer = self.send("POST", resource["resourceType"], resource)
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made

    def put(self, resource: Json) -> Json:
        """Update or create a resource that has its id; the resource as it is then."""
        answer = self.send("PUT", f"{resource['resourceType']}/{resource['id']}", resource)
        assert answer.status_code in (200, 201), answer.text
        made: Json = answer.json()
        return made

    def read(self, path: str) -> Json:
        """The JSON of a GET that must be answered."""
        answer = self.send("GET", path)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found


def issue(answer: requests.Response) -> tuple[int, str, str, str]:
    """Status, code, details.text and diagnostics of the first issue of an OperationOutcome."""
    assert answer.headers["content-type"] == FHIR, answer.text
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    first = outcome["issue"][0]
    assert first["severity"] == "error"
    return answer.status_code, first["code"], first["details"]["text"], first["diagnostics"]


@pytest.fixture
def make_fhir_store(
    emulator: RunningEmulator, healthcare: Any, dataset: str, unique: Callable[[str], str]
) -> Callable[..., FhirStore]:
    """Creates a store; `make_fhir_store("R4", enableUpdateCreate=True)`."""

    def make(version: str = "R4", **settings: Any) -> FhirStore:
        stores = healthcare.projects().locations().datasets().fhirStores()
        body = {"version": version, **settings}
        name = stores.create(parent=dataset, fhirStoreId=unique("fhir"), body=body).execute()["name"]
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {emulator.owner_token}"
        return FhirStore(name, emulator.base_url, session)

    return make


@pytest.fixture
def fhir(make_fhir_store: Callable[..., FhirStore]) -> FhirStore:
    """An empty store of R4 where clients may choose ids."""
    return make_fhir_store(enableUpdateCreate=True)


def store_of(emulator: RunningEmulator) -> FhirStore:
    """A store of R4 where clients may choose ids, in an emulator that has none yet."""
    parent = f"/v1/projects/{emulator.project}/locations/us-central1/datasets"
    emulator.request("POST", f"{parent}?datasetId=d", {})
    emulator.request("POST", f"{parent}/d/fhirStores?fhirStoreId=f", {"version": "R4", "enableUpdateCreate": True})
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {emulator.owner_token}"
    return FhirStore(f"{parent.removeprefix('/v1/')}/d/fhirStores/f", emulator.base_url, session)


PATIENT: Json = {
    "resourceType": "Patient",
    "name": [{"family": "Smith", "given": ["Darcy"], "use": "official"}],
    "gender": "female",
    "birthDate": "1970-01-01",
}


def observation(patient: str, **more: Any) -> Json:
    """A heart rate of a patient, Type/id."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]},
        "subject": {"reference": patient},
        "valueQuantity": {"value": 80, "unit": "bpm"},
        **more,
    }


@pytest.fixture
def bucket(emulator: RunningEmulator, unique: Callable[[str], str]) -> str:
    """A bucket whose objects the service agent may read and write."""
    return transfers.make_bucket(emulator, unique("bucket"), "roles/storage.objectAdmin")
