"""Every file of pydicom's collections in a store: stored, found, given back, converted or refused, deleted."""

import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.pixels.utils import pixel_array

from emulator.dicom.errors import DicomError
from emulator.dicom.frames import frame_count
from emulator.dicom.header import Header, read_header
from tests.emulator.dicom.files import shipped_files
from tests.emulator.services.healthcare.conftest import Store

EXPLICIT = "1.2.840.10008.1.2.1"
_UIDS = ("0020000D", "0020000E", "00080018", "00080016")


def sound(path: Path) -> bool:
    try:
        header = read_header(path.read_bytes())
    except DicomError:
        return False
    return all(header.text(tag) for tag in _UIDS)


FILES = shipped_files()
SOUND = [path for path in FILES if sound(path)]


@pytest.mark.parametrize("path", [path for path in FILES if path not in SOUND], ids=lambda path: path.name)
def test_unsound_file_is_refused(store: Store, path: Path) -> None:
    answer = store.post(path.read_bytes())
    assert answer.status_code == 409
    assert answer.json()["00081198"]["Value"][0]["00091097"]["Value"][0].endswith(".")


def quietly(read: Callable[[], Any]) -> Any:
    """Give what pydicom reads, None if it cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read()
        except Exception:  # noqa: BLE001 (whatever a codec raises)
            return None


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.name)
def test_round_trip(store: Store, path: Path) -> None:
    data = path.read_bytes()
    header = read_header(data)
    study, series, uid = (header.text(tag) for tag in _UIDS[:3])
    assert store.post(data).status_code == 200
    (row,) = store.get("instances", SOPInstanceUID=uid).json()
    assert row["0020000D"]["Value"] == [study]
    place = f"studies/{study}/series/{series}/instances/{uid}"
    assert store.get(place, "application/dicom; transfer-syntax=*").content == data
    (metadata,) = store.get(f"{place}/metadata").json()
    assert list(metadata) == sorted(header.elements)
    for bulk in header.bulk[:3]:
        answer = store.get(f"{place}/bulkdata/{bulk.path}", "multipart/related; type=application/octet-stream")
        assert answer.status_code == 200, bulk.path
    if frame_count(header.elements) <= 20:  # decoding 120 frames twice takes longer than all the rest
        _check_transcoded(store, place, data)
    _check_pictures(store, place, header)
    assert store.session.delete(f"{store.url}/studies/{study}", timeout=60).status_code == 200
    assert store.get(f"{place}/metadata").status_code == 404


def _check_transcoded(store: Store, place: str, data: bytes) -> None:
    """The default syntax has the same pixels, or is refused with a sentence."""
    answer = store.get(place, "application/dicom")
    if answer.status_code == 400:
        assert answer.json()["error"]["message"].startswith("The instance cannot be")
        return
    assert answer.status_code == 200
    assert quietly(lambda: pydicom.dcmread(BytesIO(answer.content)).file_meta.TransferSyntaxUID) == EXPLICIT
    before = quietly(lambda: pixel_array(pydicom.dcmread(BytesIO(data))))
    if before is not None:
        after = quietly(lambda: pixel_array(pydicom.dcmread(BytesIO(answer.content))))
        assert np.array_equal(before, after)


def _check_pictures(store: Store, place: str, header: Header) -> None:
    """A frame is given as it is and as a picture, or refused with a sentence."""
    pixels = any(bulk.path == "7FE00010" for bulk in header.bulk)
    accept = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
    frame = store.get(f"{place}/frames/1", accept)
    picture = store.get(f"{place}/frames/1/rendered", "image/jpeg")
    for answer in (frame, picture):
        assert answer.status_code in (200, 400), answer.text
        if answer.status_code == 400:
            assert answer.json()["error"]["message"].endswith(".")
    assert pixels or (frame.status_code, picture.status_code) == (400, 400)
