"""Darcy's data, her consents, and asking for them with a scope: the scenario of Google's page."""

from collections.abc import Callable
from typing import Any

import requests

from tests.emulator.services.healthcare import transfers
from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, observation
from tests.emulator.services.healthcare.fhir.consents.made import COMMON_TAGS, coding, consent, provision
from tests.support.emulator import RunningEmulator

BROWN = "Practitioner/brown"
ACTOR = f"actor/{BROWN}"
HOSPITAL = "http://example.com/HappyHospital"
DENIED = (403, "security", "permission_denied", "Consent access denied or the resource being accessed does not exist")
MakeStore = Callable[..., FhirStore]
CONFIG = {"version": "V1", "accessEnforced": True}


def fill(store: FhirStore) -> None:
    store.put({"resourceType": "Practitioner", "id": "brown"})
    store.put({**PATIENT, "id": "darcy", "meta": {"tag": [coding(COMMON_TAGS, "employee")]}})
    store.put(observation("Patient/darcy", id="blood", meta={"source": HOSPITAL}))
    store.put(observation("Patient/darcy", id="sugar"))
    at_hospital = provision("permit", BROWN, environment="App/123", sources=(HOSPITAL,))
    store.put(consent("app", "Patient/darcy", at_hospital))
    store.put(consent("emergency", "Patient/darcy", provision("permit", BROWN, purpose="ETREAT")))
    research = provision("permit", BROWN, purpose="BIORCH", environment="App/golden")
    store.put(consent("research", "", research))


def apply(emulator: RunningEmulator, store: FhirStore, **body: Any) -> Json:
    return transfers.run(emulator, store.name, "applyConsents", body)


def name_of(store: FhirStore, identifier: str) -> str:
    version = store.read(f"Consent/{identifier}")["meta"]["versionId"]
    return f"{store.name}/fhir/Consent/{identifier}/_history/{version}"


def apply_policies(emulator: RunningEmulator, store: FhirStore, *ids: str, **body: Any) -> Json:
    named = {"names": [name_of(store, each) for each in ids]}
    return transfers.run(emulator, store.name, "applyAdminConsents", {"newConsentsList": named, **body})


def get(store: FhirStore, path: str, scope: str) -> Any:
    return store.send("GET", path, X_Consent_Scope=scope)


def ids(store: FhirStore, path: str, scope: str) -> set[str]:
    answer = get(store, path, scope)
    assert answer.status_code == 200, answer.text
    return {each["resource"]["id"] for each in answer.json().get("entry", [])}


def opened(running: RunningEmulator, name: str) -> FhirStore:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {running.owner_token}"
    return FhirStore(name, running.base_url, session)
