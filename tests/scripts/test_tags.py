"""`tags`: attributes, IODs, modules and files, as text and as JSON; needs no stack and no network."""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian

from scripts.dicomtags import dictionary, standard
from tests.scripts.conftest import Finished, Run
from tests.scripts.files import small_film

Json = dict[str, Any]


@pytest.mark.parametrize(
    "words", [["00100020"], ["0010,0020"], ["(0010,0020)"], ["PatientID"], ["patientid"], ["Patient ID"]]
)
def test_one_attribute(run: Run, words: list[str]) -> None:
    shown = run("tags", *words)
    assert (shown.code, shown.err) == (0, "")
    lines = shown.out.splitlines()
    assert lines[:4] == [
        "(0010,0020) PatientID - Patient ID",
        "VR, VM    LO, 1",
        "meaning   Primary identifier for the Patient.",
        "PS3.15    Z/D: emptied, or a dummy value where the IOD requires one (type 1) [2026c]",
    ]
    assert "QIDO      study    searchable, returned" in lines
    assert "BigQuery  PatientID STRING" in lines
    assert any(line.startswith("modules   Patient: type 2; M in 1") for line in lines)


def test_one_attribute_as_json(run: Run) -> None:
    found = json.loads(run("tags", "InstitutionName", "--json").out)
    assert found["tag"] == "(0008,0080)"
    assert (found["vr"], found["vm"], found["retired"]) == (["LO"], "1", False)
    assert found["deidentification"] == {
        "action": "X/Z/D",
        "words": "removed, or emptied (type 2) or a dummy value (type 1) where the IOD requires it",
        "edition": "2026c",
        "options": {"Retain Institution Identity": "K"},
        "options_edition": "as published in April 2020",
    }
    assert found["qido"]["study"] == {"searchable": False, "returned": "includefield"}
    assert found["bigquery"] == {"name": "InstitutionName", "type": "STRING", "mode": "NULLABLE"}
    equipment = next(each for each in found["modules"] if each["module"] == "General Equipment")
    assert equipment["type"] == "3"
    assert {"iod": "Digital X-Ray Image", "usage": "M"} in equipment["iods"]


def test_words_give_a_ranked_table(run: Run) -> None:
    shown = run("tags", "patient", "id")
    header, first, *others = (line.split("\t") for line in shown.out.splitlines())
    assert header[:3] == ["tag", "keyword", "name"]
    assert first[:5] == ["(0010,0020)", "PatientID", "Patient ID", "LO", "1"]
    assert len(others) > 5
    assert json.loads(run("tags", "patient", "id", "--json").out)[0]["keyword"] == "PatientID"


def test_a_long_search_says_how_to_see_more(run: Run) -> None:
    shown = run("tags", "sequence")
    assert len(shown.out.splitlines()) == 41
    assert "These are the best 40 of 1," in shown.err
    everything = run("tags", "sequence", "--limit", 0)
    assert len(everything.out.splitlines()) > 1000
    assert everything.err == ""


@pytest.mark.parametrize("tag", ["60xx3000", "60XX,3000", "(60xx,3000)", "60023000", "OverlayData"])
def test_repeating_groups(run: Run, tag: str) -> None:
    lines = run("tags", tag).out.splitlines()
    assert lines[0] == "(60xx,3000) OverlayData - Overlay Data"
    assert "          C with the option Clean Graphics" in lines
    assert "BigQuery  no column: bytes and commands have none" in lines


def test_a_retired_attribute_says_so(run: Run) -> None:
    shown = run("tags", "PatientReligiousPreference", "--json")
    assert json.loads(shown.out)["retired"] is False
    assert "status    retired: new files must not use it" in run("tags", "50xx0010").out


def test_the_length_of_a_group(run: Run) -> None:
    found = json.loads(run("tags", "0010,0000", "--json").out)
    assert (found["name"], found["vr"], found["retired"]) == ("Group Length", ["UL"], True)
    assert found["bigquery"]["name"] == "OtherElements"


