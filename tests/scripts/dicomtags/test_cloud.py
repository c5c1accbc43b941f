"""What is told of Cloud Healthcare is what the emulator does."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from google.cloud import bigquery
from google.oauth2.credentials import Credentials
from pydicom import Dataset, dcmread
from pydicom.dataelem import DataElement

from emulator.errors import ApiError
from emulator.services.healthcare.dicom import index
from emulator.services.healthcare.dicom.web import qido
from scripts.dicomtags import cloud, dictionary
from scripts.dicomtags.dictionary import Entry
from tests.scripts.conftest import Live, Run
from tests.scripts.files import small_film
from tests.support.patience import PATIENCE

PLURALS = {"study": "studies", "series": "series", "instance": "instances"}
VALUES: dict[str, Any] = {
    "AE": "AET", "AS": "041Y", "AT": 0x00100020, "CS": "CODE", "DA": "20260101", "DS": "1.5", "DT": "20260101",
    "FD": 1.5, "FL": 1.5, "IS": "1", "LO": "text", "LT": "text", "PN": "Name^Given", "SH": "text", "SL": 1,
    "SQ": [Dataset()], "SS": 1, "ST": "text", "SV": 1, "TM": "1200", "UC": "text", "UI": "1.2.3", "UL": 1,
    "UR": "urn:x", "US": 1, "UT": "text", "UV": 1, "OB": b"\0\0", "OW": b"\0\0", "OF": bytes(4), "OD": bytes(8),
    "OL": bytes(4), "OV": bytes(8), "UN": b"\0\0",
}  # fmt: skip
OTHERS = (
    "Rows", "KVP", "ModalitiesInStudy", "NumberOfStudyRelatedInstances", "AvailableTransferSyntaxUID",
    "BodyPartExamined", "PatientAge", "ImageType", "PixelSpacing", "SelectorAttribute", "PatientWeight",
    "WindowCenter", "EncapsulatedDocument", "AcquisitionDateTime", "OtherPatientNames", "RescaleIntercept",
    "SmallestImagePixelValue", "FrameTimeVector", "ContributingEquipmentSequence", "DiffusionGradientOrientation",
    "RedPaletteColorLookupTableData", "TimeSource", "URNCodeValue",
)  # fmt: skip


def listed() -> list[Entry]:
    """All that the emulator's tables name, and some that they do not."""
    tags = {tag for level in cloud.LEVELS for group in ("default", "all") for tag in index.attributes(level, group)}
    tags |= {tag for keys in qido.KEYS.values() for tag in keys.values()} | {tag for _, tag in qido.COUNTED}
    found = [dictionary.entry_of(tag) for tag in sorted(tags)] + [dictionary.entry_named(name) for name in OTHERS]
    assert None not in found
    return list({entry.tag: entry for entry in found if entry}.values())


def wide_film() -> Dataset:
    """A film that has every attribute of `listed`, and no other with a value."""
    dataset = dcmread(io.BytesIO(small_film("wide")))
    for entry in listed():
        number = int(entry.tag, 16)
        if number not in dataset and entry.tag[:4] > "0002":
            dataset.add(DataElement(number, entry.vrs[0], VALUES[entry.vrs[0]]))
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for sequence in [element for element in dataset if element.VR == "SQ"]:
        sequence.value[0].CodeValue = "1"
    return dataset


@pytest.fixture(scope="module")
def session(shared_live: Live) -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.headers["Authorization"] = f"Bearer {shared_live.emulator.owner_token}"
        yield opened


@pytest.fixture(scope="module")
def url(shared_live: Live, session: requests.Session) -> str:
    """The store, with the wide film in it."""
    found = f"{shared_live.emulator.base_url}/v1/{shared_live.outputs.dicom_store_name}/dicomWeb"
    target = io.BytesIO()
    wide_film().save_as(target)
    headers = {"Content-Type": "application/dicom", "Accept": "application/dicom+json"}
    assert (
        session.post(f"{found}/studies", data=target.getvalue(), headers=headers, timeout=PATIENCE).status_code == 200
    )
    return found


def test_the_emulator_searches_for_what_is_told_to_be_searchable(session: requests.Session, url: str) -> None:
    searchable = 0
    for entry in listed():
        for level, told in cloud.qido(entry.tag).items():
            for name in (entry.keyword, entry.tag):
                value = "20260101" if entry.vrs == ("DA",) else "none"
                code = session.get(f"{url}/{PLURALS[level]}", params={name: value}, timeout=PATIENCE).status_code
                assert code in ((200, 204) if told["searchable"] else (400,)), (name, level)
            searchable += told["searchable"]
    assert searchable == 6 + 8 + 9


