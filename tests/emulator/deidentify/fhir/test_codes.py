"""Codes, displays and URIs stay, unless the patient's record says the same."""

from typing import Any

import pytest

from emulator.deidentify.fhir.rules import basic
from emulator.deidentify.text import Known
from tests.emulator.deidentify.fhir.making import Json, deidentifier

KNOWN = Known.of(
    [
        ("PERSON_NAME", "Quizzelworth^Bartholomew"),
        ("PERSON_NAME", "Final^Wall"),
        ("MEDICAL_RECORD_NUMBER", "84-7712-93"),
        ("EMAIL_ADDRESS", "bq@example.org"),
        ("LOCATION", "New York"),
    ]
)


def cleaned(**fields: Any) -> Json:
    """An Observation with these fields after the profile BASIC."""
    old = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **fields}
    done = deidentifier(*basic()).resource(old, KNOWN, "p")
    assert done.problems == ()
    return done.resource


@pytest.mark.parametrize(
    "coding",
    [
        {"code": "Quizzelworth"},
        {"system": "https://ehr.example/people/84771293"},
        {"display": "Bartholomew Quizzelworth, scan"},
        {"version": "84-7712-93"},
    ],
)
def test_what_the_record_says_goes(coding: dict[str, str]) -> None:
    assert cleaned(category=[{"coding": [{**coding, "userSelected": True}]}])["category"] == [
        {"coding": [{"userSelected": True}]}
    ]


@pytest.mark.parametrize(
    "coding",
    [
        {"system": "http://loinc.org", "code": "30746-2", "display": "Portable XR Chest wall"},
        {"system": "https://health.new-york.example/codes", "code": "7712"},
    ],
)
def test_words_of_code_systems_stay(coding: dict[str, str]) -> None:
    assert cleaned(category=[{"coding": [coding]}])["category"] == [{"coding": [coding]}]


def test_a_code_of_fhir_s_own_stays_whatever_somebody_is_called() -> None:
    assert cleaned()["status"] == "final"


def test_a_reference_to_a_contained_resource_that_is_not_there_says_nothing() -> None:
    reference = cleaned(subject={"reference": "#quizzelworth"})["subject"]["reference"]
    assert reference.startswith("#")
    assert "quizzelworth" not in reference


def test_a_search_that_an_entry_of_a_bundle_asks_for_goes() -> None:
    request = {"method": "GET", "url": "Patient?identifier=84-7712-93"}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": request}]}
    made = deidentifier(*basic()).resource(bundle, KNOWN, "p").resource
    assert made["entry"][0]["request"]["url"] == "Patient"
    request["url"] = "Patient/p"
    made = deidentifier(*basic()).resource(bundle, KNOWN, "p").resource
    assert made["entry"][0]["request"]["url"].startswith("Patient/")
