"""Agreement with Google's own open parser (github.com/google/fhir/go v0.7.4), recorded by tests/tools/fhir_oracle."""

import re
from collections.abc import Iterator

import pytest

from emulator.fhir.validation.validator import Checks, validate
from tests.support.fhir_data import Json, recorded, synthea, synthea_resources
from tests.support.fhir_edits import edited

Case = tuple[Json, list[str], list[str]]
"""A resource, what Google's parser says of it, and what is said here."""

PARSED = Checks(invariants=False)
"""What the parser checks: it leaves invariants to another part of Google's library."""

# docs/fhir-validation.md, "Where it differs from Google's parser", explains each.
EXPLAINED = (
    r'error at "(.*\.)?Parameters\.parameter\[\d+\](.part\[\d+\])*\.resource',
    r'error at "[^"]*\.reference\.extension\[\d+\]',
    r'error at "[^"]*\.text\.div": missing required field "value"',
    "get repeated field: extension failed",
    r'error at "[^"]*\.Contained\[\d+\]": unknown field',
)


def paths(sentences: list[str]) -> set[str]:
    return {sentence.partition('": ')[0] for sentence in sentences}


def cases(version: str) -> Iterator[Case]:
    found = recorded(f"verdicts.{version.lower()}")
    for number, edits, said in found["cases"]:
        resource = edited(found["resources"][number], edits)
        yield resource, said, sorted({problem.discreet for problem in validate(resource, version, PARSED)})


@pytest.fixture(scope="module", params=["R4", "STU3"])
def verdicts(request: pytest.FixtureRequest) -> list[Case]:
    return list(cases(request.param))


def test_there_are_enough_verdicts_of_both_kinds(verdicts: list[Case]) -> None:
    accepted = sum(not said for _, said, _ in verdicts)
    assert len(verdicts) > 9_900
    assert 2_000 < accepted < 5_000


def test_the_same_resources_are_accepted(verdicts: list[Case]) -> None:
    same = sum(bool(said) == bool(ours) for _, said, ours in verdicts)
    assert same / len(verdicts) >= 0.998


def test_the_same_places_are_named(verdicts: list[Case]) -> None:
    same = sum(paths(said) == paths(ours) for _, said, ours in verdicts)
    assert same / len(verdicts) >= 0.997


def test_what_is_accepted_differently_is_explained(verdicts: list[Case]) -> None:
    for _, said, ours in verdicts:
        if bool(said) != bool(ours):
            assert any(re.match(pattern, sentence) for pattern in EXPLAINED for sentence in said + ours), (said, ours)


@pytest.mark.parametrize("version", ["R4", "STU3"])
def test_all_that_synthea_makes_is_accepted(version: str) -> None:
    assert len(synthea_resources(version)) > 600
    assert [validate(resource, version) for resource in synthea_resources(version)] == [[]] * len(
        synthea_resources(version)
    )
    assert [validate(bundle, version) for bundle in synthea(version)] == [[]] * len(synthea(version))
