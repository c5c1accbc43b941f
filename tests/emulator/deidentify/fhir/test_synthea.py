"""Ten patients of Synthea: nothing of theirs is left in any byte, and everything still meets."""

from collections.abc import Callable
from datetime import date

import pytest

from emulator.deidentify.fhir import Deidentifier, FhirRules, people
from emulator.deidentify.fhir.rules import basic
from emulator.deidentify.text import Cleaner, Known, TextRules
from emulator.deidentify.text.transformations import CryptoHash, Replace
from tests.emulator.deidentify.fhir.canaries import dangling, leaks, planted
from tests.emulator.deidentify.fhir.making import SECRET, Json
from tests.support.fhir_data import synthea_resources, ten_patients

SOURCE = ten_patients()
PATIENTS = {f"Patient/{each['id']}": each for each in SOURCE if each["resourceType"] == "Patient"}


def patient_of(resource: Json) -> str:
    """Patient/id of the patient that a resource is about, "" for none."""
    if resource["resourceType"] == "Patient":
        return f"Patient/{resource['id']}"
    found = [resource.get(name, {}).get("reference", "") for name in ("subject", "patient")]
    return next((each for each in found if each in PATIENTS), "")


def day(text: str) -> date:
    """The day of a date or dateTime."""
    return date.fromisoformat(text[:10])


def run(text: TextRules) -> list[Json]:
    """All resources, each with what is known of its patient."""
    rules = FhirRules(basic(), regenerate_uids=True)
    one = Deidentifier("R4", rules, SECRET, Cleaner(text, SECRET))
    made = []
    for resource in SOURCE:
        patient = PATIENTS.get(patient_of(resource))
        known = Known.none() if patient is None else people.known([patient])
        done = one.resource(resource, known, "" if patient is None else people.key(patient))
        assert done.problems == ()
        made.append(done.resource)
    return made


MADE = run(TextRules.basic())


def test_the_canaries_are_there_before() -> None:
    values = planted(PATIENTS.values())
    assert len(PATIENTS) == 10
    assert leaks(values, SOURCE).keys() == values


@pytest.mark.parametrize("make", [lambda: MADE, lambda: run(TextRules(CryptoHash(), {"DATE": Replace()}))])
def test_nothing_of_the_patients_is_left(make: Callable[[], list[Json]]) -> None:
    assert leaks(planted(PATIENTS.values()), make()) == {}


def test_every_reference_still_leads_somewhere() -> None:
    assert dangling(SOURCE) == set()
    assert dangling(MADE) == set()
    assert len({f"{each['resourceType']}/{each['id']}" for each in MADE}) == len(SOURCE)


def test_nothing_is_lost_but_what_identifies() -> None:
    for before, after in zip(SOURCE, MADE, strict=True):
        assert before["resourceType"] == after["resourceType"]
        for name in ("status", "code", "gender", "class", "valueQuantity"):
            assert (name in before) == (name in after)


def test_times_between_dates_of_a_patient_stay() -> None:
    for before, after in zip(SOURCE, MADE, strict=True):
        if name := patient_of(before):
            days = SECRET.days(people.key(PATIENTS[name]))
            if birth := before.get("birthDate"):
                assert (day(after["birthDate"]) - day(birth)).days == days
            if start := before.get("period", {}).get("start"):
                assert (day(after["period"]["start"]) - day(start)).days == days


@pytest.mark.parametrize("version", ["STU3", "R4"])
def test_whole_records_of_two_versions_stay_right(version: str) -> None:
    rules = FhirRules(basic(), regenerate_uids=True)
    one = Deidentifier(version, rules, SECRET, Cleaner(TextRules.basic(), SECRET))
    resources = synthea_resources(version)
    patients = [each for each in resources if each["resourceType"] == "Patient"]
    known = people.known(patients)
    made = [one.resource(each, known, "p") for each in resources]
    assert [each.problems for each in made if each.problems] == []
    assert leaks(planted(patients), [each.resource for each in made]) == {}
