from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pydicom
import pytest
import requests

from emulator.dicom.multipart import PART_END, closing, part_head
from emulator.dicom.native_xml import from_xml
from tests.emulator.dicom.files import shipped
from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import SECONDARY_CAPTURE, instance, made
from tests.support.patience import PATIENCE


def multipart(*files: bytes, boundary: str = "b") -> bytes:
    return b"".join(part_head(boundary, "application/dicom") + data + PART_END for data in files) + closing(boundary)


def post(store: Store, body: Any, content_type: str, accept: str = "application/dicom+json") -> requests.Response:
    headers = {"Content-Type": content_type, "Accept": accept}
    return store.session.post(f"{store.url}/studies", data=body, headers=headers, timeout=PATIENCE)


def test_one_file_is_stored_and_answered_in_xml_by_default(store: Store) -> None:
    answer = store.post(made(), accept="*/*")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/dicom+xml")
    body = from_xml(answer.content)
    assert body["00081190"]["Value"] == [f"{store.url}/studies/1.2.1"]
    item = body["00081199"]["Value"][0]
    assert item["00081155"]["Value"] == ["1.2.1.1.1"]
    assert item["00081190"]["Value"] == [f"{store.url}/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1"]


def test_dicomweb_client_stores_several(store: Store) -> None:
    films = [instance(uid=f"1.2.1.1.{number}") for number in range(1, 4)]
    answer = store.client.store_instances(films)
    assert len(answer.ReferencedSOPSequence) == 3
    assert len(store.client.search_for_instances()) == 3


def test_same_bytes_again_are_accepted_and_others_refused(store: Store) -> None:
    first = made()
    assert store.post(first).status_code == 200
    assert store.post(first).status_code == 200
    answer = store.post(made(PatientID="other"))
    assert answer.status_code == 409
    item = answer.json()["00081198"]["Value"][0]
    assert item["00081197"]["Value"] == [272]
    assert item["00091097"] == {"vr": "LT", "Value": ["already exists"]}
    assert item["00081155"]["Value"] == ["1.2.1.1.1"]
    assert store.client.search_for_studies()[0]["00100020"]["Value"] == ["P1"]


def test_a_class_that_the_file_meta_information_alone_has_is_enough(store: Store) -> None:
    # googleapis/mcp-toolbox, integration test of Cloud Healthcare: its instances have no (0008,0016)
    film, target = instance(), BytesIO()
    film.file_meta.MediaStorageSOPClassUID = film.SOPClassUID
    del film.SOPClassUID
    film.save_as(target)
    answer = store.post(target.getvalue())
    assert (answer.status_code, SECONDARY_CAPTURE in answer.text) == (200, True)
    (found,) = store.client.search_for_instances()
    assert "00080016" not in found
    del film.file_meta.MediaStorageSOPClassUID
    film.save_as(target := BytesIO())
    answer = store.post(target.getvalue())
    assert (answer.status_code, "lacks SOPClassUID (0008,0016)" in answer.text) == (409, True)


def test_failure_in_xml_names_google_s_private_attribute(store: Store) -> None:
    answer = store.post(b"not DICOM" * 40, accept="application/dicom+xml")
    assert answer.status_code == 409
    assert b'tag="00090097" vr="LT" keyword="FailureDetail" privateCreator="GOOGLE"' in answer.content
    assert b"not DICOM" in answer.content


def test_good_ones_are_stored_beside_bad_ones(store: Store) -> None:
    body = multipart(made(), b"rubbish", made(uid="1.2.1.1.2")[:-3])
    answer = post(store, body, 'multipart/related; type="application/dicom"; boundary="b"')
    assert answer.status_code == 409
    assert len(answer.json()["00081198"]["Value"]) == 2
    assert len(answer.json()["00081199"]["Value"]) == 1
    assert len(store.client.search_for_instances()) == 1


def test_instance_of_another_study_is_refused(store: Store) -> None:
    assert store.post(made(), path="studies/1.2.9").status_code == 409
    assert store.post(made(), path="studies/1.2.1").status_code == 200


