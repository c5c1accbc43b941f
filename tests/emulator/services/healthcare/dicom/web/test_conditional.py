"""ETags, ranges, bodies that come in chunks or with unusual headers."""

import socket
from urllib.parse import urlsplit

import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from emulator.gateway.multipart import boundary_of, parts
from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import file_of, instance, made
from tests.support.patience import PATIENCE

ONE = "studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1"
STORED = "application/dicom; transfer-syntax=*"


@pytest.mark.parametrize("level", ["studies/1.2.1", "studies/1.2.1/series/1.2.1.1", ONE])
@pytest.mark.parametrize("accept", ["application/dicom+json", 'multipart/related; type="application/dicom+xml"'])
def test_metadata_that_is_known_is_not_sent_again(store: Store, level: str, accept: str) -> None:
    assert store.post(made()).status_code == 200
    url = f"{store.url}/{level}/metadata"
    first = store.session.get(url, headers={"Accept": accept}, timeout=PATIENCE)
    etag = first.headers["etag"]
    known = {"Accept": accept, "If-None-Match": f'"other", {etag}'}
    again = store.session.get(url, headers=known, timeout=PATIENCE)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    known["If-None-Match"] = '"other"'
    assert store.session.get(url, headers=known, timeout=PATIENCE).status_code == 200
    known["If-None-Match"] = etag
    beta = url.replace("/v1/", "/v1beta1/", 1)  # its URLs of bulk data differ
    assert store.session.get(beta, headers=known, timeout=PATIENCE).status_code == 200
    assert (
        store.session.put(
            url.partition("/dicomWeb/")[0].replace("/v1/", "/v1beta1/", 1) + "/dicomWeb/studies",
            data=made(PatientID="P2"),
            headers={"Content-Type": "application/dicom"},
            timeout=PATIENCE,
        ).status_code
        == 200
    )
    assert store.session.get(url, headers=known, timeout=PATIENCE).status_code == 200


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=128-131", 206, slice(128, 132)),
        ("bytes=-16", 206, slice(-16, None)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=0-99999999", 206, slice(None)),
        ("bytes=99999999-", 416, slice(0)),
        ("bytes=5-1", 200, slice(None)),
        ("bytes=0-1,3-4", 200, slice(None)),
        ("bytes=" + "9" * 5000 + "-", 200, slice(None)),
    ],
)
def test_range_of_an_instance(store: Store, asked: str, status: int, part: slice) -> None:
    data = made()
    assert store.post(data).status_code == 200
    answer = store.session.get(f"{store.url}/{ONE}", headers={"Accept": STORED, "Range": asked}, timeout=PATIENCE)
    assert answer.status_code == status
    if status == 416:
        return
    assert answer.content == data[part]
    assert answer.headers["accept-ranges"] == "bytes"
    if status == 206:
        start, stop, _ = part.indices(len(data))
        assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(data)}"


def test_range_of_bulk_data_and_of_a_version(store: Store) -> None:
    assert store.post(made()).status_code == 200
    url = f"{store.url}/{ONE}/bulkdata/7FE00010"
    headers = {"Accept": "application/octet-stream; transfer-syntax=*", "Range": "bytes=4-7"}
    answer = store.session.get(url, headers=headers, timeout=PATIENCE)
    assert (answer.status_code, answer.content) == (206, bytes(range(4, 8)))
    same = {**headers, "If-Range": answer.headers["etag"]}
    assert store.session.get(url, headers=same, timeout=PATIENCE).status_code == 206
    other = {**headers, "If-Range": '"other"'}
    assert store.session.get(url, headers=other, timeout=PATIENCE).content == bytes(range(16))
    known = {**headers, "If-None-Match": answer.headers["etag"]}
    assert store.session.get(url, headers=known, timeout=PATIENCE).status_code == 304


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=4-7", 206, slice(4, 8)),
        ("bytes=4-", 206, slice(4, 16)),
        ("bytes=-3", 206, slice(13, 16)),
        ("bytes=0-99", 206, slice(0, 16)),
        ("bytes=16-", 416, slice(0, 0)),
        ("bytes=0-1,4-5", 200, slice(0, 16)),
        ("lines=0-1", 200, slice(0, 16)),
    ],
)
@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.4.90"])
def test_range_of_bulk_data_in_a_part(store: Store, syntax: str, asked: str, status: int, part: slice) -> None:
    """As dicomweb-client asks for it (byte_range): the bytes of the value, in a multipart body (RFC 9110 14)."""
    value = bytes(range(16))
    film = instance()
    film.file_meta.TransferSyntaxUID = UID(syntax)
    if film.file_meta.TransferSyntaxUID.is_encapsulated:
        film.PixelData = encapsulate([value])
        film["PixelData"].is_undefined_length = True
    data = file_of(film)
    assert store.post(data).status_code == 200
    url = f"{store.url}/{ONE}/bulkdata/7FE00010"
    headers = {"Accept": 'multipart/related; type="application/octet-stream"; transfer-syntax=*', "Range": asked}
    answer = store.session.get(url, headers=headers, timeout=PATIENCE)
    assert answer.status_code == status
    if status == 416:
        return
    expected = value[part]
    assert [content for _, content in parts(answer.content, boundary_of(answer.headers["content-type"]))] == [expected]
    if status == 206:
        start, stop, _ = part.indices(16)
        assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/16"


def test_dicomweb_client_retrieves_a_range(store: Store) -> None:
    assert store.post(made()).status_code == 200
    url = f"{store.url}/{ONE}/bulkdata/7FE00010"
    assert store.client.retrieve_bulkdata(url, byte_range=(4, 7)) == [bytes(range(4, 8))]


@pytest.mark.parametrize(
    ("preamble", "kind"),
    [(b"MZ\x90\0", "Windows"), (b"\x7fELF", "Linux"), (b"\xcf\xfa\xed\xfe", "macOS"), (b"#!/bin/sh\n", "a script")],
)
def test_preamble_that_begins_a_program_is_refused(store: Store, preamble: bytes, kind: str) -> None:
    answer = store.post(preamble + made()[len(preamble) :])
    assert answer.status_code == 409
    assert kind in answer.json()["00081198"]["Value"][0]["00091097"]["Value"][0]
    assert store.get("instances").status_code == 204


def test_preamble_of_a_dual_format_file_is_kept(store: Store) -> None:
    data = b"II*\0" + made()[4:]
    assert store.post(data).status_code == 200
    assert store.get(ONE, STORED).content == data


def test_chunked_body_and_host_without_port(store: Store) -> None:
    """As dicomweb-client sends it: chunks, and a Host header that names no port."""
    place = urlsplit(store.url)
    assert place.hostname is not None
    token = store.session.headers["Authorization"]
    head = (
        f"POST {place.path}/studies HTTP/1.1\r\nHost: {place.hostname}\r\nAuthorization: {token!s}\r\n"
        "Content-Type: application/dicom\r\nAccept: application/dicom+json\r\nTransfer-Encoding: chunked\r\n"
        "Connection: close\r\n\r\n"
    )
    data = made()
    with socket.create_connection((place.hostname, place.port or 80), timeout=PATIENCE) as connection:
        connection.sendall(head.encode())
        for start in range(0, len(data), 77):
            chunk = data[start : start + 77]
            connection.sendall(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200")
    assert f'"{store.url}/{ONE}"'.encode() in answer
    assert store.get(ONE, STORED).content == data
