"""R5 beside HAPI's validator (8.8.1), whose verdicts tests/tools/hapi_oracle recorded: Google's parser has no R5."""

from collections.abc import Iterator

import pytest

from emulator.fhir.validation.problems import Aspect, Problem
from emulator.fhir.validation.validator import validate
from tests.support.fhir_data import recorded
from tests.support.fhir_edits import edited

Case = tuple[set[str], list[Problem]]
"""The ids of the errors that HAPI finds in a resource, and what is said of it here."""

# docs/fhir-validation.md, "R5 beside HAPI", explains each.
ONLY_HAPI = (
    *("Terminology_", "Extension_EXT_URL_Absolute", "IG_DEPENDENCY", "SM_NAME_INVALID", "EXCEPTION"),
    *("Type_Specific_Checks_DT_ID_Valid", "Type_Specific_Checks_DT_UUID_Valid"),
    "http://hl7.org/fhir/StructureDefinition/Extension#ext-1",
    "http://hl7.org/fhir/StructureDefinition/MessageDefinition#md-1",
    "http://hl7.org/fhir/StructureDefinition/DiagnosticReport#dgr-1",
    "http://hl7.org/fhir/StructureDefinition/RiskAssessment#ras-1",
)


@pytest.fixture(scope="module")
def verdicts() -> list[Case]:
    return list(cases())


def cases() -> Iterator[Case]:
    found = recorded("verdicts.r5")
    for number, edits, errors in found["cases"]:
        yield {name for name, _ in errors}, validate(edited(found["resources"][number], edits), "R5")


def is_explained(problem: Problem) -> bool:
    """HAPI looks at no targets of references within CodeableReference, and takes control characters."""
    return problem.aspect is Aspect.REFERENCE or "invalid characters" in problem.details


def test_there_are_enough_verdicts_of_both_kinds(verdicts: list[Case]) -> None:
    assert len(verdicts) == 1_500
    assert sum(not errors for errors, _ in verdicts) > 250


def test_what_is_refused_here_only_is_explained(verdicts: list[Case]) -> None:
    only_here = [ours for errors, ours in verdicts if ours and not errors]
    assert len(only_here) < 10
    assert all(is_explained(problem) for ours in only_here for problem in ours)


def test_what_hapi_alone_refuses_is_explained(verdicts: list[Case]) -> None:
    only_hapi = [errors for errors, ours in verdicts if errors and not ours]
    assert len(only_hapi) < 80
    assert [each for errors in only_hapi for each in errors if not each.startswith(ONLY_HAPI)] == []
