"""What is wrong with DICOM JSON is told by its tag, and never by its value."""

from typing import Any

import pytest

from emulator.dicom.soundness import unsound

GOOD = {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]}, "00280010": {"vr": "US", "Value": [4]}}


@pytest.mark.parametrize(
    ("tag", "element"),
    [
        ("00280011", {"vr": "US", "Value": [70000]}),
        ("00280011", {"vr": "US", "Value": ["many"]}),
        ("00200011", {"vr": "IS", "Value": ["inf"]}),
        ("00100010", {"vr": "PN", "Value": [{"Alphabetic": 5}]}),
        ("00080020", {"vr": "DA", "Value": [20200101]}),
        ("00081140", {"vr": "SQ", "Value": ["text"]}),
        ("00090010", {"vr": "XX", "Value": ["text"]}),
        ("00080008", []),
    ],
)
def test_the_first_element_that_can_not_be_written_is_named(tag: str, element: Any) -> None:
    assert unsound({**GOOD, tag: element}) == f" at ({tag[:4]},{tag[4:]})"


def test_what_is_no_tag_and_what_is_sound() -> None:
    assert unsound({**GOOD, "PatientName": {"vr": "PN"}}) == ": a key is no tag of eight hexadecimal digits"
    assert unsound({**GOOD, "00420011": {"vr": "OB", "BulkDataURI": "http://localhost/1"}}) == ""