def test_an_attribute_newer_than_the_options_says_so(run: Run) -> None:
    shown = run("tags", "AcquisitionFieldOfViewLabel")
    assert "options: none known, the row is newer than their table (as published in April 2020)" in shown.out


@pytest.mark.parametrize("tag", ["00091002", "0009,1002", "(0009,1002)"])
def test_a_private_tag(run: Run, tag: str) -> None:
    shown = run("tags", tag)
    assert shown.code == 0
    assert "is private" in shown.out
    assert "known     Suite id of GEMS_IDEN_01, VR SH, VM 1" in shown.out
    assert "OtherElements ARRAY<STRUCT<Tag STRING, Data ARRAY<STRING>>>" in shown.out
    assert len(json.loads(run("tags", tag, "--json").out)["known"]) > 10


def test_a_private_creator(run: Run) -> None:
    assert "names the creator of a block" in run("tags", "00090010").out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["00100099"], "(0010,0099) is no tag of the DICOM registry (PS3.6); near it are (0010,0050) "),
        (["12340001"], "(1234,0001) is no tag of the DICOM registry (PS3.6).\n"),
        (["PatienttID"], "No DICOM attribute has PatienttID in its keyword or name; near it are (0010,0020) PatientID"),
        (["zzzz", "qqqq"], "No DICOM attribute has zzzz qqqq in its keyword or name.\n"),
        (["--ciod", "Digital X-Rai"], "No IOD and no storage SOP class is called Digital X-Rai; near it are Digital X"),
        (["--ciod", "x-ray"], "x-ray can be any of 10, name one: Breast Projection X-Ray Image, "),
        (["--module", "patiemt"], "No module is called patiemt; near it are Patient"),
        (["--ciod", "CT", "--module", "DX Image"], "The CT Image IOD has no module called DX Image"),
    ],
)
def test_what_is_not_there_is_one_sentence(run: Run, words: list[str], sentence: str) -> None:
    shown = run("tags", *words)
    assert (shown.code, shown.out) == (1, "")
    assert shown.err.startswith(f"error: {sentence}")
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [""],
        [" ", "\t"],
        ["PatientID", "--ciod", "CT"],
        ["PatientID", "--values"],
        ["PatientID", "--depth", "1"],
        ["--file", "no-such-file.dcm"],
    ],
)
def test_wrong_use(run: Run, arguments: list[str]) -> None:
    shown = run("tags", *arguments)
    assert (shown.code, shown.out) == (2, "")


def test_an_iod_with_its_modules_and_attributes(run: Run) -> None:
    lines = run("tags", "--ciod", "Digital X-Ray").out.splitlines()
    assert lines[0] == "Digital X-Ray Image IOD"
    assert "1.2.840.10008.5.1.4.1.1.1.1  Digital X-Ray Image Storage - For Presentation" in lines
    patient = lines.index("    M  Patient")
    assert lines[patient + 1 : patient + 4] == [
        "        (0008,1120)  3   ReferencedPatientSequence",
        "            (0008,1150)  1   ReferencedSOPClassUID",
        "            (0008,1155)  1   ReferencedSOPInstanceUID",
    ]
    assert "    C  Overlay Plane: Required if graphic annotation is present - See Section A.26.4" in lines
    assert any(line.endswith("AnatomicRegionSequence  (17 attributes in its items)") for line in lines)


def test_how_deep_an_iod_is_shown(run: Run) -> None:
    def number(*depth: object) -> int:
        return len(run("tags", "--ciod", "Digital X-Ray", *depth).out.splitlines())

    numbers = [number("--depth", depth) for depth in (0, 1, 2, 9)]
    assert numbers == sorted(set(numbers))
    assert numbers[1] < number() < numbers[2]
    iod = json.loads(run("tags", "--ciod", "1.2.840.10008.5.1.4.1.1.1.1", "--json").out)
    assert iod["iod"] == "Digital X-Ray Image"
    assert len(iod["modules"]) == 35

    def rows(attributes: list[Json]) -> int:
        return sum(1 + rows(each.get("items", [])) for each in attributes)

    assert rows([row for module in iod["modules"] for row in module["attributes"]]) > numbers[3] - 100


