"""Ages over 89 are not told (45 CFR 164.514(b)(2)(i)(C))."""

from datetime import date
from typing import Any

import pytest

from emulator.deidentify.fhir import ages
from emulator.deidentify.fhir.rules import basic
from tests.emulator.deidentify.fhir.making import Json, made

TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("age", "told"),
    [
        ({"value": 89, "code": "a"}, 89),
        ({"value": 90, "code": "a"}, 90),
        ({"value": 97, "code": "a"}, 90),
        ({"value": 97.5}, 90),
        ({"value": 1200, "code": "mo"}, 1080),
        ({"value": 60, "code": "mo"}, 60),
        ({"value": 97, "code": "min"}, 97),
        ({"value": "97"}, "97"),
        ({"value": True}, True),
    ],
)
def test_ages(age: Json, told: Any) -> None:
    assert ages.capped(age, age["value"]) == told


@pytest.mark.parametrize(
    ("person", "told"),
    [
        ({"birthDate": "1936-11-27"}, True),
        ({"birthDate": "1936-11-28"}, False),
        ({"birthDate": "1936"}, True),
        ({"birthDate": "1937-01"}, False),
        ({"birthDate": "1930-01-01", "deceasedDateTime": "1999-05-05T10:00:00Z"}, False),
        ({"birthDate": "1900-01-01", "deceasedDateTime": "1999"}, True),
        ({}, False),
        ({"birthDate": "nonsense"}, False),
    ],
)
def test_birth_dates(person: Json, told: bool) -> None:
    assert ages.is_told(person, TODAY) is told


def test_resources() -> None:
    old = {"resourceType": "Patient", "birthDate": "1900-01-01", "deceasedDateTime": "1999-01-01", "gender": "male"}
    assert "birthDate" not in made(old, *basic(), cap_ages=True)
    assert "birthDate" in made(old, *basic())
    onset = {"value": 95, "unit": "years", "system": "http://unitsofmeasure.org", "code": "a"}
    condition = {"resourceType": "Condition", "subject": {"reference": "Patient/p"}, "onsetAge": onset}
    assert made(condition, cap_ages=True)["onsetAge"] == {**onset, "value": 90}
