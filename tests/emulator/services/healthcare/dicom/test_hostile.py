"""Files made to do harm: each costs itself, never the requests and files beside it."""

import gzip
import struct
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.dicom.web.test_stow_json import document, post
from tests.emulator.services.healthcare.instances import file_of, instance, made
from tests.emulator.services.healthcare.transfers import make_bucket, run, upload
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

ONE = "studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1"
NUMBERS = (b"18446744073709551616", b"-9223372036854775809", b"1e30", b"1_0")


def with_number(text: bytes, *, nested: bool = False) -> bytes:
    """A film whose InstanceNumber (IS) is this text, or that of an item of a sequence."""
    mark = "7" * (len(text) + len(text) % 2)
    film = instance()
    if nested:
        film.ReferencedImageSequence = [Dataset()]
        film.ReferencedImageSequence[0].add_new(0x00200013, "LO", mark)
    else:
        film.add_new(0x00200013, "LO", mark)
    head = struct.pack("<HH2sH", 0x20, 0x13, b"LO", len(mark))
    data = file_of(film)
    assert data.count(head) == 1
    return data.replace(head + mark.encode(), head.replace(b"LO", b"IS") + text.ljust(len(mark)))


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_that_is_none_is_shown_as_its_text(store: Store, text: bytes, nested: bool) -> None:
    """PS3.18 F.2.3: an IS value is a Number or a String."""
    film = with_number(text, nested=nested)
    assert store.post(film).status_code == 200
    assert store.get(ONE, "application/dicom; transfer-syntax=*").content == film
    (shown,) = store.get(f"{ONE}/metadata").json()
    holder = shown["00081140"]["Value"][0] if nested else shown
    assert holder["00200013"] == {"vr": "IS", "Value": [text.decode()]}
    assert store.get("instances", includefield="all").status_code == 200


def test_an_import_goes_on_after_numbers_out_of_range(
    emulator: RunningEmulator, store: Store, unique: Callable[[str], str]
) -> None:
    landing = make_bucket(emulator, unique("landing"), "roles/storage.objectViewer")
    upload(emulator, landing, "a.dcm", with_number(b"1e30"))
    upload(emulator, landing, "b.dcm", made(uid="1.2.1.1.2"))
    done = run(emulator, store.name, "import", {"gcsSource": {"uri": f"gs://{landing}/**"}})
    assert done["metadata"]["counter"] == {"success": "2"}


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**30])
def test_numbers_out_of_range_in_json_and_patches_are_answered(store: Store, number: int) -> None:
    value = {"vr": "IS", "Value": [str(number)]}
    pixels = {"pixels": bytes(16)}
    assert post(store, [document(x00200013=value)], pixels).status_code in (200, 400)
    assert store.post(made(uid="1.2.1.1.9")).status_code == 200
    url = f"{store.url.replace('/v1/', '/v1beta1/')}/{ONE[:-1]}9/metadata"
    patch: list[dict[str, Any]] = [{"op": "add", "path": "/00200013", "value": value}]
    assert store.session.patch(url, data=orjson.dumps(patch), timeout=PATIENCE).status_code in (200, 400)


@pytest.mark.parametrize("says_so", [False, True])
def test_pixels_of_sixty_thousand_squared_are_refused_before_they_are_decoded(store: Store, says_so: bool) -> None:
    sides = (60_000, 60_000, 0, 0, 60_000, 60_000, 0, 0)
    stream = b"\xff\x4f\xff\x51" + struct.pack(">HH8IH", 41, 0, *sides, 1) + b"\7\1\1"
    film = instance()
    if says_so:
        film.Rows = film.Columns = 60_000
    film.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.90")
    film.PixelData = encapsulate([stream + bytes(len(stream) % 2)])
    film["PixelData"].is_undefined_length = True
    data = file_of(film)
    assert store.post(data).status_code == 200
    for path, accept in (
        (f"{ONE}/rendered", "image/png"),
        (ONE, "application/dicom"),
        (f"{ONE}/frames/1", "application/octet-stream"),
        (f"{ONE}/frames/1", "image/png"),
    ):
        answer = store.get(path, accept)
        assert answer.status_code == 400, path
        assert answer.json()["error"]["message"].startswith("The instance cannot be decoded: ")
    assert store.get(ONE, "application/dicom; transfer-syntax=*").content == data


@pytest.mark.parametrize("keyword", ["SamplesPerPixel", "PixelRepresentation"])
def test_attributes_that_encoding_needs_and_lacks_are_a_400(store: Store, keyword: str) -> None:
    film = instance()
    delattr(film, keyword)
    assert store.post(file_of(film)).status_code == 200
    for syntax in ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5"):
        answer = store.get(ONE, f"application/dicom; transfer-syntax={syntax}")
        assert answer.status_code in (200, 400), (syntax, answer.text)
    assert store.get(f"{ONE}/rendered").status_code in (200, 400)


def packed_in(store: Store, data: bytes, coding: str) -> int:
    headers = {"Content-Type": "application/dicom", "Content-Encoding": coding}
    return store.session.post(f"{store.url}/studies", data=data, headers=headers, timeout=PATIENCE).status_code


def test_a_packed_body_is_unpacked_or_refused(store: Store) -> None:
    """RFC 9110 8.4: 415 for a coding that is not understood."""
    film = made()
    assert packed_in(store, gzip.compress(film), "gzip") == 200
    assert store.get(ONE, "application/dicom; transfer-syntax=*").content == film
    halves = gzip.compress(film[:300]) + gzip.compress(film[300:])  # RFC 1952 2.2: members, one after the other
    assert packed_in(store, halves, "gzip") == 200
    assert packed_in(store, gzip.compress(made(uid="1.2.1.1.2"))[:-9], "gzip") == 400
    assert packed_in(store, gzip.compress(made(uid="1.2.1.1.2")) + b"more", "gzip") == 400
    assert packed_in(store, film, "gzip") == 400
    assert packed_in(store, film, "br") == 415
    assert [one["00080018"]["Value"] for one in store.get("instances").json()] == [["1.2.1.1.1"]]


@pytest.mark.parametrize("kind", ["application/dicom", "application/dicom+json"])
@pytest.mark.parametrize("coding", ["Content-Encoding: gzip", "Content-Transfer-Encoding: base64"])
def test_a_packed_part_is_refused_by_name(store: Store, kind: str, coding: str) -> None:
    body = f"--b\r\nContent-Type: {kind}\r\n{coding}\r\n\r\n".encode() + gzip.compress(made()) + b"\r\n--b--"
    headers = {"Content-Type": f'multipart/related; type="{kind}"; boundary=b'}
    answer = store.session.post(f"{store.url}/studies", data=body, headers=headers, timeout=PATIENCE)
    assert answer.status_code == 415
    assert f"{coding.replace(': ', ' ')} of a part" in answer.text
    assert store.get("instances").status_code == 204
