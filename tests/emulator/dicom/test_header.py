import struct
import tracemalloc
import warnings
import zlib
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from emulator.dicom.errors import DicomError
from emulator.dicom.header import Header, inflated, read_header
from tests.emulator.dicom.files import shipped, shipped_files

# Files that pydicom reads in part although they end too early, or that lack what PS3.10 requires.
REFUSED = {
    "DICOMDIR-nooffset": "truncated",
    "MR_truncated.dcm": "truncated",
    "emri_small_jpeg_2k_lossless_too_short.dcm": "truncated",
    "meta_missing_tsyntax.dcm": "TransferSyntaxUID",
    "rtplan_truncated.dcm": "truncated",
}


def plain(dataset: dict[str, Any]) -> dict[str, Any]:
    """Reduce DICOM JSON to what must agree: empty components are null, bulk or inline makes no difference."""
    reduced = {}
    for tag, given in dataset.items():
        element: dict[str, Any] = {"vr": str(given["vr"])}
        if "Value" in given:
            values = [_plain_value(element["vr"], value) for value in given["Value"]]
            if values and values != [None]:
                element["Value"] = values
        elif len(given) > 1:
            element["binary"] = True
        if not tag.endswith("0000"):
            reduced[tag] = element
    return reduced


def _plain_value(vr: str, value: Any) -> Any:
    if vr == "SQ":
        return plain(value)
    if vr == "PN":
        return {group: text.rstrip() for group, text in (value or {}).items() if text.strip()} or None
    return (value.strip() or None) if isinstance(value, str) else value


def by_pydicom(path: Path) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = pydicom.dcmread(path)
        elements = {**read.file_meta.to_json_dict(), **read.to_json_dict()}
    elements.pop("00020001", None)
    return elements


@pytest.mark.parametrize("path", [p for p in shipped_files() if p.name not in REFUSED], ids=lambda p: p.name)
def test_header_is_what_pydicom_reads(path: Path) -> None:
    header = read_header(path.read_bytes())
    ours = plain(header.elements)
    try:
        theirs = plain(by_pydicom(path))
    except (ValueError, TypeError, AttributeError, NotImplementedError):
        pytest.skip("pydicom itself cannot show this file as JSON")
    large = {bulk.path for bulk in header.bulk}
    for tag in set(ours) | set(theirs):
        if tag in large:
            assert ours[tag]["vr"] == theirs[tag]["vr"]
        elif not any(bulk.startswith(f"{tag}/") for bulk in large):
            assert ours.get(tag) == theirs.get(tag), tag


@pytest.mark.parametrize(("name", "reason"), sorted(REFUSED.items()))
def test_unsound_files_are_refused(name: str, reason: str) -> None:
    with pytest.raises(DicomError, match=reason):
        read_header(shipped(name).read_bytes())


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "empty"), (b"%PDF-1.7 " * 40, "not DICOM"), (bytes(128) + b"DICM", "TransferSyntaxUID")],
)
def test_what_is_not_dicom_is_one_sentence(data: bytes, reason: str) -> None:
    with pytest.raises(DicomError, match=reason) as caught:
        read_header(data)
    assert str(caught.value).endswith((".", ")."))


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_implicit.dcm", "693_J2KI.dcm"])
def test_every_cut_in_the_last_attribute_is_noticed(name: str) -> None:
    data = shipped(name).read_bytes()
    for missing in (1, 2, 7, 500, 1000):
        with pytest.raises(DicomError):
            read_header(data[:-missing])


def test_a_cut_deflated_file_is_noticed() -> None:
    data = shipped("image_dfl.dcm").read_bytes()
    for missing in (50, 500, 1000):
        with pytest.raises(DicomError, match="truncated"):
            read_header(data[:-missing])


def bomb(size: int) -> bytes:
    """A deflated file whose pixel data are `size` zeros: a thousandth of it packed."""
    sound = shipped("image_dfl.dcm").read_bytes()
    pixels = struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, size)
    return sound[: read_header(sound).dataset_offset] + raw_deflate(pixels, bytes(size))


