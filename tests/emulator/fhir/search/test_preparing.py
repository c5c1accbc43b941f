"""What a process prepares of resources by their JSON alone."""

from emulator.fhir import parsing
from emulator.fhir.search.index import Indexer
from emulator.fhir.search.parameters import parameters
from emulator.fhir.search.preparing import Recipe, rows_of
from emulator.fhir.validation.validator import ALL, Checks

STORE = "projects/p/locations/l/datasets/d/fhirStores/f"
PATIENT = {"resourceType": "Patient", "id": "a", "gender": "female", "birthDate": "1970-01-01"}
OBSERVATION = {
    "resourceType": "Observation",
    "id": "b",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
    "subject": {"reference": "Patient/a"},
}


def test_rows_are_those_of_the_index() -> None:
    found = rows_of(Recipe("R4", STORE, ALL), [parsing.serialize(each) for each in (PATIENT, OBSERVATION)])
    plain = Indexer(parameters("R4"))
    assert found == [plain.rows(PATIENT), plain.rows(OBSERVATION)]


def test_references_into_the_store_by_its_name_are_its_own() -> None:
    subject = {"reference": f"{STORE}/fhir/Patient/a"}
    found = rows_of(Recipe("R4", STORE, ALL), [parsing.serialize({**OBSERVATION, "subject": subject})])
    assert found == rows_of(Recipe("R4", STORE, ALL), [parsing.serialize(OBSERVATION)])


def test_what_a_store_may_refuse_has_no_rows() -> None:
    wrong = [
        b'{"resourceType":"Patient","id":',
        b'{"resourceType":"Nothing","id":"a"}',
        b'{"resourceType":"Patient"}',
        b'{"resourceType":"Patient","id":null}',
        b'{"resourceType":"Patient","id":"a","gender":7}',
        b'{"resourceType":"Observation","id":"a"}',
    ]
    assert rows_of(Recipe("R4", STORE, ALL), wrong) == [None] * len(wrong)


def test_switches_of_the_store_count() -> None:
    text = b'{"resourceType":"Observation","id":"a"}'
    (rows,) = rows_of(Recipe("R4", STORE, Checks(required=False)), [text])
    assert rows is not None
