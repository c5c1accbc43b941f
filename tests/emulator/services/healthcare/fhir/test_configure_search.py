"""configureSearch: SearchParameter resources of a store, by which it is searched once it is indexed anew."""

from collections.abc import Callable
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, issue
from tests.emulator.services.healthcare.fhir.test_searching import ids
from tests.emulator.services.healthcare.transfers import wait
from tests.support.emulator import RunningEmulator

URL = "http://example.org/SearchParameter/patient-language"
PARAMETER: Json = {
    "resourceType": "SearchParameter",
    "url": URL,
    "name": "spoken",
    "status": "active",
    "description": "a language that the patient speaks",
    "code": "spoken",
    "base": ["Patient"],
    "type": "token",
    "expression": "Patient.communication.language",
}


def speaker(identifier: str, code: str) -> Json:
    language = {"coding": [{"system": "urn:ietf:bcp:47", "code": code}]}
    return {**PATIENT, "id": identifier, "communication": [{"language": language}]}


@pytest.fixture
def configure(google_api: Callable[[str, str], Any], emulator: RunningEmulator) -> Callable[..., Json]:
    """Calls configureSearch and waits for its operation."""
    stores = google_api("healthcare", "v1beta1").projects().locations().datasets().fhirStores()

    def call(store: FhirStore, *urls: str, **more: Any) -> Json:
        started = stores.configureSearch(name=store.name, body={"canonicalUrls": list(urls), **more}).execute()
        finished: Json = wait(emulator, started["name"])
        return finished

    return call


def test_what_is_there_and_what_comes_is_found(
    fhir: FhirStore, configure: Callable[..., Json], healthcare: Any
) -> None:
    for number in range(250):
        fhir.put(speaker(f"p{number}", "nl" if number == 7 else "en"))
    fhir.create(PARAMETER)
    assert issue(fhir.send("GET", "Patient?spoken=nl", Prefer="handling=strict"))[0] == 400
    operation = configure(fhir, URL)
    assert operation["metadata"]["counter"] == {"success": "250"}
    fhir.put(speaker("later", "nl"))
    strict = fhir.send("GET", "Patient?spoken=nl", Prefer="handling=strict")
    assert ids(strict.json()) == ["later", "p7"]
    patient = next(each for each in fhir.read("metadata")["rest"][0]["resource"] if each["type"] == "Patient")
    assert {"name": "spoken", "type": "token"} in patient["searchParam"]
    stores = healthcare.projects().locations().datasets().fhirStores()
    stores.patch(name=fhir.name, updateMask="labels", body={"labels": {"a": "b"}}).execute()
    assert ids(fhir.read("Patient?spoken=nl")) == ["later", "p7"]
    configure(fhir)
    assert issue(fhir.send("GET", "Patient?spoken=nl", Prefer="handling=strict"))[0] == 400


def test_a_trial_changes_nothing(fhir: FhirStore, configure: Callable[..., Json]) -> None:
    fhir.create(PARAMETER)
    assert "response" in configure(fhir, URL, validateOnly=True)
    assert issue(fhir.send("GET", "Patient?spoken=nl", Prefer="handling=strict"))[0] == 400


def test_what_cannot_be_searched_by_is_refused(fhir: FhirStore, configure: Callable[..., Json]) -> None:
    with pytest.raises(HttpError) as missing:
        configure(fhir, URL)
    assert missing.value.resp.status == 400
    assert URL in missing.value.reason
    fhir.create({**PARAMETER, "expression": "Patient.communication.language.frobnicate("})
    with pytest.raises(HttpError) as wrong:
        configure(fhir, URL)
    assert wrong.value.resp.status == 400