def test_one_module(run: Run) -> None:
    lines = run("tags", "--module", "Patient").out.splitlines()
    assert lines[0].startswith("Patient module; M in 1")
    assert "    (0010,0010)  2   PatientName" in lines
    inside = run("tags", "--ciod", "CT", "--module", "CT Image").out.splitlines()
    assert [line for line in inside if line.startswith("    M")] == ["    M  CT Image"]
    assert json.loads(run("tags", "--module", "DX Detector", "--json").out)["module"] == "DX Detector"


def test_a_module_without_attributes_in_the_tables_says_so(run: Run) -> None:
    shown = run("tags", "--ciod", "Waveform Presentation State", "--depth", 0)
    assert "(its attributes are not in the tables known here)" in shown.out


# Explaining a file.

SECRET = "Zwoelfeinhalb"  # stands in every value that must not be shown


def film(**attributes: object) -> Dataset:
    """A small film with more attributes, by keyword."""
    dataset = pydicom.dcmread(io.BytesIO(small_film("film")))
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def secretive() -> Dataset:
    """A film in which whatever can identify somebody is SECRET."""
    inner = Dataset()
    inner.PatientID = SECRET
    inner.TypeOfPatientID = SECRET.upper()
    dataset = film(
        PatientName=SECRET,
        PatientID=SECRET,
        InstitutionName=SECRET,
        ImageComments=SECRET,
        ReferringPhysicianName=SECRET,
        AcquisitionProtocolDescription=SECRET,
        OtherPatientIDsSequence=Sequence([inner]),
        Manufacturer="ACME",
    )
    dataset.private_block(0x0011, "GEMS_PATI_01", create=True).add_new(0x02, "LO", SECRET)
    dataset.private_block(0x0013, SECRET, create=True).add_new(0x01, "LO", SECRET)
    dataset.add_new(0x00100099, "LO", SECRET)
    return dataset


def explained(run: Run, path: Path, dataset: Dataset, *options: str) -> Json:
    dataset.save_as(path)
    shown = run("tags", "--file", path, "--json", *options)
    assert shown.code == 0, shown.err
    found: Json = json.loads(shown.out)
    return found


def element(found: Json, keyword: str) -> Json:
    return next(each for each in found["elements"] if each["keyword"] == keyword)


