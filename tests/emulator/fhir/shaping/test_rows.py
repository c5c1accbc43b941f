"""Agreement with Google's own shaper (github.com/google/fhir/go v0.7.4), recorded by tests/tools/fhir_oracle."""

import json
from typing import Any

import pytest

from emulator.fhir import parsing
from emulator.fhir.definitions import load
from emulator.fhir.shaping.extensions import RowError
from emulator.fhir.shaping.rows import Shape, Shaper
from tests.support.fhir_data import Json, recorded

SHAPES = {"inferred": Shape.ANALYTICS, "v2": Shape.ANALYTICS_V2}
RECORDED = [(version, said) for version in ("R4", "STU3") for said in ("inferred 2", "v2 2", "v2 1", "v2 3")]


def row(shaper: Shaper, resource: Json) -> Any:
    try:
        return json.loads(parsing.canonical(shaper.row(resource)))
    except RowError as problem:
        return str(problem)


@pytest.mark.parametrize(("version", "said"), RECORDED)
def test_rows_are_googles(version: str, said: str) -> None:
    shape, depth = said.split()
    shaper = Shaper(load(version), SHAPES[shape], int(depth))
    found = recorded(f"rows.{version.lower()}")
    resources = recorded(f"verdicts.{version.lower()}")["resources"] + found["resources"]
    compared = errors = 0
    for resource, theirs in zip(resources, found["rows"][said], strict=True):
        if theirs is not None:
            ours = row(shaper, resource)
            same = theirs.endswith(ours) if isinstance(theirs, str) and isinstance(ours, str) else theirs == ours
            assert same, (resource, theirs, ours)
            compared, errors = compared + 1, errors + isinstance(theirs, str)
    assert compared > 700
    assert errors > 10


@pytest.fixture
def shaper() -> Shaper:
    return Shaper(load("R4"), Shape.ANALYTICS_V2)


def test_a_choice_is_a_record_with_its_type(shaper: Shaper) -> None:
    assert shaper.row({"resourceType": "Patient", "deceasedBoolean": True}) == {"deceased": {"boolean": True}}


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("Patient/1", {"patientId": "1"}),
        ("PractitionerRole/1/_history/2", {"practitionerRoleId": "1"}),
        ("#a", {"reference": "#a"}),
        ("http://example.org/Patient/1", {"reference": "http://example.org/Patient/1"}),
    ],
)
def test_a_reference_to_a_resource_has_its_id(shaper: Shaper, text: str, column: Json) -> None:
    assert shaper.row({"resourceType": "Observation", "subject": {"reference": text}}) == {"subject": column}


def test_numbers_keep_their_digits(shaper: Shaper) -> None:
    raw = b'{"resourceType":"Observation","valueQuantity":{"value":7.00}}'
    assert parsing.serialize(shaper.row(parsing.parse(raw))) == b'{"value":{"quantity":{"value":7.00}}}'


def test_an_extension_that_comes_twice_has_a_row_in_v2_only() -> None:
    twice = [{"url": "http://example.org/a", "valueString": text} for text in ("1", "2")]
    resource = {"resourceType": "Patient", "extension": twice}
    wanted = {"a": [{"value": {"string": "1"}}, {"value": {"string": "2"}}]}
    assert Shaper(load("R4"), Shape.ANALYTICS_V2).row(resource) == wanted
    with pytest.raises(RowError, match="extension field example_org_a ran into collision"):
        Shaper(load("R4"), Shape.ANALYTICS).row(resource)


def test_what_collides_within_the_value_of_an_extension_leaves_it_empty() -> None:
    # As in HL7's R4 CodeSystem/v2-0354, of which Google's shaper makes such rows.
    twice = [{"url": "http://example.org/a", "valueString": text} for text in ("1", "2")]
    comment = {"url": "http://example.org/b", "valueString": "3", "_valueString": {"extension": twice}}
    assert Shaper(load("R4"), Shape.ANALYTICS).row({"resourceType": "Patient", "extension": [comment]}) == {"b": None}


def test_r5_has_rows_too() -> None:
    encounter = {"resourceType": "Encounter", "reason": [{"value": [{"reference": {"reference": "Condition/1"}}]}]}
    wanted = {"reason": [{"value": [{"reference": {"conditionId": "1"}}]}]}
    assert Shaper(load("R5"), Shape.ANALYTICS).row(encounter) == wanted
