"""Elements as old and careless writers leave them: no VR, a VR that is none, a VR that only the dictionary can tell."""

import struct
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from emulator.dicom import transcode
from emulator.dicom.header import read_header
from tests.emulator.services.healthcare.instances import file_of, instance, made

EXPLICIT = "1.2.840.10008.1.2.1"
TAG = struct.pack("<HH", 0x0010, 0x4000)  # PatientComments


def with_element(element: bytes) -> bytes:
    """A film with this in the place of its PatientComments."""
    film = made(PatientComments="x" * 8)
    there = TAG + b"LT" + struct.pack("<H", 8) + b"x" * 8
    assert film.count(there) == 1
    return film.replace(there, element)


@pytest.mark.parametrize("vr", [b"  ", b"\0\0", b"??", b"lt", b"XX", b"7F"])
def test_a_vr_that_is_none_with_a_short_length(vr: bytes) -> None:
    """DCMTK reads a length of 16 bits after what is no pair of capitals (dcmdata, DcmVR: EVR_UNKNOWN2B)."""
    header = read_header(with_element(TAG + vr + struct.pack("<H", 8) + b"comments"))
    assert header.elements["00104000"] == {"vr": "LT", "Value": ["comments"]}
    assert header.elements["00280010"]["Value"] == [4]


def test_a_vr_of_a_later_standard() -> None:
    """PS3.5 6.2: any VR that is not known has two reserved bytes and a length of 32 bits."""
    header = read_header(with_element(TAG + b"ZZ\0\0" + struct.pack("<I", 8) + b"comments"))
    assert header.elements["00104000"] == {"vr": "LT", "Value": ["comments"]}
    assert header.elements["00280010"]["Value"] == [4]


def test_an_element_without_vr_inside_an_explicit_file() -> None:
    header = read_header(with_element(TAG + struct.pack("<I", 8) + b"comments"))
    assert header.elements["00104000"] == {"vr": "LT", "Value": ["comments"]}


def implicit(film: Dataset, **attributes: object) -> bytes:
    for keyword, value in attributes.items():
        setattr(film, keyword, value)
    film.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return file_of(film)


def test_text_where_the_dictionary_has_a_sequence(tmp_path: Path) -> None:
    """An explicit file may say LO of it; written implicitly, nothing says so any more."""
    film = instance()
    film.add_new(0x00400555, "LO", "some text")  # AcquisitionContextSequence
    path = tmp_path / "film.dcm"
    path.write_bytes(file_of(film))
    written = transcode.to_syntax(str(path), "1.2.840.10008.1.2")
    assert read_header(written).elements["00400555"]["vr"] == "UN"
    path.write_bytes(written)
    again = transcode.to_syntax(str(path), EXPLICIT)
    assert read_header(again).elements["00280010"]["Value"] == [4]


AMBIGUOUS = {
    0x50000010: ("US", 1),  # which goes with the next two
    0x50003000: ("OW", b"\1\2\3\4"),
    0x5000200C: ("OW", b"\1\2\3\4"),
    0x00143050: ("OW", b"\1\2\3\4"),
    0x00143070: ("OW", b"\1\2\3\4"),
    0x00189810: ("US", 7),
    0x00280071: ("US", 7),
    0x00281100: ("US", [256, 0, 16]),
    0x00281111: ("US", [65535, 0, 16]),
    0x00281112: ("US", [65535, 0, 16]),
    0x00281113: ("US", [65535, 0, 16]),
    0x00281200: ("OW", b"\1\2\3\4"),
    0x00283006: ("OW", b"\1\2\3\4"),
    0x54001010: ("OW", b"\1\2\3\4"),
    0x60003000: ("OW", b"\1\2\3\4"),
    0x7F000010: ("OW", b"\1\2\3\4"),
}


@pytest.mark.parametrize("tag", AMBIGUOUS, ids=lambda tag: f"{tag:08X}")
@pytest.mark.parametrize("nested", [False, True])
def test_ambiguous_vrs_of_an_implicit_file(tmp_path: Path, tag: int, nested: bool) -> None:
    """PS3.5 A.1; where it says nothing, as for retired attributes, OW as DCMTK writes them."""
    vr, value = AMBIGUOUS[tag]
    film = instance()
    holder = Dataset() if nested else film
    holder.add_new(tag, vr, value)
    if nested:
        film.ReferencedImageSequence = [holder]
    path = tmp_path / "film.dcm"
    path.write_bytes(implicit(film))
    written = transcode.to_syntax(str(path), EXPLICIT)
    found = pydicom.dcmread(BytesIO(written))
    element = (found.ReferencedImageSequence[0] if nested else found)[tag]
    assert (element.VR, element.value) == (vr, value)
    assert read_header(written).elements["00280010"]["Value"] == [4]


NUMBERS = {
    "IS": (0x00200011, [b"inf ", b"1e400 ", b"\xd9\xa1", b"1_0 ", b"99999999999999999999", b"7\\NaN "]),
    "DS": (0x00281050, [b"\xd9\xa1", b"NaN ", b"1e999 ", b"1\\inf\\2 "]),
    "FD": (0x00189073, [b"abcdef"]),
    "FL": (0x00189461, [b"abcdef"]),
    "UL": (0x00081161, [b"ab"]),
    "AT": (0x00280009, [b"abcdef"]),
}
ODD_NUMBERS = [(vr, tag, value) for vr, (tag, values) in NUMBERS.items() for value in values]


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(("vr", "tag", "value"), ODD_NUMBERS, ids=str)
def test_a_number_that_is_none_is_kept_in_every_syntax(
    tmp_path: Path, vr: str, tag: int, value: bytes, nested: bool
) -> None:
    """One value that nobody can read does not keep the instance from being converted."""
    element = struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), len(value)) + value
    if nested:
        item = struct.pack("<HHI", 0xFFFE, 0xE000, len(element)) + element
        element = struct.pack("<HH2sHI", 0x0010, 0x1002, b"SQ", 0, len(item)) + item  # OtherPatientIDsSequence
    path = tmp_path / "film.dcm"
    path.write_bytes(with_element(element) if nested else with_element(element + TAG + b"LT\0\0"))
    for syntax in ("1.2.840.10008.1.2", EXPLICIT, "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.90"):
        written = transcode.to_syntax(str(path), syntax)
        assert value in written
        assert read_header(written).elements["00280010"]["Value"] == [4]
        path.write_bytes(written)  # so that each is also converted from the one before
