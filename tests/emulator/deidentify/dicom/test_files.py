import tracemalloc
from io import BytesIO
from mmap import ACCESS_READ, mmap
from pathlib import Path

import pydicom
import pytest
from pydicom import Dataset
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from emulator.deidentify.dicom.files import deidentify
from emulator.deidentify.dicom.rules import DicomRules, Profile, Tags
from emulator.deidentify.keys import Secret
from emulator.dicom.errors import DicomError
from emulator.dicom.header import read_header
from tests.emulator.dicom.files import shipped, shipped_files
from tests.emulator.services.healthcare.instances import file_of, instance, made

KEY = Secret(b"k" * 32)
BASIC = DicomRules(Profile.BASIC)


def rules(profile: Profile) -> DicomRules:
    """Rules of a profile; a list names PatientName."""
    return DicomRules(profile, Tags.parse(["PatientName"]))


def basic(**attributes: object) -> Dataset:
    """A film with these attributes after the Basic Profile."""
    return read(deidentify(made(**attributes), BASIC, KEY).content())


def read(data: bytes) -> Dataset:
    return pydicom.dcmread(BytesIO(data))


def sound(path: Path) -> bool:
    try:
        read_header(path.read_bytes())
    except DicomError:
        return False
    return True


SOUND = [path for path in shipped_files() if path.stat().st_size < 1 << 20 and sound(path)]


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.name)
def test_every_shipped_file_stays_readable(path: Path, profile: Profile) -> None:
    data = path.read_bytes()
    new = deidentify(data, rules(profile), KEY).content()
    assert read_header(new).transfer_syntax == read_header(data).transfer_syntax
    assert deidentify(data, rules(profile), KEY, report=True).content() == new


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.name)
def test_keeping_everything_changes_no_attribute(path: Path) -> None:
    data = path.read_bytes()
    new = deidentify(data, DicomRules(keep_ids=True), KEY).content()
    assert read_header(new).elements == read_header(data).elements


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.name)
def test_the_patients_name_is_nowhere_in_the_bytes(path: Path) -> None:
    name = read_header(path.read_bytes()).elements.get("00100010", {}).get("Value", [None])[0] or {}
    new = deidentify(path.read_bytes(), BASIC, KEY).content()
    assert [text for text in name.values() if len(text) > 4 and text.encode() in new] == []


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_every_encoding_comes_to_the_same(syntax: str) -> None:
    film = instance()
    plain = read_header(deidentify(file_of(film), BASIC, KEY).content()).elements
    film.file_meta.TransferSyntaxUID = UID(syntax)
    other = BytesIO()
    film.save_as(other, enforce_file_format=True, little_endian=syntax != ExplicitVRBigEndian)
    found = read_header(deidentify(other.getvalue(), BASIC, KEY).content()).elements
    syntax_and_pixels = ("00020010", "7FE00010")
    assert {**found, **dict.fromkeys(syntax_and_pixels)} == {**plain, **dict.fromkeys(syntax_and_pixels)}


def test_uids_follow_from_the_key_alone() -> None:
    film = read(made())
    new = basic()
    assert new.StudyInstanceUID == KEY.uid(film.StudyInstanceUID)
    assert new.SOPInstanceUID == new.file_meta.MediaStorageSOPInstanceUID == KEY.uid(film.SOPInstanceUID)
    assert new.SOPClassUID == film.SOPClassUID
    other = read(deidentify(made(), BASIC, Secret(b"x" * 16)).content())
    assert other.StudyInstanceUID not in (film.StudyInstanceUID, new.StudyInstanceUID)


def test_references_point_to_the_new_uids_in_every_profile() -> None:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3"
    item = Dataset()
    item.ReferencedSeriesSequence, item.StudyInstanceUID = [reference], "1.2.9"
    data = made(ReferencedStudySequence=[item])
    new = read(deidentify(data, DicomRules(), KEY).content()).ReferencedStudySequence[0]
    assert new.StudyInstanceUID == KEY.uid("1.2.9")
    assert new.ReferencedSeriesSequence[0].ReferencedSOPInstanceUID == KEY.uid("1.2.3")
    assert new.ReferencedSeriesSequence[0].ReferencedSOPClassUID == reference.ReferencedSOPClassUID


def test_ids_that_are_to_be_kept_are_kept_with_what_refers_to_them() -> None:
    reference = Dataset()
    reference.ReferencedSOPInstanceUID = "1.2.3"
    data = made(SourceImageSequence=[reference])
    new = read(deidentify(data, DicomRules(keep_ids=True), KEY).content())
    assert new.SOPInstanceUID == read(data).SOPInstanceUID == new.file_meta.MediaStorageSOPInstanceUID
    assert new.SourceImageSequence[0].ReferencedSOPInstanceUID == "1.2.3"


def test_the_preamble_and_who_sent_the_file_are_gone() -> None:
    film = instance()
    film.file_meta.SourceApplicationEntityTitle = "WALLS_SCANNER"
    film.file_meta.PrivateInformationCreatorUID, film.file_meta.PrivateInformation = UID("1.2.3"), b"Wall"
    data = bytearray(file_of(film))
    data[:8] = b"II*\0Wall"
    new = deidentify(bytes(data), BASIC, KEY).content()
    assert new[:128] == bytes(128)
    assert b"WALLS" not in new
    assert b"Wall" not in new


def test_the_object_says_that_and_how_it_was_deidentified() -> None:
    new = basic(PatientIdentityRemoved="NO", DeidentificationMethod="by Dr Wall")
    assert new.PatientIdentityRemoved == "YES"
    assert [code.CodeValue for code in new.DeidentificationMethodCodeSequence] == ["113100"]
    assert "DeidentificationMethod" not in new


def test_a_report_tells_what_becomes_of_each_attribute_and_by_which_rule() -> None:
    reference = Dataset()
    reference.ReferencedSOPInstanceUID = "1.2.3"
    data = made(ReferencedPatientSequence=[reference], RelatedSeriesSequence=[reference], SeriesDate="20200102")
    rows = {row.path: row for row in deidentify(data, BASIC, KEY, report=True).rows}
    name = rows["00100010"]
    assert (name.keyword, name.before, name.after, name.action) == ("PatientName", "Doe^Jane", "", "empty")
    assert name.why == "E.1-1: Z, type 2"
    assert (rows["00080021"].before, rows["00080021"].after) == ("20200102", None)
    assert rows["00081120"].action == "delete"
    assert rows["00081250/0/00081155"].after == KEY.uid("1.2.3")
    assert (rows["00280010"].action, rows["00280010"].after) == ("keep", rows["00280010"].before)


def test_large_values_are_passed_over_and_not_read(tmp_path: Path) -> None:
    """The new file of 40 MB is a few kilobytes beside ranges of the original, which come in pieces."""
    path = tmp_path / "film.dcm"
    path.write_bytes(made(Rows=4096, Columns=10240, PixelData=bytes(40 << 20)))
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        tracemalloc.start()
        sizes = [len(chunk) for chunk in deidentify(data, BASIC, KEY).chunks()]
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert sum(sizes) > 40 << 20
    assert max(sizes) <= 16 << 20
    assert peak < 36 << 20


def test_a_damaged_file_is_refused() -> None:
    with pytest.raises(DicomError, match="truncated"):
        deidentify(shipped("CT_small.dcm").read_bytes()[:3000], BASIC, KEY)
    with pytest.raises(DicomError, match="prefix DICM"):
        deidentify(b"x" * 200, BASIC, KEY)
