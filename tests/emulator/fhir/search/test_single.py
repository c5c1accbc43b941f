"""Which parameters a resource has one value of at most."""

import pytest

from emulator.fhir.search.parameters import parameters
from emulator.fhir.search.single import is_single


@pytest.mark.parametrize(
    ("base", "code", "single"),
    [
        # hl7.org/fhir/R4: cardinalities of the elements
        ("Observation", "subject", True),  # 0..1
        ("Observation", "patient", True),  # the same, if it is a patient
        ("Observation", "encounter", True),
        ("Patient", "organization", True),
        ("Patient", "general-practitioner", False),  # 0..*
        ("Patient", "link", False),  # one each of many links
        ("Provenance", "target", False),  # 1..*
        ("Claim", "encounter", False),  # one each of many items
        ("MedicationRequest", "medication", False),  # a choice, as more than a path
    ],
)
def test_a_path_of_single_elements_has_one_value(base: str, code: str, single: bool) -> None:
    assert is_single("R4", base, parameters("R4").of(base)[code].expression) is single


@pytest.mark.parametrize("expression", ["", "Patient", "Patient.nothing", "Group.managingEntity", "Patient.id.first()"])
def test_what_is_no_path_of_the_type_counts_as_many(expression: str) -> None:
    assert not is_single("R4", "Patient", expression)


@pytest.mark.parametrize("version", ["DSTU2", "STU3", "R4", "R5"])
def test_every_version_has_single_references(version: str) -> None:
    codes = parameters(version).of("Observation")
    assert is_single(version, "Observation", codes["subject"].expression)
    assert not is_single(version, "Observation", codes["performer"].expression)
