"""A study of which one instance cannot be converted: refused before the first byte, or broken off, never short."""

from io import BytesIO

import pydicom
import pytest
import requests
from pydicom.encaps import encapsulate, generate_frames

from tests.emulator.dicom.files import shipped
from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import file_of, made
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

EXPLICIT = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1'
AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'
BASELINE = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.50'
DEEP = {"BitsAllocated": 16, "BitsStored": 16, "HighBit": 15, "PixelData": bytes(32)}


def compressed(uid: str, *, damaged: bool = False) -> bytes:
    """A JPEG 2000 film, sound or with a stream that ends too early."""
    dataset = pydicom.dcmread(shipped("693_J2KR.dcm"))
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID = "1.2.1", "1.2.1.1", uid
    if damaged:
        (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
        dataset.PixelData = encapsulate([frame[:60]])
    return file_of(dataset)


@pytest.mark.parametrize("path", ["studies/1.2.1", "studies/1.2.1/series/1.2.1.1"])
def test_an_instance_whose_pixels_are_damaged_breaks_the_answer_off(
    store: Store, emulator: RunningEmulator, path: str
) -> None:
    for uid, damaged in (("1.1", False), ("1.2", False), ("1.3", True), ("1.4", False)):
        assert store.post(compressed(uid, damaged=damaged)).status_code == 200
    with store.session.get(
        f"{store.url}/{path}", headers={"Accept": EXPLICIT}, stream=True, timeout=PATIENCE
    ) as answer:
        assert answer.status_code == 200
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            list(answer.iter_content(1 << 16))
    assert len(store.client.retrieve_study("1.2.1", media_types=(("application/dicom", "*"),))) == 4
    said = emulator.log.read_text()
    assert "An answer was broken off: The instance cannot be decoded from transfer syntax" in said
    assert "Traceback" not in said


def test_a_damaged_instance_that_comes_first_is_a_400(store: Store) -> None:
    for uid, damaged in (("1.1", True), ("1.2", False)):
        assert store.post(compressed(uid, damaged=damaged)).status_code == 200
    answer = store.get("studies/1.2.1", EXPLICIT)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("The instance cannot be decoded")


@pytest.mark.parametrize(
    "attributes",
    [
        DEEP,
        {"PixelRepresentation": 1},
        {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "PixelData": b"\xff\0"},
        {"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31, "PixelData": bytes(64)},
    ],
    ids=["16 bits", "signed", "1 bit", "32 bits"],
)
def test_what_no_codec_takes_is_refused_wherever_it_stands_in_the_study(
    store: Store, attributes: dict[str, int | bytes]
) -> None:
    for number in range(3):
        assert store.post(made(uid=f"1.{number}")).status_code == 200
    assert store.get("studies/1.2.1", BASELINE).status_code == 200
    assert store.post(made(uid="1.9", **attributes)).status_code == 200
    answer = store.get("studies/1.2.1", BASELINE)
    assert answer.status_code == 400
    assert "cannot be compressed" in answer.json()["error"]["message"]
    whole = store.get("studies/1.2.1", AS_STORED)
    assert whole.status_code == 200
    assert whole.content.count(b"Content-Location: ") == 4


def test_every_part_of_a_study_is_there(store: Store) -> None:
    for uid in ("1.1", "1.2", "1.3"):
        assert store.post(compressed(uid)).status_code == 200
    found = store.client.retrieve_study("1.2.1", media_types=(("application/dicom", "1.2.840.10008.1.2.1"),))
    wanted = pydicom.dcmread(BytesIO(compressed("1.1"))).pixel_array
    assert [each.SOPInstanceUID for each in found] == ["1.1", "1.2", "1.3"]
    assert all((each.pixel_array == wanted).all() for each in found)


def test_an_instance_that_is_deleted_meanwhile_breaks_the_answer_off(store: Store) -> None:
    for number in range(1, 9):
        film = made(uid=f"1.{number}", Rows=2048, Columns=2048, PixelData=bytes(2048 * 2048))
        assert store.post(film).status_code == 200
    with store.session.get(f"{store.url}/studies/1.2.1", headers={"Accept": AS_STORED}, stream=True) as answer:
        pieces = answer.iter_content(1 << 16)
        next(pieces)
        with requests.Session() as other:
            other.headers.update(store.session.headers)
            assert other.delete(f"{store.url}/studies/1.2.1", timeout=PATIENCE).status_code == 200
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            list(pieces)
