"""Implementation guides: as in Google's samples, their resources are created, then the store is patched."""

from typing import Any

from tests.emulator.services.healthcare.fhir.conftest import PATIENT, FhirStore, Json, issue

PROFILE_URL = "http://example.org/StructureDefinition/named-patient"
GUIDE_URL = "http://example.org/ImplementationGuide/ig"
STRUCTURE: Json = {
    "resourceType": "StructureDefinition",
    "url": PROFILE_URL,
    "name": "NamedPatient",
    "status": "active",
    "kind": "resource",
    "abstract": False,
    "type": "Patient",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "derivation": "constraint",
    "differential": {
        "element": [
            {"id": "Patient", "path": "Patient"},
            {"id": "Patient.name", "path": "Patient.name", "min": 1},
        ]
    },
}
GUIDE: Json = {
    "resourceType": "ImplementationGuide",
    "url": GUIDE_URL,
    "name": "IG",
    "status": "active",
    "packageId": "example.ig",
    "fhirVersion": ["4.0.1"],
    "global": [{"type": "Patient", "profile": PROFILE_URL}],
}
NAMELESS = {"resourceType": "Patient", "gender": "male"}


def enable(healthcare: Any, store: FhirStore, **config: Any) -> None:
    stores = healthcare.projects().locations().datasets().fhirStores()
    stores.patch(name=store.name, updateMask="validationConfig", body={"validationConfig": config}).execute()


def test_resources_conform_to_the_profiles_of_an_enabled_guide(fhir: FhirStore, healthcare: Any) -> None:
    structure = fhir.create(STRUCTURE)
    fhir.create(GUIDE)
    assert fhir.send("POST", "Patient", NAMELESS).status_code == 201
    enable(healthcare, fhir, enabledImplementationGuides=[GUIDE_URL])
    status, code, text, sentence = issue(fhir.send("POST", "Patient", NAMELESS))
    assert (status, code, text) == (400, "structure", "unparseable_resource")
    assert "Patient" in sentence
    assert fhir.send("POST", "Patient", PATIENT).status_code == 201
    assert fhir.send("POST", "Group", {"resourceType": "Group", "type": "person", "actual": False}).status_code == 201
    lax = {**structure, "differential": {"element": [{"id": "Patient", "path": "Patient"}]}}
    fhir.put(lax)
    assert fhir.send("POST", "Patient", NAMELESS).status_code == 201


def test_profiles_can_be_switched_off(fhir: FhirStore, healthcare: Any) -> None:
    fhir.create(STRUCTURE)
    fhir.create(GUIDE)
    enable(healthcare, fhir, enabledImplementationGuides=[GUIDE_URL], disableProfileValidation=True)
    assert fhir.send("POST", "Patient", NAMELESS).status_code == 201


def test_a_guide_that_is_not_there_is_no_error(fhir: FhirStore, healthcare: Any) -> None:
    enable(healthcare, fhir, enabledImplementationGuides=[GUIDE_URL])
    assert fhir.send("POST", "Patient", NAMELESS).status_code == 201


def test_validate_holds_a_resource_to_the_profile_that_is_asked_for(fhir: FhirStore) -> None:
    path = f"Patient/$validate?profile={PROFILE_URL}"
    assert issue(fhir.send("POST", path, PATIENT))[0] == 400
    fhir.create(STRUCTURE)
    assert fhir.send("POST", path, PATIENT).json()["issue"][0]["severity"] == "information"
    refused = fhir.send("POST", path, NAMELESS)
    assert refused.status_code == 200
    assert refused.json()["issue"][0]["severity"] == "error"