def test_every_other_attribute_is_refused_as_a_key() -> None:
    keys = {entry.tag for entry in listed()}
    others = [entry for entry in dictionary.registry().values() if entry.tag not in keys and entry.keyword]
    assert len(others) > 5000
    for entry in others:
        for level, told in cloud.qido(entry.example).items():
            assert not told["searchable"]
            with pytest.raises(ApiError):
                qido.parse(level, [(entry.keyword, "x")])


@pytest.mark.parametrize("level", cloud.LEVELS)
def test_the_emulator_returns_what_is_told_to_be_returned(session: requests.Session, url: str, level: str) -> None:
    def found(**parameters: str) -> set[str]:
        answer = session.get(f"{url}/{PLURALS[level]}", params={"PatientID": "wide", **parameters}, timeout=PATIENCE)
        if answer.status_code == 400:
            return set()
        (one,) = answer.json()
        return set(one)

    default, everything = found(), found(includefield="all")
    heard = set()
    for entry in listed():
        told = cloud.qido(entry.tag)[level]["returned"]
        heard.add(told)
        by_name = entry.tag in found(includefield=entry.tag)
        assert (told == "default") == (entry.tag in default), entry.keyword
        assert (told in {"default", "includefield", "emulator"}) == by_name, entry.keyword
        if told in {"includefield", "no"} and entry.tag not in qido.REFUSED_FIELDS:
            assert (told == "includefield") == (entry.tag in everything), entry.keyword
    assert heard == {"default", "includefield", "no"} | ({"emulator"} if level != "instance" else set())


@pytest.mark.usefixtures("url")
def test_the_exported_table_has_the_columns_that_are_told(run: Run, live: Live) -> None:
    assert run("export", "--to", "table:wide", "--json", "--outputs", live.path).code == 0
    credentials = Credentials(token=live.emulator.owner_token)
    client = bigquery.Client(live.outputs.project, credentials, client_options={"api_endpoint": live.emulator.base_url})
    table = client.get_table(f"{live.outputs.project}.{live.outputs.bigquery_dataset}.wide")
    client.close()
    columns = {field.name: field.to_api_repr() for field in table.schema}
    for entry in listed():
        told = cloud.column(entry)
        if told is None:
            assert entry.keyword not in columns
            continue
        column = columns[entry.keyword]
        types = {"INTEGER": "INTEGER", "INT64": "INTEGER", "FLOAT64": "FLOAT", "STRUCT": "RECORD"}
        assert types.get(column["type"], column["type"]) == told["type"], entry.keyword
        assert column.get("mode", "NULLABLE") == told["mode"], entry.keyword
        if entry.vrs == ("PN",):
            assert [part["name"] for part in column["fields"]] == [part["name"] for part in told["fields"]]


@pytest.mark.parametrize(
    ("keyword", "column"),
    [
        ("PatientID", "PatientID STRING"),
        ("StudyDate", "StudyDate DATE"),
        ("StudyTime", "StudyTime TIME"),
        ("AcquisitionDateTime", "AcquisitionDateTime TIMESTAMP"),
        ("Rows", "Rows INT64"),
        ("PixelSpacing", "PixelSpacing ARRAY<STRING>"),
        ("DiffusionGradientOrientation", "DiffusionGradientOrientation ARRAY<FLOAT64>"),
        ("SmallestImagePixelValue", "SmallestImagePixelValue INT64"),
        ("ReferencedStudySequence", "ReferencedStudySequence ARRAY<STRUCT<...>>"),
        ("LUTData", "LUTData ARRAY<INT64>"),
    ],
)
def test_columns_as_they_are_written(keyword: str, column: str) -> None:
    entry = dictionary.entry_named(keyword)
    assert entry is not None
    found = cloud.column(entry)
    assert found is not None
    assert cloud.column_text(found) == column


def test_a_name_is_a_record_and_bytes_and_commands_have_no_column() -> None:
    name = dictionary.entry_named("PatientName")
    assert name is not None
    column = cloud.column(name)
    assert column is not None
    assert cloud.column_text(column).startswith("PatientName STRUCT<Alphabetic STRUCT<FamilyName STRING, GivenName")
    for keyword in ("PixelData", "OverlayData", "EncapsulatedDocument", "CommandField"):
        entry = dictionary.entry_named(keyword)
        assert entry is not None
        assert cloud.column(entry) is None
    assert cloud.private_column()["name"] == "OtherElements"


def test_the_data_file_is_the_emulators_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    changed: dict[str, dict[str, list[str]]] = {level: {"default": [], "all": []} for level in cloud.LEVELS}
    changed["study"]["default"] = ["00280010"]
    path = tmp_path / "search_attributes.json"
    path.write_text(json.dumps(changed))
    monkeypatch.setattr(index, "_DATA", path)
    index.attributes.cache_clear()
    try:
        assert cloud.qido("00280010")["study"]["returned"] == "default"
        assert cloud.qido("00100020")["study"]["returned"] == "no"
    finally:
        monkeypatch.undo()
        index.attributes.cache_clear()
