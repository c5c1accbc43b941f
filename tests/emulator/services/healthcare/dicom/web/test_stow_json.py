"""Storing DICOM JSON: what Google asks of it, and each refusal of it."""

from typing import Any

import orjson
import pytest
import requests

from emulator.dicom.multipart import PART_END, closing, part_head
from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import instance
from tests.support.patience import PATIENCE

J2K = "1.2.840.10008.1.2.4.90"


def document(**changes: Any) -> dict[str, Any]:
    """DICOM JSON of an instance whose pixels are in a part; a change to None leaves an attribute out."""
    found: dict[str, Any] = instance().to_json_dict()
    found["00020010"] = {"vr": "UI", "Value": ["1.2.840.10008.1.2.1"]}
    found["7FE00010"] = {"vr": "OB", "BulkDataURI": "pixels"}
    found |= {tag.removeprefix("x"): element for tag, element in changes.items()}
    return {tag: element for tag, element in found.items() if element is not None}


def post(store: Store, documents: Any, parts: dict[str, bytes]) -> requests.Response:
    body = part_head("b", "application/dicom+json") + orjson.dumps(documents) + PART_END
    for place, data in parts.items():
        body += part_head("b", "application/octet-stream", place) + data + PART_END
    kind = 'multipart/related; type="application/dicom+json"; boundary=b'
    headers = {"Content-Type": kind, "Accept": "application/dicom+json"}
    return store.session.post(f"{store.url}/studies", data=body + closing("b"), headers=headers, timeout=PATIENCE)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"x00080005": {"vr": "CS", "Value": ["ISO_IR 100"]}}, "ISO_IR 192"),
        ({"x00080005": None}, "SpecificCharacterSet"),
        ({"x00020010": None}, "TransferSyntaxUID"),
        ({"x00080016": None}, "SOPClassUID"),
        ({"x00080018": None}, "SOPInstanceUID"),
        ({"x0020000D": {"vr": "UI"}}, "StudyInstanceUID"),
        ({"x0020000E": None}, "SeriesInstanceUID"),
        ({"x00020010": {"vr": "UI", "Value": ["1.2.840.10008.1.2.2"]}}, "cannot be stored as DICOM JSON"),
        ({"x00020010": {"vr": "UI", "Value": ["1.2.840.10008.1.2.1.99"]}}, "cannot be stored as DICOM JSON"),
        ({"x00281201": {"vr": "OW", "BulkDataURI": "pixels"}}, "one bulk part"),
        ({"x7FE00010": None, "x00281201": {"vr": "OW", "BulkDataURI": "pixels"}}, "one bulk part"),
        ({"x7FE00010": {"vr": "OB", "BulkDataURI": "other"}}, "Content-Location"),
        ({"x00280010": {"vr": "US", "Value": ["many"]}}, "not sound DICOM JSON at (0028,0010)"),
    ],
)
def test_refusals(store: Store, changes: dict[str, Any], reason: str) -> None:
    answer = post(store, [document(**changes)], {"pixels": bytes(16)})
    assert answer.status_code == 400
    assert reason in answer.json()["error"]["message"]
    assert store.get("instances").status_code == 204


def test_several_instances_each_with_its_part(store: Store) -> None:
    documents = [
        document(
            x00080018={"vr": "UI", "Value": [f"1.2.1.1.{number}"]},
            x7FE00010={"vr": "OB", "BulkDataURI": f"pixels/{number}"},
        )
        for number in (1, 2)
    ]
    answer = post(store, documents, {f"pixels/{number}": bytes([number] * 16) for number in (1, 2)})
    assert answer.status_code == 200, answer.text
    found = store.client.retrieve_study("1.2.1")
    assert [each.PixelData for each in found] == [bytes([1] * 16), bytes([2] * 16)]


def test_a_compressed_frame_becomes_a_fragment(store: Store) -> None:
    from pydicom.encaps import get_frame

    frame = b"\xff\x4f\xff\x51" + bytes(28)
    answer = post(store, document(x00020010={"vr": "UI", "Value": [J2K]}), {"pixels": frame})
    assert answer.status_code == 200, answer.text
    (stored,) = store.client.retrieve_study("1.2.1", media_types=(("application/dicom", "*"),))
    assert stored.file_meta.TransferSyntaxUID == J2K
    assert get_frame(stored.PixelData, 0, number_of_frames=1) == frame


def test_without_pixels(store: Store) -> None:
    assert post(store, [document(x7FE00010=None)], {}).status_code == 200
    assert len(store.client.search_for_instances()) == 1
