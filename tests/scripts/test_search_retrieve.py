"""`search` and `retrieve` against the emulator."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

from scripts.dicomweb import ResourcePath, value
from scripts.errors import CommandError
from tests.scripts.conftest import Live, Run
from tests.scripts.fake_google import FakeGoogle
from tests.scripts.files import write_films
from tests.scripts.outputs import STORE


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three films of a patient, in one study."""
    folder = tmp_path_factory.mktemp("films") / "finding"
    write_films(folder, "finding", 3)
    return folder


@pytest.fixture
def stored(run: Run, live: Live, films: Path) -> ResourcePath:
    """The films, in the store; gives their study."""
    assert run("store", films, "--outputs", live.path).code == 0
    dataset = pydicom.dcmread(films / "0001.dcm")
    return ResourcePath(dataset.StudyInstanceUID)


def test_studies_as_a_table(run: Run, live: Live, stored: ResourcePath) -> None:
    shown = run("search", "studies", "PatientID=finding", "--outputs", live.path)
    assert shown.code == 0
    header, row = (line.split("\t") for line in shown.out.splitlines())
    found = dict(zip(header, row, strict=True))
    assert found["PatientName"] == "Test^finding"
    assert found["StudyInstanceUID"] == stored.study


@pytest.mark.usefixtures("stored")
def test_series_and_instances_as_json(run: Run, live: Live) -> None:
    series = json.loads(run("search", "series", "PatientID=finding", "--json", "--outputs", live.path).out)
    assert [value(each, "00080060") for each in series] == ["CR"]
    arguments = ("search", "instances", "PatientID=finding", "--json", "--outputs", live.path)
    assert len(json.loads(run(*arguments).out)) == 3
    limited = run(*arguments, "--limit", 2)
    assert len(json.loads(limited.out)) == 2
    assert "These are the first 2" in limited.err


@pytest.mark.usefixtures("stored")
def test_more_attributes_and_fuzzy_names(run: Run, live: Live) -> None:
    shown = run("search", "instances", "PatientID=finding", "--includefield", "SOPClassUID", "--outputs", live.path)
    assert "SOPClassUID" in shown.out.splitlines()[0]
    found = run("search", "studies", "PatientName=findi", "--fuzzy", "--json", "--outputs", live.path)
    assert len(json.loads(found.out)) == 1
    assert json.loads(run("search", "studies", "PatientName=findi", "--json", "--outputs", live.path).out) == []


def test_all_pages_of_many(run: Run, live: Live, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("scripts.dicomweb.PAGE", 2)
    write_films(tmp_path / "pages", "pages", 5)
    run("store", tmp_path / "pages", "--outputs", live.path)
    arguments = ("search", "instances", "PatientID=pages", "--json", "--outputs", live.path)
    found = json.loads(run(*arguments, "--limit", 0).out)
    assert len({value(each, "00080018") for each in found}) == 5
    assert len(json.loads(run(*arguments, "--limit", 3).out)) == 3


def test_nothing_found(run: Run, live: Live) -> None:
    arguments = ("search", "studies", "PatientID=nobody", "--outputs", live.path)
    assert run(*arguments, "--json").out == "[]\n"
    assert len(run(*arguments).out.splitlines()) == 1


def test_a_key_that_cannot_be_searched_is_refused_in_googles_words(run: Run, live: Live) -> None:
    ended = run("search", "studies", "Rows=16", "--outputs", live.path)
    assert ended.code == 1
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["PatientID"], ["=x"], ["--includefield", "NoSuchKeyword"]])
def test_wrong_use_of_search(run: Run, live: Live, arguments: list[str]) -> None:
    assert run("search", "studies", *arguments, "--outputs", live.path).code == 2


