from pathlib import Path
from typing import Any

import pytest

from emulator.dicom.errors import DicomError
from emulator.dicom.header import read_header
from emulator.dicom.native_xml import from_xml, to_xml
from tests.emulator.dicom.files import shipped, shipped_files

SOUND = [path for path in shipped_files() if path.stat().st_size < 200_000]


def readable(path: Path) -> dict[str, Any]:
    try:
        return read_header(path.read_bytes()).elements
    except DicomError:
        pytest.skip("not a sound file")


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.name)
def test_json_survives_xml(path: Path) -> None:
    elements = readable(path)
    assert from_xml(to_xml(elements)) == _floats(elements)


def _floats(dataset: dict[str, Any]) -> dict[str, Any]:
    """XML cannot tell control characters, nor a name's empty last components."""
    shown = {}
    for tag, element in dataset.items():
        shown[tag] = dict(element)
        if element["vr"] == "SQ" and "Value" in element:
            shown[tag]["Value"] = [_floats(item) for item in element["Value"]]
        elif element["vr"] == "PN" and "Value" in element:
            shown[tag]["Value"] = [
                {group: "^".join(text.split("^")[:5]).rstrip("^") for group, text in (name or {}).items()} or None
                for name in element["Value"]
            ]
    return shown


def test_names_have_components_and_private_google_tags_a_creator() -> None:
    document = to_xml(
        {
            "00090097": {"vr": "LT", "Value": ["already exists"]},
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^John", "Ideographic": "王^小東"}]},
        }
    ).decode()
    assert 'tag="00090097" vr="LT" keyword="FailureDetail" privateCreator="GOOGLE"' in document
    assert "<FamilyName>Doe</FamilyName><GivenName>John</GivenName></Alphabetic>" in document
    assert "<Ideographic><FamilyName>王</FamilyName>" in document


@pytest.mark.parametrize("document", [b"", b"<a/>", b"<NativeDicomModel", b'<!DOCTYPE x [<!ENTITY e "f">]><x/>'])
def test_other_documents_are_refused(document: bytes) -> None:
    with pytest.raises(DicomError):
        from_xml(document)


def test_palette_is_bulk_data() -> None:
    assert b"<BulkData uri=" in to_xml(read_header(shipped("OBXXXX1A.dcm").read_bytes()).elements)
