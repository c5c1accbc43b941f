"""A store of DSTU2: resources that later versions no longer have in this form, searches and bundles."""

from collections.abc import Callable

import pytest

from emulator.fhir.validation.validator import validate
from tests.emulator.services.healthcare.fhir.conftest import FhirStore, Json, issue
from tests.emulator.services.healthcare.fhir.test_searching import ids

PATIENT: Json = {
    "resourceType": "Patient",
    "id": "p",
    "name": [{"family": ["Chalmers"], "given": ["Peter"]}],  # family is a list in DSTU2
    "telecom": [{"system": "phone", "value": "03 5555"}],
    "gender": "male",
    "birthDate": "1974-12-25",
    "deceasedBoolean": False,
    "careProvider": [{"reference": "Organization/o"}],
}
CONDITION: Json = {
    "resourceType": "Condition",
    "id": "c",
    "patient": {"reference": "Patient/p"},
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "39065001"}]},
    "verificationStatus": "confirmed",
    "onsetDateTime": "2012-05-24",
}
ORDER: Json = {
    "resourceType": "MedicationOrder",
    "id": "m",
    "patient": {"reference": "Patient/p"},
    "medicationCodeableConcept": {"text": "Furosemide"},
    "status": "active",
}
OBSERVATION: Json = {
    "resourceType": "Observation",
    "id": "v",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
    "subject": {"reference": "Patient/p"},
    "effectiveDateTime": "2015-02-07T13:28:17+02:00",
    "valueQuantity": {"value": 80, "unit": "/min"},
    "component": [{"code": {"text": "part"}, "valueString": "fast"}],
}
ORGANIZATION: Json = {"resourceType": "Organization", "id": "o", "name": "Burgers University"}
ALL = [ORGANIZATION, PATIENT, CONDITION, ORDER, OBSERVATION]

WRONG: list[tuple[Json, str]] = [
    ({"resourceType": "ServiceRequest"}, "unknown resource type"),  # came later
    ({**PATIENT, "generalPractitioner": []}, 'unknown field "generalPractitioner"'),  # was careProvider
    ({**PATIENT, "name": [{"family": "Chalmers"}]}, "expected array"),
    ({**PATIENT, "gender": "x"}, "is not a AdministrativeGenderCode"),
    ({**PATIENT, "birthDate": "25.12.1974"}, "expected date"),
    ({**PATIENT, "deceasedDateTime": "2020"}, "cannot accept multiple values for deceased field"),
    ({"resourceType": "Condition", "patient": {}, "code": {}}, 'missing required field "verificationStatus"'),
    ({**CONDITION, "patient": {"reference": "Organization/o"}}, "want Patient"),
    ({**OBSERVATION, "status": "done"}, "is not a ObservationStatusCode"),
    ({**OBSERVATION, "valueInteger": 1}, 'unknown field "valueInteger"'),  # since R4
]


@pytest.mark.parametrize("resource", ALL)
def test_right_resources_are_right(resource: Json) -> None:
    # The elements are those of hl7.org/fhir/DSTU2, from whose examples the values are.
    assert validate(resource, "DSTU2") == []


@pytest.mark.parametrize(("resource", "part"), WRONG)
def test_wrong_resources_are_told_what_is_wrong(resource: Json, part: str) -> None:
    assert part in " ".join(problem.issue.diagnostics for problem in validate(resource, "DSTU2"))


@pytest.fixture
def dstu2(make_fhir_store: Callable[..., FhirStore]) -> FhirStore:
    store = make_fhir_store("DSTU2", enableUpdateCreate=True)
    entries = [
        {"request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}, "resource": each} for each in ALL
    ]
    answer = store.send("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert [each["response"]["status"] for each in answer.json()["entry"]] == ["201 Created"] * len(ALL)
    return store


def test_resources_are_kept_found_and_refused(dstu2: FhirStore) -> None:
    assert dstu2.read("MedicationOrder/m")["medicationCodeableConcept"] == {"text": "Furosemide"}
    found = {
        "Patient?family=chalmers": ["p"],
        "Patient?phone=03 5555": ["p"],
        "Patient?deceased=false": ["p"],
        "Patient?careprovider:Organization.name=burgers": ["p"],
        "Patient?_has:Condition:patient:code=39065001": ["p"],
        "Condition?onset=2012-05": ["c"],
        "MedicationOrder?patient=Patient/p&status=active": ["m"],
        "Observation?value-quantity=80": ["v"],
        "Observation?code-value-quantity=8867-4$gt70": ["v"],
        "Observation?component-value-string=fast": ["v"],
        "Observation?patient.birthdate=lt1980&_sort=-date": ["v"],
        "Observation?date=2016": [],
    }
    for search, wanted in found.items():
        assert ids(dstu2.read(search)) == wanted, search
    included = dstu2.read("Observation?_id=v&_include=Observation:subject&_revinclude=Condition:patient")
    assert set(ids(included)) == {"v", "p"}
    assert set(ids(dstu2.read("Patient/p/$everything"))) == {"p", "c", "m", "v", "o"}
    lost = {**CONDITION, "id": "lost", "patient": {"reference": "Patient/none"}}
    assert issue(dstu2.send("PUT", "Condition/lost", lost))[::2] == (400, "invalid_references")


def test_its_capabilities_are_a_conformance_that_is_right(dstu2: FhirStore) -> None:
    statement = dstu2.read("metadata")
    assert (statement["resourceType"], statement["fhirVersion"]) == ("Conformance", "1.0.2")
    assert validate(statement, "DSTU2") == []
