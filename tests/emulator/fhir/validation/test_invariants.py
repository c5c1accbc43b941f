from typing import Any

import pytest

from emulator.fhir.definitions import load
from emulator.fhir.paths.compiling import compiled
from emulator.fhir.paths.errors import PathError
from emulator.fhir.validation.validator import Checks, validate
from tests.support.fhir_data import Json, recorded


def said(resource: Json, version: str = "R4") -> list[str]:
    return [problem.issue.diagnostics for problem in validate(resource, version)]


def observation(**fields: Any) -> Json:
    return {"resourceType": "Observation", "status": "final", "code": {"coding": [{"code": "a"}]}, **fields}


PERIOD = {"start": "2020-05-01T10:00:00+02:00", "end": "2020-05-01T09:00:00+02:00"}
ENCOUNTER = {"resourceType": "Encounter", "status": "planned", "class": {}}


def test_a_broken_invariant_is_told_in_googles_words() -> None:
    # As in answers of a store that runs on Google's, and in the library's FHIRPath validator.
    assert said(ENCOUNTER | {"period": PERIOD}) == [
        (
            "fhirpath-constraint-violation-Encounter.period: "
            '"start.hasValue().not() or end.hasValue().not() or (start <= end)"'
        )
    ]


@pytest.mark.parametrize(
    ("start", "end", "right"),
    [
        ("2020-05-01", "2020-05-02", True),
        ("2020-05-02", "2020-05-01", False),
        ("2020", "2020-05-01", True),
        ("2021", "2020-05-01", False),
        ("2020-05-01", "2020-05-01T00:00:00Z", True),
        ("2020-05-01T00:00:00+02:00", "2020-04-30T23:00:00Z", True),
        ("2020-05-01T00:00:00-02:00", "2020-05-01T01:00:00Z", False),
    ],
)
def test_a_period_begins_before_it_ends(start: str, end: str, right: bool) -> None:
    assert (said(ENCOUNTER | {"period": {"start": start, "end": end}}) == []) is right


BROKEN: list[tuple[Json, str]] = [
    (observation(valueString="a", dataAbsentReason={"text": "b"}), "Observation"),
    (observation(valueString="a", component=[{"code": {"coding": [{"code": "a"}]}}]), "Observation"),
    (observation(referenceRange=[{"age": {}}]), "Observation.referenceRange"),
    (observation(valueQuantity={"code": "kg"}), "Observation.value.quantity"),
    ({"resourceType": "Patient", "contact": [{"gender": "male"}]}, "Patient.contact"),
    ({"resourceType": "Patient", "telecom": [{"value": "1"}]}, "Patient.telecom"),
    ({"resourceType": "Organization", "name": "a", "telecom": [{"use": "home"}]}, "Organization.telecom"),
    ({"resourceType": "Bundle", "type": "transaction", "total": 1}, "Bundle"),
    ({"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": observation()}]}, "Bundle"),
    ({"resourceType": "Bundle", "type": "document", "entry": [{"resource": observation()}]}, "Bundle"),
]


@pytest.mark.parametrize(("resource", "path"), BROKEN)
def test_a_broken_invariant_is_found_at_its_element(resource: Json, path: str) -> None:
    assert path in {problem.path for problem in validate(resource, "R4")}
    assert validate(resource, "R4", Checks(invariants=False)) == []


RIGHT: list[Json] = [
    observation(valueString="a", component=[{"code": {"coding": [{"code": "b"}]}}]),
    observation(valueQuantity={"code": "kg", "system": "http://unitsofmeasure.org", "value": 1}),
    {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": "Patient"}}]},
    {
        "resourceType": "Condition",
        "subject": {},
        "onsetAge": {"value": 5, "code": "a", "system": "http://unitsofmeasure.org"},
    },
    {"resourceType": "Patient", "extension": [{"url": "http://example.org"}]},
    {"resourceType": "Patient", "managingOrganization": {"reference": "#none"}},
    {  # of HL7's example TestScript/testscript-example: a response code is no response with a type
        "resourceType": "TestScript",
        "url": "http://example.org/a",
        "name": "a",
        "status": "draft",
        "setup": {"action": [{"assert": {"responseCode": "200,204", "operator": "in", "warningOnly": False}}]},
    },
]


@pytest.mark.parametrize("resource", RIGHT)
def test_what_holds_or_is_not_held_to_is_accepted(resource: Json) -> None:
    assert said(resource) == []


def test_in_stu3_only_types_within_types_are_held_to() -> None:
    # Google's protocol buffers of STU3 carry those invariants only.
    assert said({"resourceType": "Patient", "contact": [{"gender": "male"}]}, "STU3") != []
    assert said({"resourceType": "Encounter", "status": "planned", "period": PERIOD}, "STU3") == []


def test_invariants_are_told_of_what_is_right_otherwise() -> None:
    assert said({"resourceType": "Encounter", "period": PERIOD}) == [
        'error at "Encounter": missing required field "status"',
        'error at "Encounter": missing required field "class"',
    ]


@pytest.mark.parametrize(("version", "most"), [("STU3", 4), ("R4", 3), ("R5", 9)])
def test_nearly_all_invariants_can_be_held_to(version: str, most: int) -> None:
    unknown = set()
    for name in load(version).names:
        kind = load(version)[name]
        for constraint in (*kind.constraints, *(one for each in kind.elements.values() for one in each.constraints)):
            try:
                compiled(constraint.expression)
            except PathError:
                unknown.add(constraint.key)
    assert len(unknown) <= most, unknown


@pytest.mark.parametrize("version", ["STU3", "R4"])
def test_no_valid_resource_breaks_an_expression(version: str) -> None:
    for resource in recorded(f"verdicts.{version.lower()}")["resources"]:
        validate(resource, version)