def test_retrieved_files_are_those_that_were_stored(
    run: Run, live: Live, stored: ResourcePath, films: Path, tmp_path: Path
) -> None:
    arguments = ("retrieve", stored.study, "--to", tmp_path / "out", "--json", "--outputs", live.path)
    ended = run(*arguments)
    assert ended.code == 0
    for path in films.iterdir():
        dataset = pydicom.dcmread(path)
        place = tmp_path / "out" / dataset.StudyInstanceUID / dataset.SeriesInstanceUID
        assert (place / f"{dataset.SOPInstanceUID}.dcm").read_bytes() == path.read_bytes()
    assert json.loads(ended.out)["retrieved"] == 3
    again = json.loads(run(*arguments).out)
    assert (again["retrieved"], again["kept"]) == (0, 3)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.name.endswith(".part")]


def test_one_series_and_one_instance(run: Run, live: Live, stored: ResourcePath, films: Path, tmp_path: Path) -> None:
    dataset = pydicom.dcmread(films / "0002.dcm")
    series = run("retrieve", stored.study, dataset.SeriesInstanceUID, "--to", tmp_path / "a", "--outputs", live.path)
    assert series.err.startswith("3 instances written to")
    path = (stored.study, dataset.SeriesInstanceUID, dataset.SOPInstanceUID)
    one = run("retrieve", *path, "--to", tmp_path / "b", "--outputs", live.path)
    assert one.err.startswith("1 instance written to")


def test_metadata(run: Run, live: Live, stored: ResourcePath, tmp_path: Path) -> None:
    ended = run("retrieve", stored.study, "--metadata", "--to", tmp_path, "--outputs", live.path)
    assert ended.code == 0
    files = list(tmp_path.rglob("*.json"))
    assert len(files) == 3
    assert value(json.loads(files[0].read_text()), "00100020") == "finding"


@pytest.mark.parametrize(("kind", "ending", "magic"), [("jpeg", "jpg", b"\xff\xd8"), ("png", "png", b"\x89PNG")])
def test_pictures(
    run: Run, live: Live, stored: ResourcePath, tmp_path: Path, kind: str, ending: str, magic: bytes
) -> None:
    ended = run("retrieve", stored.study, "--rendered", kind, "--to", tmp_path, "--outputs", live.path)
    assert ended.code == 0
    pictures = list(tmp_path.rglob(f"*.{ending}"))
    assert len(pictures) == 3
    assert all(picture.read_bytes().startswith(magic) for picture in pictures)


def test_another_transfer_syntax(run: Run, live: Live, tmp_path: Path) -> None:
    path = Path(str(get_testdata_file("JPEG2000.dcm", download=False)))
    run("store", path, "--outputs", live.path)
    study = pydicom.dcmread(path).StudyInstanceUID
    ended = run("retrieve", study, "--transfer-syntax", "1.2.840.10008.1.2.1", "--to", tmp_path, "--outputs", live.path)
    assert ended.code == 0
    (file,) = tmp_path.rglob("*.dcm")
    assert pydicom.dcmread(file).file_meta.TransferSyntaxUID.name == "Explicit VR Little Endian"


def test_a_study_that_is_not_there(run: Run, live: Live, tmp_path: Path) -> None:
    ended = run("retrieve", "1.2.3.4", "--to", tmp_path, "--outputs", live.path)
    assert ended.code == 1
    assert ended.err.startswith("error: The store holds no such study or series")
    assert not list(tmp_path.iterdir())


def test_one_instance_that_is_not_there(run: Run, live: Live, stored: ResourcePath, tmp_path: Path) -> None:
    ended = run("retrieve", stored.study, "1.2", "1.3", "--to", tmp_path, "--outputs", live.path)
    assert ended.code == 1
    assert "1 failed" in ended.err
    assert not list(tmp_path.rglob("*.dcm"))


