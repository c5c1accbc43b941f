"""Which types of resources a canonical URL names."""

import pytest

from emulator.fhir.canonicals import is_canonical
from emulator.fhir.definitions import load


@pytest.mark.parametrize("version", ["STU3", "R4", "R5"])
def test_definitions_are_canonical_and_addresses_are_not(version: str) -> None:
    found = {name for name in load(version).resources if is_canonical(load(version), name)}
    assert {"Questionnaire", "ValueSet", "CodeSystem", "StructureDefinition", "SearchParameter"} <= found
    assert not {"Device", "Subscription", "Patient", "Endpoint"} & found