def raw_deflate(*parts: bytes) -> bytes:
    machine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return b"".join(machine.compress(part) for part in parts) + machine.flush()


def test_a_deflated_file_is_not_inflated_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    size = 48 << 20
    data = bomb(size)
    assert len(data) < size // 500
    tracemalloc.start()
    try:
        (pixels,) = read_header(data).bulk
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert pixels.length == size
    assert inflated(data)[pixels.offset : pixels.offset + 4] == bytes(4)
    monkeypatch.setattr("emulator.dicom.deflated.MAX_INFLATED", size)
    with pytest.raises(DicomError, match="more is not read here"):
        read_header(data)


def test_bulk_values_lie_where_they_are_said_to() -> None:
    data = shipped("CT_small.dcm").read_bytes()
    header = read_header(data)
    pixels = next(bulk for bulk in header.bulk if bulk.path == "7FE00010")
    assert data[pixels.offset : pixels.offset + pixels.length] == pydicom.dcmread(shipped("CT_small.dcm")).PixelData
    assert header.elements["7FE00010"] == {"vr": "OW", "BulkDataURI": "7FE00010"}


def test_encapsulated_pixels_are_known_with_their_fragments() -> None:
    header = read_header(shipped("693_J2KI.dcm").read_bytes())
    pixels = next(bulk for bulk in header.bulk if bulk.path == "7FE00010")
    assert pixels.encapsulated
    assert pixels.length == 1572


def written(tmp_path: Path, dataset: Dataset, syntax: str = "1.2.840.10008.1.2.1") -> Header:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3"
    path = tmp_path / "written.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return read_header(path.read_bytes())


@pytest.mark.parametrize(
    ("term", "name"),
    [
        ("ISO_IR 192", "Müller^Jörg=王^小東="),
        ("ISO_IR 100", "Müller^Jörg"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
        ("ISO_IR 144", "\u041b\u044e\u043a\u0441\u0435\u043c"),
        ("GB18030", "Wang^XiaoDong=王^小东="),
    ],
)
def test_names_are_decoded_in_their_character_set(tmp_path: Path, term: Any, name: str) -> None:
    dataset = Dataset()
    dataset.SpecificCharacterSet = term
    dataset.PatientName = name
    inner = Dataset()
    inner.ReferringPhysicianName = name
    dataset.ReferencedStudySequence = Sequence([inner])
    header = written(tmp_path, dataset)
    groups = zip(("Alphabetic", "Ideographic", "Phonetic"), name.split("="), strict=False)
    expected = [{key: text for key, text in groups if text}]
    assert header.elements["00100010"]["Value"] == expected
    assert header.elements["00081110"]["Value"][0]["00080090"]["Value"] == expected


def test_google_s_limits_decide_what_is_bulk(tmp_path: Path) -> None:
    dataset = Dataset()
    dataset.add_new(0x00281201, "OW", bytes(4))
    dataset.add_new(0x00660016, "OF", bytes(2048))
    dataset.add_new(0x00660023, "OW", bytes(2))
    dataset.add_new(0x00660040, "OL", bytes(2052))
    dataset.add_new(0x00720074, "FD", [0.5] * 512)
    dataset.add_new(0x00720078, "UL", list(range(513)))
    elements = written(tmp_path, dataset).elements
    assert elements["00281201"] == {"vr": "OW", "BulkDataURI": "00281201"}
    assert "InlineBinary" in elements["00660016"]
    assert "BulkDataURI" in elements["00660040"]
    assert elements["00720074"]["Value"] == [0.5] * 512
    assert "BulkDataURI" in elements["00720078"]


def test_endless_nesting_is_refused() -> None:
    meta = shipped("CT_small.dcm").read_bytes()
    start = read_header(meta).dataset_offset
    level = b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    with pytest.raises(DicomError, match="nested"):
        read_header(meta[:start] + level * 5000)
