from collections.abc import Callable
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from emulator.dicom.native_xml import from_xml
from emulator.services.healthcare.dicom.web import qido
from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import file_of, instance, made
from tests.support.patience import PATIENCE


@pytest.fixture(scope="module")
def archive(emulator: Any, healthcare: Any, dataset: str) -> Store:
    """Three studies of two patients, with two series in the first and two instances in its first series."""
    import requests
    from dicomweb_client.api import DICOMwebClient

    stores = healthcare.projects().locations().datasets().dicomStores()
    name = stores.create(parent=dataset, dicomStoreId="archive", body={}).execute()["name"]
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {emulator.owner_token}"
    url = f"{emulator.base_url}/v1/{name}/dicomWeb"
    store = Store(name, dataset, url, session, DICOMwebClient(url, session=session))
    films: list[dict[str, Any]] = [
        {"study": "1.1", "series": "1.1.1", "uid": "1.1.1.1", "PatientName": "Müller^Jörg=王^小東=おう^しょうとう"},
        {"study": "1.1", "series": "1.1.1", "uid": "1.1.1.2", "PatientName": "Müller^Jörg=王^小東=おう^しょうとう"},
        {"study": "1.1", "series": "1.1.2", "uid": "1.1.2.1", "Modality": "CR"},
        {"study": "1.2", "series": "1.2.1", "uid": "1.2.1.1", "PatientName": "John^Doe", "StudyDate": "20210304"},
        {
            "study": "1.3",
            "series": "1.3.1",
            "uid": "1.3.1.1",
            "PatientID": "P2",
            "StudyDate": "20220506",
            "AccessionNumber": "",
            "StudyDescription": "Chest PA",
            "SeriesNumber": 7,
        },
    ]
    for film in films:
        assert store.post(made(**film)).status_code == 200
    return store


def studies(store: Store, **parameters: Any) -> list[str]:
    answer = store.get("studies", **parameters)
    return [row["0020000D"]["Value"][0] for row in answer.json()] if answer.content else []


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["1.1", "1.2", "1.3"]),
        ({"StudyInstanceUID": "1.2"}, ["1.2"]),
        ({"0020000D": "1.2"}, ["1.2"]),
        ({"PatientID": "P2"}, ["1.3"]),
        ({"PatientID": "p2"}, []),
        ({"AccessionNumber": "A1"}, ["1.1", "1.2"]),
        ({"ReferringPhysicianName": "House^Gregory"}, ["1.1", "1.2", "1.3"]),
        ({"StudyDate": "20210304"}, ["1.2"]),
        ({"StudyDate": "20210101-20221231"}, ["1.2", "1.3"]),
        ({"StudyDate": "20210304-"}, ["1.2", "1.3"]),
        ({"StudyDate": "-20210304"}, ["1.1", "1.2"]),
        ({"PatientName": "John^Doe"}, ["1.2"]),
        ({"PatientName": "王^小東"}, ["1.1"]),
        ({"PatientName": "John"}, []),
        ({"PatientName": "John*"}, []),
        ({"PatientName": "jo", "fuzzymatching": "true"}, ["1.1", "1.2"]),
        ({"PatientName": "Do", "fuzzymatching": "true"}, ["1.2", "1.3"]),
        ({"PatientName": "John Doe", "fuzzymatching": "true"}, ["1.2", "1.3"]),
        ({"PatientName": "ohn", "fuzzymatching": "true"}, []),
        ({"PatientName": "muller", "fuzzymatching": "true"}, ["1.1"]),
        ({"PatientName": "小", "fuzzymatching": "true"}, ["1.1"]),
        ({"PatientName": "しょう", "fuzzymatching": "true"}, ["1.1"]),
        ({"PatientName": "Müller^Jörg=王^小東=おう^しょうとう"}, ["1.1"]),
        ({"StudyDate": "20210304-20210304"}, ["1.2"]),
        ({"StudyDate": "20221231-20210101"}, []),
        ({"PatientName": "jo", "fuzzymatching": "false"}, []),
        ({"AccessionNumber": "", "StudyDate": "", "PatientID": "P2"}, ["1.3"]),
        ({"PatientName": "", "fuzzymatching": "true"}, ["1.1", "1.2", "1.3"]),
        ({"limit": 1}, ["1.1"]),
        ({"limit": 1, "offset": 1}, ["1.2"]),
        ({"offset": 3}, []),
        ({"limit": 0}, []),
        ({"limit": "", "offset": "", "fuzzymatching": "", "includefield": ""}, ["1.1", "1.2", "1.3"]),
        ({"PatientID": "P1", "StudyDate": "20210304"}, ["1.2"]),
    ],
)
def test_studies(archive: Store, parameters: dict[str, Any], expected: list[str]) -> None:
    assert studies(archive, **parameters) == expected


