"""What resources say of people, and whose dates move together."""

from emulator.deidentify.fhir import people
from tests.emulator.deidentify.fhir.making import Json


def kind(code: str) -> Json:
    return {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": code}]}


PATIENT: Json = {
    "resourceType": "Patient",
    "id": "p1",
    "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "valueString": "Ann Beam"},
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": {"city": "Oldtown"}},
    ],
    "identifier": [
        {"system": "urn:s", "value": "first"},
        {"type": kind("MR"), "value": "MRN-4711"},
        {"type": kind("SS"), "value": "999-12-3456"},
    ],
    "name": [{"family": "Wall", "given": ["Peter", "Paul"], "text": "Mr. P. Wall"}],
    "telecom": [{"system": "phone", "value": "555-123-4567"}, {"system": "email", "value": "p@wall.example"}],
    "address": [{"line": ["123 Main Street"], "city": "Anycity", "postalCode": "12345", "state": "CA"}],
    "birthDate": "1970-03-14",
    "deceasedDateTime": "2020-05-06T10:00:00Z",
    "contact": [{"name": {"family": "Door"}, "telecom": [{"value": "555-000-1111"}]}],
}


def test_all_that_a_patient_says() -> None:
    assert set(people.values(PATIENT)) == {
        ("MEDICAL_RECORD_NUMBER", "p1"),
        ("MEDICAL_RECORD_NUMBER", "first"),
        ("MEDICAL_RECORD_NUMBER", "MRN-4711"),
        ("US_SOCIAL_SECURITY_NUMBER", "999-12-3456"),
        ("PERSON_NAME", "Wall Peter Paul"),
        ("PERSON_NAME", "Mr. P. Wall"),
        ("PERSON_NAME", "Door"),
        ("PERSON_NAME", "Ann Beam"),
        ("PHONE_NUMBER", "555-123-4567"),
        ("PHONE_NUMBER", "555-000-1111"),
        ("EMAIL_ADDRESS", "p@wall.example"),
        ("LOCATION", "123 Main Street"),
        ("LOCATION", "Anycity"),
        ("LOCATION", "12345"),
        ("LOCATION", "Oldtown"),
        ("DATE", "1970-03-14"),
        ("DATE", "2020-05-06"),
    }


def test_nonsense_says_nothing() -> None:
    odd = {"name": "Wall", "address": [None, 5], "telecom": {}, "identifier": [{"type": "x"}], "birthDate": 7}
    assert list(people.values(odd)) == []


def test_dates_move_by_the_record_number() -> None:
    assert people.key(PATIENT) == "MRN-4711"
    assert people.key({"id": "p", "identifier": [{"system": "dicomweb", "value": "PAT-1"}]}) == "PAT-1"
    assert people.key({"id": "p", "identifier": [{"system": "x"}]}) == "p"


def test_people_in_bundles_and_contained() -> None:
    inner = {"resourceType": "Observation", "contained": [PATIENT]}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": inner}, {"fullUrl": "x"}]}
    assert list(people.within(bundle)) == [PATIENT]