def test_a_file_without_what_identifies(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "film.dcm"
    secretive().save_as(path)
    for options in ([], ["--json"]):
        shown = run("tags", "--file", path, *options)
        assert shown.code == 0
        assert SECRET.casefold() not in (shown.out + shown.err).casefold()
        assert "ACME" in shown.out
    rows = [line.split("\t") for line in run("tags", "--file", path).out.splitlines()]
    assert ["(0010,0010)", "PatientName", "PN", "[a name, 13 characters]", "Z", "2 Patient"] in rows
    assert ["(0008,0070)", "Manufacturer", "LO", "ACME", "", "2 General Equipment"] in rows
    assert [">(0010,0020)", "PatientID", "LO", "[withheld, 13 characters]", "X", "1 Patient"] in rows
    assert ["(0010,0099)", "unknown", "LO", "[withheld, 13 characters]", "", "not in the IOD"] in rows
    assert ["(7FE0,0010)", "PixelData", "OW", "[256 bytes]", "", "1C Image Pixel"] in rows


def test_a_file_with_its_values(run: Run, tmp_path: Path) -> None:
    found = explained(run, tmp_path / "film.dcm", secretive(), "--values")
    assert element(found, "PatientName")["value"] == SECRET
    assert element(found, "PixelData")["value"] is None
    (item,) = element(found, "OtherPatientIDsSequence")["items"]
    assert [each["value"] for each in item] == [SECRET, SECRET.upper()]
    long = explained(run, tmp_path / "film.dcm", film(ImageComments="x" * 1000), "--values")
    assert element(long, "ImageComments")["value"] == "x" * 61 + "..."


def test_a_value_does_not_steer_the_terminal(run: Run, tmp_path: Path) -> None:
    steering = "\x1b]0;owned\x07"
    dataset = film(Manufacturer=f"AC{steering}ME", ImageComments=steering, PatientName=steering)
    dataset.save_as(tmp_path / "film.dcm")
    for options in ([], ["--values"]):
        shown = run("tags", "--file", tmp_path / "film.dcm", *options)
        assert "AC?]0;owned?" in shown.out
        assert not {each for each in shown.out if not each.isprintable()} - {"\n", "\t"}


def test_nothing_is_logged_of_a_value_that_breaks_its_rules(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "film.dcm"
    film(InstanceCreatorUID="1.2.3.4.5.67", PatientBirthDate="20260101").save_as(path)
    # Straight into the bytes: pydicom refuses to write what other programs do.
    path.write_bytes(path.read_bytes().replace(b"1.2.3.4.5.67", b"secret\\name?").replace(b"20260101", b"19Sep78 "))
    shown = run("tags", "--file", path)
    assert shown.code == 0
    assert shown.err == caplog.text == ""
    assert "Sep" not in shown.out
    assert "secret" not in shown.out


def test_what_is_missing_from_a_file(run: Run, tmp_path: Path) -> None:
    found = explained(run, tmp_path / "film.dcm", film(SOPInstanceUID=""))
    missing = {each["keyword"]: each["state"] for each in found["missing"]}
    assert missing["PatientBirthDate"] == missing["Manufacturer"] == "missing"
    assert missing["SOPInstanceUID"] == "empty"
    assert "PatientName" not in missing
    whole = film(**{each["keyword"]: "" for each in found["missing"] if each["keyword"] != "SOPInstanceUID"})
    assert explained(run, tmp_path / "film.dcm", whole)["missing"] == []
    shown = run("tags", "--file", tmp_path / "film.dcm")
    assert shown.out.endswith("No attribute of type 1 or 2 is missing from the mandatory modules.\n")


def test_what_is_missing_in_items(run: Run, tmp_path: Path) -> None:
    reference = Dataset()
    reference.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.1.1"
    found = explained(run, tmp_path / "film.dcm", film(ReferencedPatientSequence=Sequence([reference])))
    (one,) = (each for each in found["missing"] if each["path"])
    assert (one["path"], one["keyword"]) == (["ReferencedPatientSequence"], "ReferencedSOPInstanceUID")
    assert (
        "ReferencedPatientSequence > ReferencedSOPInstanceUID (Patient)"
        in run("tags", "--file", tmp_path / "film.dcm").out
    )


def test_what_is_not_of_the_iod(run: Run, tmp_path: Path) -> None:
    found = explained(run, tmp_path / "film.dcm", film(KVP="120", RTPlanGeometry="PATIENT"))
    assert element(found, "RTPlanGeometry")["iod"] == "not in the IOD"
    assert element(found, "Rows")["iod"] == "1 Image Pixel"
    assert element(found, "TransferSyntaxUID")["iod"] == "file meta information"
    other = explained(run, tmp_path / "film.dcm", film(SOPClassUID="1.2.3"))
    assert (other["iod"], other["missing"]) == (None, [])
    assert element(other, "Rows")["iod"] == ""


def test_an_action_is_decided_by_the_files_iod(run: Run, tmp_path: Path) -> None:
    found = explained(run, tmp_path / "film.dcm", film(InstitutionName="x", ContentDate="20260101"))
    assert element(found, "InstitutionName")["deidentification"]["action"] == "X"
    assert element(found, "PatientID")["deidentification"]["action"] == "Z"
    assert element(found, "Rows")["deidentification"] is None


def test_files_of_all_kinds_are_explained(run: Run) -> None:
    folder = Path(str(get_testdata_file("CT_small.dcm"))).parent
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.read_bytes()[128:132] == b"DICM"]
    assert len(paths) > 100
    refused = []
    for path in paths:
        shown = run("tags", "--file", path, "--json")
        if shown.code:
            assert shown.err.count("\n") == 1, path.name
            refused.append(path.name)
            continue
        elements = json.loads(shown.out)["elements"]
        assert elements[0]["tag"].startswith("(0002,"), path.name
        for each in elements:
            private = dictionary.is_private(each["tag"][1:5] + each["tag"][6:10])
            assert not (each["value"] and (each["deidentification"] or private)), (path.name, each["tag"])
    assert sorted(refused) == [
        "DICOMDIR-nooffset",
        "MR_truncated.dcm",
        "meta_missing_tsyntax.dcm",
        "rtplan_truncated.dcm",
    ]


def failed(run: Run, path: Path) -> Finished:
    shown = run("tags", "--file", path)
    assert (shown.code, shown.out) == (1, "")
    assert shown.err.count("\n") == 1
    return shown


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "notes.txt is empty.\n"),
        (b"DICM", "notes.txt is not DICOM: the prefix DICM is missing at byte 128 (PS3.10 7.1).\n"),
        (b"Patient name: somebody\n" * 40, "notes.txt is not DICOM: "),
        (bytes(128) + b"DICM", "notes.txt can't be read: The file meta information lacks TransferSyntaxUID"),
        (bytes(128) + b"DICM" + bytes(40), "notes.txt can't be read: "),
    ],
)
def test_what_is_not_dicom_is_one_sentence(run: Run, tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    assert failed(run, path).err.startswith(f"error: {sentence}")


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_RLE.dcm", "rtplan.dcm"])
def test_a_file_that_is_cut_off_anywhere_is_one_sentence(run: Run, tmp_path: Path, name: str) -> None:
    whole = Path(str(get_testdata_file(name))).read_bytes()
    borders = 0
    path = tmp_path / "cut.dcm"
    lengths = [*range(133, min(3000, len(whole)), 61), *range(3000, len(whole), 997), len(whole) - 1]
    for length in lengths:
        path.write_bytes(whole[:length])
        shown = run("tags", "--file", path)
        if shown.code == 0:  # cut between two elements: a shorter file is a whole one
            borders += 1
            continue
        assert (shown.code, shown.out, shown.err.count("\n")) == (1, "", 1), length
    assert borders < len(lengths) / 20
    assert failed(run, path).err.startswith("error: cut.dcm is truncated: ")


def test_a_deflated_file_is_read(run: Run, tmp_path: Path) -> None:
    dataset = film()
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    found = explained(run, tmp_path / "film.dcm", dataset)
    assert element(found, "Rows")["value"] == "16"


def test_the_file_is_only_read(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "film.dcm"
    shutil.copy(str(get_testdata_file("CT_small.dcm")), path)
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    path.chmod(0o400)
    assert run("tags", "--file", path).code == 0
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "tags.md"
EXAMPLES = re.findall(r"```\n\$ python -m scripts (.*)\n((?:.*\n)*?)```", HOW_TO.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("line", "output"), EXAMPLES, ids=[line for line, _ in EXAMPLES])
def test_the_how_to_shows_what_is_printed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, output: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("film.dcm").write_bytes(small_film("00000001"))
    shown = run(*shlex.split(line))
    assert shown.out + shown.err == output


def test_the_how_to_has_examples_and_the_sources_of_the_tables() -> None:
    assert len(EXAMPLES) > 5
    text = HOW_TO.read_text(encoding="utf-8")
    for source in standard.tables()["sources"]:
        assert f"{source['package']} {source['version']} ({source['licence']}" in text