def test_series_and_instances_at_each_level(archive: Store) -> None:
    client = archive.client
    assert len(client.search_for_series()) == 4
    assert len(client.search_for_series("1.1")) == 2
    assert len(client.search_for_series(search_filters={"Modality": "CR"})) == 1
    assert len(client.search_for_series(search_filters={"SeriesInstanceUID": "1.1.1", "PatientID": "P1"})) == 1
    assert len(client.search_for_instances()) == 5
    assert len(client.search_for_instances("1.1")) == 3
    assert len(client.search_for_instances("1.1", "1.1.1")) == 2
    assert len(client.search_for_instances(search_filters={"SOPInstanceUID": "1.1.1.2"})) == 1
    assert len(client.search_for_instances(search_filters={"PatientID": "P2"})) == 1


def test_nothing_found_is_204_without_a_body(archive: Store) -> None:
    answer = archive.get("studies", PatientID="nobody")
    assert (answer.status_code, answer.content) == (204, b"")


def test_study_attributes(archive: Store) -> None:
    row = archive.get("studies", StudyInstanceUID="1.1").json()[0]
    assert row["00100010"]["Value"] == [
        {"Alphabetic": "Müller^Jörg", "Ideographic": "王^小東", "Phonetic": "おう^しょうとう"}
    ]
    assert row["00081190"] == {"vr": "UR", "Value": [f"{archive.url}/studies/1.1"]}
    assert row["00080056"]["Value"] == ["ONLINE"]
    assert list(row) == sorted(row)
    assert "00280010" not in row
    assert "00080060" not in row


def test_empty_attribute_is_shown_without_value(archive: Store) -> None:
    assert archive.get("studies", StudyInstanceUID="1.3").json()[0]["00080050"] == {"vr": "SH"}


def test_searches_of_a_whole_store_show_the_levels_above(archive: Store) -> None:
    everywhere = archive.get("instances", SOPInstanceUID="1.1.1.1").json()[0]
    assert {"0020000D", "0020000E", "00080018", "00280010", "00100020"} <= set(everywhere)
    within = archive.get("studies/1.1/series/1.1.1/instances").json()[0]
    assert "00100020" not in within
    assert "00100020" in archive.get("series").json()[0]
    assert "00100020" not in archive.get("studies/1.1/series").json()[0]


@pytest.mark.parametrize(
    "fields", ["StudyDescription", "00081030", "StudyDescription,StudyID", ["StudyDescription", "StudyID"]]
)
def test_include_field_in_every_form(archive: Store, fields: str | list[str]) -> None:
    row = archive.get("studies", StudyInstanceUID="1.3", includefield=fields).json()[0]
    assert row["00081030"]["Value"] == ["Chest PA"]
    assert row["00081190"]["Value"] == [f"{archive.url}/studies/1.3"]


def test_include_field_all(archive: Store) -> None:
    study = archive.get("studies", StudyInstanceUID="1.3", includefield="all").json()[0]
    assert "00081030" in study
    series = archive.get("studies/1.3/series", includefield="all").json()[0]
    assert series["00200011"]["Value"] == [7]
    row = archive.get("instances", SOPInstanceUID="1.3.1.1", includefield="all").json()[0]
    assert row["7FE00010"]["BulkDataURI"] == (
        f"{archive.url}/studies/1.3/series/1.3.1/instances/1.3.1.1/bulkdata/7FE00010"
    )