def test_chunked_body(store: Store) -> None:
    body = multipart(made(), made(uid="1.2.1.1.2"))

    def chunks() -> Iterator[bytes]:
        for at in range(0, len(body), 100):
            yield body[at : at + 100]

    assert post(store, chunks(), "multipart/related; type=application/dicom; boundary=b").status_code == 200
    assert len(store.client.search_for_instances()) == 2


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/plain", b"hello", 415),
        ("multipart/related; type=application/dicom", b"--b--", 400),
        ("multipart/related; type=application/dicom; boundary=b", b"--b--", 400),
        ("multipart/related; type=application/dicom; boundary=b", b"--b\r\n\r\nhello", 400),
        ("multipart/related; type=text/plain; boundary=b", b"--b--", 415),
    ],
)
def test_bodies_that_are_refused(store: Store, content_type: str, body: bytes, status: int) -> None:
    answer = post(store, body, content_type)
    assert answer.status_code == status
    assert answer.json()["error"]["message"].endswith((".", "characters."))


@pytest.mark.parametrize(
    ("missing", "keyword"),
    [("StudyInstanceUID", "StudyInstanceUID"), ("SeriesInstanceUID", "SeriesInstanceUID")],
)
def test_missing_uid_is_named(store: Store, missing: str, keyword: str) -> None:
    film = instance()
    delattr(film, missing)
    from tests.emulator.services.healthcare.instances import file_of

    answer = store.post(file_of(film))
    assert answer.status_code == 409
    assert keyword in answer.json()["00081198"]["Value"][0]["00091097"]["Value"][0]


def test_unacceptable_answer_type(store: Store) -> None:
    assert store.post(made(), accept="text/html").status_code == 406


def test_dicom_json_with_a_bulk_part(store: Store) -> None:
    import orjson

    film = instance()
    pixels = film.PixelData
    metadata = film.to_json_dict()
    metadata["7FE00010"] = {"vr": "OB", "BulkDataURI": "pixels/1"}
    metadata["00020010"] = {"vr": "UI", "Value": ["1.2.840.10008.1.2.1"]}
    body = (
        part_head("b", "application/dicom+json")
        + orjson.dumps([metadata])
        + PART_END
        + part_head("b", "application/octet-stream", "pixels/1")
        + pixels
        + PART_END
        + closing("b")
    )
    answer = post(store, body, 'multipart/related; type="application/dicom+json"; boundary=b')
    assert answer.status_code == 200, answer.text
    stored = store.client.retrieve_instance("1.2.1", "1.2.1.1", "1.2.1.1.1")
    assert stored.PixelData == pixels
    assert stored.PatientName == "Doe^Jane"


def test_dicom_json_without_its_bulk_part(store: Store) -> None:
    import orjson

    metadata = instance().to_json_dict()
    metadata["7FE00010"] = {"vr": "OB", "BulkDataURI": "elsewhere"}
    metadata["00020010"] = {"vr": "UI", "Value": ["1.2.840.10008.1.2.1"]}
    body = part_head("b", "application/dicom+json") + orjson.dumps([metadata]) + PART_END + closing("b")
    answer = post(store, body, 'multipart/related; type="application/dicom+json"; boundary=b')
    assert answer.status_code == 400
    assert "Content-Location" in answer.json()["error"]["message"]


def test_real_film_comes_back_byte_for_byte(store: Store) -> None:
    data = shipped("RG1_J2KR.dcm").read_bytes()
    assert store.post(data).status_code == 200
    film = pydicom.dcmread(shipped("RG1_J2KR.dcm"), stop_before_pixels=True)
    path = f"studies/{film.StudyInstanceUID}/series/{film.SeriesInstanceUID}/instances/{film.SOPInstanceUID}"
    assert store.get(path, "application/dicom; transfer-syntax=*").content == data


def test_writing_needs_its_permission(store: Store) -> None:
    headers = {"Content-Type": "application/dicom", "Authorization": "Bearer nobody"}
    answer = requests.post(f"{store.url}/studies", data=made(), headers=headers, timeout=PATIENCE)
    assert answer.status_code == 401
