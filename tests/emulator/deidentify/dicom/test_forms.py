"""Texts that are disguised as what nobody looks into do not pass the Basic Profile."""

from io import BytesIO

import pydicom
import pytest

from emulator.deidentify.dicom import forms
from emulator.deidentify.dicom.encoding import META, element
from emulator.deidentify.dicom.files import deidentify
from emulator.deidentify.dicom.rules import DicomRules, Profile
from emulator.deidentify.keys import Secret
from tests.emulator.services.healthcare.instances import made

NAME = b"QUIZZELWORTH^BARTHOLOMEW"


def after(tag: int, vr: str, value: bytes, *, report: bool = False) -> bytes:
    """A film to which an element was added that Table E.1-1 has no row for, after the Basic Profile."""
    added = made() + element(tag, vr, value, META)
    return deidentify(added, DicomRules(Profile.BASIC), Secret(bytes(32)), report=report).content()


@pytest.mark.parametrize(
    ("tag", "vr"),
    [
        (0x7FE00030, "DS"),
        (0x7FE00030, "IS"),
        (0x7FE00030, "TM"),
        (0x7FE00030, "UI"),
        (0x7FE00030, "DA"),
        (0x52009229, "LO"),
        (0x52009229, "OB"),
    ],
)
@pytest.mark.parametrize("report", [False, True])
def test_a_text_goes(tag: int, vr: str, *, report: bool) -> None:
    new = after(tag, vr, NAME, report=report)
    assert NAME not in new
    assert pydicom.dcmread(BytesIO(new)).SOPClassUID


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("DS", b"-1.5e+02\\ 7 \\1,5"),
        ("IS", b"12 "),
        ("IS", b"1.0"),
        ("TM", b"101112.123456"),
        ("TM", b"10:11:12"),
        ("DA", b"20200102"),
        ("DT", b"20200102101112.5+0100"),
        ("AS", b"045Y"),
        ("UI", b"1.2.840\0"),
        ("DS", b""),
        ("LO", NAME),
    ],
)
def test_a_value_of_its_form_stays(vr: str, value: bytes) -> None:
    """PS3.5 6.2, and what sloppy writers write."""
    assert forms.fits(vr, value)
    assert element(0x7FE00030, vr, value, META) in after(0x7FE00030, vr, value)