def test_an_instance_that_is_refused_does_not_stop_the_rest(
    run: Run, google: FakeGoogle, outputs_file: Path, tmp_path: Path
) -> None:
    found = [
        {"0020000D": {"Value": ["1"]}, "0020000E": {"Value": ["2"]}, "00080018": {"Value": [uid]}} for uid in "345"
    ]
    web = f"/v1/{STORE}/dicomWeb"
    google.answers("GET", f"{web}/instances", found)
    for uid in "35":
        google.answers("GET", f"{web}/studies/1/series/2/instances/{uid}", uid.encode(), 200, "application/dicom")
    google.refuses("GET", f"{web}/studies/1/series/2/instances/4", 400, "unsupported transfer syntax")
    ended = run("retrieve", "1", "--to", tmp_path / "out", "--outputs", outputs_file)
    assert ended.code == 3
    assert "failed: /studies/1/series/2/instances/4: unsupported transfer syntax" in ended.err
    assert "2 instances written to" in ended.err
    names = sorted(path.name for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert names == ["3.dcm", "5.dcm"]


@pytest.mark.parametrize("uid", ["..", "a/b", "", "."])
def test_a_uid_never_leads_out_of_the_folder(uid: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError):
        ResourcePath("1", uid, "3").under(tmp_path, ".dcm")
    with pytest.raises(CommandError):
        ResourcePath("1", "2", uid).under(tmp_path, ".dcm")


def test_a_full_disk_leaves_no_half_file(
    run: Run, live: Live, stored: ResourcePath, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "replace", full)
    ended = run("retrieve", stored.study, "--to", tmp_path, "--outputs", live.path)
    assert ended.code == 1
    assert ended.err.startswith("error: The disk is full (")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_value_with_wildcards_is_matched_here(run: Run, live: Live, tmp_path: Path) -> None:
    for patient in ("wild-1", "wild-2", "wilder"):
        write_films(tmp_path / patient, patient, 2)
    assert run("store", tmp_path, "--outputs", live.path).code == 0

    def found(level: str, *filters: str) -> list[str]:
        shown = run("search", level, *filters, "--json", "--outputs", live.path)
        assert shown.code == 0, shown.err
        return sorted({value(each, "00100020") for each in json.loads(shown.out)})

    assert found("studies", "PatientID=wild-?") == ["wild-1", "wild-2"]
    assert found("studies", "00100020=wild*") == ["wild-1", "wild-2", "wilder"]
    assert found("series", "PatientName=Test^wild-*", "Modality=C?") == ["wild-1", "wild-2"]
    assert found("instances", "PatientID=*er", "Modality=CR") == ["wilder"]
    assert found("studies", "PatientID=WILD*") == []
    limited = run("search", "instances", "PatientID=wild*", "--limit", 3, "--json", "--outputs", live.path)
    assert len(json.loads(limited.out)) == 3
    refused = run("search", "studies", "Modality=C*", "--outputs", live.path)
    assert refused.code == 1
    assert "Invalid query parameter Modality" in refused.err


def test_retrieve_by_wildcards_paths_and_filters(run: Run, live: Live, tmp_path: Path) -> None:
    for patient in ("many-1", "many-2"):
        write_films(tmp_path / patient, patient, 2)
    assert run("store", tmp_path / "many-1", tmp_path / "many-2", "--outputs", live.path).code == 0
    studies = [pydicom.dcmread(tmp_path / patient / "0001.dcm").StudyInstanceUID for patient in ("many-1", "many-2")]

    def brought(name: str, *arguments: str) -> list[str]:
        ended = run("retrieve", *arguments, "--to", tmp_path / name, "--json", "--outputs", live.path)
        assert ended.code == 0, ended.err
        files = [path for path in (tmp_path / name).rglob("*") if path.is_file()]
        assert json.loads(ended.out)["retrieved"] == len(files)
        return sorted({path.parent.parent.name for path in files})

    assert brought("a", "--where", "PatientID=many-1") == studies[:1]
    assert brought("b", *(f"studies/{study}" for study in studies)) == sorted(studies)
    assert brought("c", f"{studies[1][:-1]}?", "*") == studies[1:]
    assert brought("d", *(f"/studies/{study}" for study in studies), "--metadata") == sorted(studies)
    nothing = run("retrieve", "--where", "PatientID=none", "--to", tmp_path / "e", "--outputs", live.path)
    assert nothing.code == 1
    assert nothing.err.count("\n") == 1
