import pytest

from emulator.fhir import references, referring
from emulator.fhir.validation.validator import Checks, references_of_right, validate
from tests.support.fhir_data import Json, recorded, synthea_resources


@pytest.mark.parametrize("version", ["STU3", "R4"])
def test_right_resources_have_their_references_where_types_say(version: str) -> None:
    right = [each for each in recorded(f"verdicts.{version.lower()}")["resources"][::3] if not validate(each, version)]
    assert len(right) > 100
    for resource in [*right, *synthea_resources(version)]:
        found = sorted(references.texts(resource, extensions=False))
        assert sorted(referring.texts(resource, version)) == found
        assert sorted(references_of_right(resource, version) or []) == found


def test_what_is_right_is_told_with_its_references() -> None:
    subject = {"reference": "Patient/1", "identifier": {"assigner": {"reference": "Organization/1"}}}
    request = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medication": {"reference": {"reference": "Medication/1"}},
        "subject": {**subject, "extension": EXTENDED},
    }
    assert sorted(references_of_right(request, "R5") or []) == ["Medication/1", "Organization/1", "Patient/1"]
    wrong = {**request, "subject": {"reference": "Library/1"}}
    assert references_of_right(wrong, "R5") is None
    assert sorted(references_of_right(wrong, "R5", Checks(references=False)) or []) == ["Library/1", "Medication/1"]


EXTENDED = [{"url": "http://e.org", "valueReference": {"reference": "Patient/extended"}}]
RIGHT: list[tuple[str, Json, list[str]]] = [
    ("R4", {"resourceType": "Patient", "contained": [{"subject": {"reference": "#a"}}]}, ["#a"]),
    ("R4", {"resourceType": "Patient", "extension": EXTENDED, "_active": {"extension": EXTENDED}}, []),
    ("R4", {"resourceType": "Bundle", "entry": [{"resource": {"subject": {"reference": "Group/1"}}}]}, ["Group/1"]),
    ("STU3", {"resourceType": "Observation", "Subject": {"reference": "Patient/1"}}, ["Patient/1"]),
    ("STU3", {"resourceType": "Observation", "subject": {"Reference": "Patient/1"}}, []),
    ("R4", {"resourceType": "PlanDefinition", "action": [{"condition": [{"expression": {"reference": "u"}}]}]}, ["u"]),
    (
        "R5",
        {"resourceType": "MedicationRequest", "medication": {"reference": {"reference": "Medication/1"}}},
        ["Medication/1"],
    ),
    (
        "R4",
        {
            "resourceType": "Questionnaire",
            "item": [{"item": [{"initial": [{"valueReference": {"reference": "A/1"}}]}]}],
        },
        ["A/1"],
    ),
]


@pytest.mark.parametrize(("version", "resource", "found"), RIGHT)
def test_references_stand_in_lists_choices_and_resources_within_resources(
    version: str, resource: Json, found: list[str]
) -> None:
    assert referring.texts(resource, version) == found
    assert references.texts(resource, extensions=False) == found