def test_a_sequence_of_more_than_a_mebibyte_is_in_the_metadata_only(store: Store) -> None:
    film = instance()
    for keyword, items in (("ReferencedImageSequence", 1), ("SourceImageSequence", 1100)):
        sequence = [Dataset() for _ in range(items)]
        for item in sequence:
            item.DerivationDescription = "x" * 1000
        setattr(film, keyword, Sequence(sequence))
    assert store.post(file_of(film)).status_code == 200
    (found,) = store.get("instances", includefield="all").json()
    assert "00081140" in found
    assert "00082112" not in found
    (metadata,) = store.get("studies/1.2.1/metadata").json()
    assert len(metadata["00082112"]["Value"]) == 1100


def test_counts_and_modalities_on_request(archive: Store) -> None:
    fields = "ModalitiesInStudy,NumberOfStudyRelatedSeries,NumberOfStudyRelatedInstances"
    row = archive.get("studies", StudyInstanceUID="1.1", includefield=fields).json()[0]
    assert sorted(row["00080061"]["Value"]) == ["CR", "DX"]
    assert (row["00201206"]["Value"], row["00201208"]["Value"]) == ([2], [3])


@pytest.mark.parametrize(
    "parameters",
    [
        {"Modality": "CR"},
        {"PatientBirthDate": "19700101"},
        {"nonsense": "1"},
        {"includefield": "nonsense"},
        {"includefield": "AvailableTransferSyntaxUID"},
        {"limit": "-1"},
        {"limit": "many"},
        {"offset": 1_000_001},
        {"StudyDate": "2021"},
        {"StudyDate": "2021-01-01"},
        {"fuzzymatching": "maybe"},
        {"StudyDate": "-"},
        {"StudyDate": "20210101-2022"},
        {"StudyDate": "20210101-20210102-20210103"},
        {"PatientID": ["P1", "P2"]},
        {"PatientName": "Doe^Jane", "00100010": "Doe^Jane"},
        {"patientid": "P1"},
        {"limit": "1.5"},
        {"limit": ["1", "x"]},
        {"offset": "-1"},
        {"includefield": "00081030,nonsense"},
        {"ModalitiesInStudy": "CR"},
        {"SeriesInstanceUID": "1.1.1"},
    ],
)
def test_refusals(archive: Store, parameters: dict[str, Any]) -> None:
    answer = archive.get("studies", **parameters)
    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"


def test_sop_class_cannot_be_searched_for(archive: Store) -> None:
    assert archive.get("instances", SOPClassUID="1.2").status_code == 400


def test_xml(archive: Store) -> None:
    answer = archive.get("studies", 'multipart/related; type="application/dicom+xml"', StudyInstanceUID="1.1")
    assert answer.headers["content-type"].startswith('multipart/related; type="application/dicom+xml"')
    document = answer.content[answer.content.index(b"<?xml") : answer.content.rindex(b"\r\n--")]
    assert from_xml(document)["0020000D"]["Value"] == ["1.1"]


def test_type_that_is_not_there(archive: Store) -> None:
    assert archive.get("studies", "text/html").status_code == 406


def test_dicomweb_client_pages_through_everything(archive: Store) -> None:
    assert len(archive.client.search_for_instances(limit=2, get_remaining=True)) == 5


def test_unknown_store(archive: Store, unique: Callable[[str], str]) -> None:
    url = archive.url.replace("/archive/", f"/{unique('missing')}/")
    assert archive.session.get(f"{url}/studies", timeout=PATIENCE).status_code == 404


def test_a_range_that_is_open_at_its_end_reaches_the_last_day_that_can_be_written() -> None:
    where, (first, last) = qido._date("90000101-")
    assert "BETWEEN" in where
    assert first <= "99991231" <= last
