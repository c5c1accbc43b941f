"""The resources are valid in R4 and STU3, and lead to each other."""

from collections.abc import Iterator
from typing import Any

import pytest

from emulator.fhir.validation.validator import validate
from emulator.hospital.fhir.places import shared
from emulator.hospital.fhir.records import records
from emulator.hospital.fhir.stu3 import in_stu3
from emulator.hospital.story import stories

Json = dict[str, Any]


def resources(version: str) -> list[Json]:
    """The resources of some patients, and what they share."""
    made = [*shared(1, "http://127.0.0.1:9470/v1/dicomWeb")]
    made += [each for told in stories(1, 1, 12) for each in records(told)]
    return [in_stu3(each) if version == "STU3" else each for each in made]


@pytest.mark.parametrize("version", ["R4", "STU3"])
def test_every_resource_is_valid(version: str) -> None:
    made = resources(version)
    assert [problem for each in made for problem in validate(each, version)] == []
    assert validate({**made[-1], "status": "no such status"}, version) != []
    types = {each["resourceType"] for each in made}
    request = "ServiceRequest" if version == "R4" else "ProcedureRequest"
    assert types == {
        *("Organization", "Endpoint", "Practitioner", "Patient", "Consent", "Encounter", request),
        *("Observation", "ImagingStudy", "DiagnosticReport"),
    }


@pytest.mark.parametrize("version", ["R4", "STU3"])
def test_no_reference_dangles_and_each_resource_is_reached(version: str) -> None:
    """From a patient's side: all but the physicians who saw nobody are led to, or lead to their patient."""
    made = resources(version)
    there = {f"{each['resourceType']}/{each['id']}" for each in made}
    leads = {f"{each['resourceType']}/{each['id']}": set(references(each)) for each in made}
    led_to = set().union(*leads.values())
    assert led_to - there == set()
    patients = {name for name in there if name.startswith("Patient/")}
    apart = {name for name in there - led_to if not leads[name] & patients}
    assert all(name.startswith("Practitioner/") for name in apart)


def references(value: Any) -> Iterator[str]:
    """All references within a value."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "reference":
                yield each
            else:
                yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)
