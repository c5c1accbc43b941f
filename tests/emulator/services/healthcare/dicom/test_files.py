"""Every file of pydicom's collections in a store: stored, found, given back, converted or refused, deleted."""

import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.pixels.utils import pixel_array

from emulator.dicom.deflated import inflate
from emulator.dicom.errors import DicomError
from emulator.dicom.frames import frame_count
from emulator.dicom.header import BIG_ENDIAN, Header, read_header
from emulator.dicom.syntaxes import DEFLATED_DATASETS
from tests.emulator.dicom.files import shipped_files
from tests.emulator.services.healthcare.conftest import Store
from tests.support.patience import PATIENCE

EXPLICIT = "1.2.840.10008.1.2.1"
PIXELS = ("7FE00010", "7FE00008", "7FE00009")
_UIDS = ("0020000D", "0020000E", "00080018", "00080016")


UNDECODABLE = {
    "JPEG-lossy.dcm": "twelve bits in JPEG extended",
    "JPEG2000-embedded-sequence-delimiter.dcm": "its stream is no JPEG 2000",
}
"""Shipped files with pixels that no codec here reads."""
NOT_BY_PYDICOM = {"badVR.dcm": "a number of frames that is none"}
"""Shipped files whose pixels pydicom itself does not give; here such a number counts as absent."""


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
    _check_bulk(store, place, data, header)
    if frame_count(header.elements) <= 20:  # decoding 120 frames twice takes longer than all the rest
        _check_transcoded(store, place, path)
    _check_pictures(store, place, path.name, header)
    assert store.session.delete(f"{store.url}/studies/{study}", timeout=PATIENCE).status_code == 200
    assert store.get(f"{place}/metadata").status_code == 404


def _check_bulk(store: Store, place: str, data: bytes, header: Header) -> None:
    """Bulk data are the file's bytes."""
    plain = inflate(data, header.dataset_offset) if header.transfer_syntax in DEFLATED_DATASETS else data
    for bulk in header.bulk[:3]:
        answer = store.get(f"{place}/bulkdata/{bulk.path}", "multipart/related; type=application/octet-stream")
        assert answer.status_code == 200, bulk.path
        if not bulk.encapsulated and header.transfer_syntax != BIG_ENDIAN:
            assert plain[bulk.offset : bulk.offset + bulk.length] in answer.content


def _check_transcoded(store: Store, place: str, path: Path) -> None:
    """The default syntax has the same pixels; what no codec reads is refused with a sentence."""
    answer = store.get(place, "application/dicom")
    if path.name in UNDECODABLE:
        assert answer.status_code == 400
        assert answer.json()["error"]["message"].startswith("The instance cannot be decoded")
        return
    assert answer.status_code == 200, answer.text
    read = pydicom.dcmread(BytesIO(answer.content))
    assert read.file_meta.TransferSyntaxUID == EXPLICIT
    before = quietly(lambda: pixel_array(pydicom.dcmread(path)))
    assert before is not None or not any(tag in read for tag in PIXELS) or path.name in NOT_BY_PYDICOM
    if before is not None:
        assert np.array_equal(before, quietly(lambda: pixel_array(read)))


def _check_pictures(store: Store, place: str, name: str, header: Header) -> None:
    """A frame is given as it is, uncompressed and as a picture; refused where there are no pixels, or none to read."""
    pixels = any(bulk.path in PIXELS for bulk in header.bulk)
    as_is = store.get(f"{place}/frames/1", "application/octet-stream; transfer-syntax=*")
    decoded = store.get(f"{place}/frames/1", "application/octet-stream")
    picture = store.get(f"{place}/frames/1/rendered", "image/jpeg")
    wanted = [pixels, *[pixels and name not in UNDECODABLE] * 2]
    for answer, possible in zip((as_is, decoded, picture), wanted, strict=True):
        assert answer.status_code == (200 if possible else 400), answer.text
        if not possible:
            assert answer.json()["error"]["message"].endswith(".")
    if pixels and name not in UNDECODABLE:
        rows, columns = (int(header.text(tag)) for tag in ("00280010", "00280011"))
        assert Image.open(BytesIO(picture.content)).size == (columns, rows)
