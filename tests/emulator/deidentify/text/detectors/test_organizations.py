"""Organizations."""

import pytest

from tests.emulator.deidentify.text.detectors.finding import found


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("presented to Mercy General Hospital with", "Mercy General Hospital"),
        ("St. Mary's Hospital called", "St. Mary's Hospital"),
        ("Children's Hospital of the Valley", "Children's Hospital of the Valley"),
        ("worked for Hutchins Paper Mill until", "Hutchins Paper Mill"),
        ("employer: Acme Tool & Die", "Acme Tool & Die"),
        ("transferred from Golden Acres on", "Golden Acres"),
        ("Insurance: Aetna", "Aetna"),
        ("attended Ohio State University", "Ohio State University"),
        ("Baxter Logistics Inc. pays", "Baxter Logistics Inc"),
    ],
)
def test_an_organization_is_found(text: str, name: str) -> None:
    assert found(text, "ORGANIZATION_NAME") == [name]


@pytest.mark.parametrize(
    "text", ["admitted to the hospital", "HOSPITAL COURSE: fine", "clinic in 2 weeks", "Clinic note"]
)
def test_what_is_none_is_left(text: str) -> None:
    assert found(text, "ORGANIZATION_NAME") == []
