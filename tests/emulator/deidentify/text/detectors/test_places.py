"""Places and addresses that nobody told beforehand."""

import pytest

from tests.emulator.deidentify.text.detectors.finding import found


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("lives at 12 Main Street, Apt 3B", "12 Main Street, Apt 3B"),
        ("FOUND AT 511 OLD MILL ROAD", "511 OLD MILL ROAD"),
        ("at 1536 Broadway #12", "1536 Broadway #12"),
        ("seen in Lowell, MA 01850 today", "Lowell, MA 01850"),
        ("a woman from Tulsa", "Tulsa"),
        ("he lives in lawrence and", "lawrence"),
        ("who immigrated from Cape Verde in", "Cape Verde"),
        ("moved to Walla Walla", "Walla Walla"),
        ("grew up in Thistledown", "Thistledown"),
        ("of Middlesex County", "Middlesex County"),
        ("12 ELM ST^^BOSTON^MA^02118", "BOSTON^MA^02118"),
        ("from New Hampshire", "New Hampshire"),
    ],
)
def test_a_place_is_found(text: str, place: str) -> None:
    assert place in found(text, "LOCATION")


@pytest.mark.parametrize(
    "text", ["3 mm in the left lobe", "John Smith, MD", "40 mg daily", "OR at noon", "in the mobile unit", "ME 5/5"]
)
def test_what_is_no_place_is_left(text: str) -> None:
    assert found(text, "LOCATION") == []
