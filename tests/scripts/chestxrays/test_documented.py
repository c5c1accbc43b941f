"""docs/chest-xrays-as-dicom.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydicom.datadict import keyword_dict

from scripts.chestxrays.convert import Syntax, to_dicom
from scripts.chestxrays.describing import finding_code
from scripts.chestxrays.records import FINDINGS, NO_FINDING
from scripts.chestxrays.uids import NAMESPACE, instance_uid, uid_of
from tests.scripts.chestxrays.films import RECORD, png, read

TEXT = (Path(__file__).parents[3] / "docs" / "chest-xrays-as-dicom.md").read_text()
TAGGED = re.findall(r"(\w+) \(([0-9A-F]{4}),([0-9A-F]{4})\)", TEXT)

_MULTIPLICATION = (
    *((0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 4, 0, 6, 7, 8, 9, 5), (2, 3, 4, 0, 1, 7, 8, 9, 5, 6)),
    *((3, 4, 0, 1, 2, 8, 9, 5, 6, 7), (4, 0, 1, 2, 3, 9, 5, 6, 7, 8), (5, 9, 8, 7, 6, 0, 4, 3, 2, 1)),
    *((6, 5, 9, 8, 7, 1, 0, 4, 3, 2), (7, 6, 5, 9, 8, 2, 1, 0, 4, 3), (8, 7, 6, 5, 9, 3, 2, 1, 0, 4)),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_TURN = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def verhoeff(code: str) -> int:
    """0 for an identifier of SNOMED CT that was typed rightly."""
    check = 0
    for place, digit in enumerate(reversed(code)):
        turned = int(digit)
        for _ in range(place % 8):
            turned = _TURN[turned]
        check = _MULTIPLICATION[check][turned]
    return check


def test_tags_are_their_keywords() -> None:
    assert len(TAGGED) > 25
    for keyword, group, element in TAGGED:
        assert keyword_dict[keyword] == int(group + element, 16), keyword


def test_all_that_is_promised_is_in_a_film() -> None:
    dataset = read(to_dicom(png(), RECORD))
    private = {"CodingSchemeIdentificationSequence"}
    assert [keyword for keyword, *_ in TAGGED if keyword not in dataset and keyword not in private] == []


@pytest.mark.parametrize("label", [*FINDINGS, NO_FINDING])
def test_codes(label: str) -> None:
    value, scheme, meaning = finding_code(label)
    assert f'| {label} | ({value}, {scheme}, "{meaning}") |' in TEXT
    assert len(value) <= 16
    assert scheme == "99CHESTXRAY14" or verhoeff(value) == 0


def test_uids() -> None:
    assert f"`{NAMESPACE}`" in TEXT
    assert "`nih-chest-xrays/instance/00000001_000.png`" in TEXT
    assert instance_uid(RECORD) == uid_of("nih-chest-xrays/instance/00000001_001.png")


def test_syntaxes() -> None:
    for syntax in Syntax:
        assert f"`{syntax}`" in TEXT
        assert syntax.uid in TEXT
