"""Uploads: media, multipart, resumable; checksums; what is refused."""

import base64
import gzip
import hashlib
import io
import os
import threading
from collections.abc import Callable
from typing import Any

import google_crc32c
import httpx
import pytest
from google.api_core import exceptions
from google.cloud import storage

from tests.conftest import StartEmulator
from tests.emulator.services.storage.conftest import Raw, quote, reason
from tests.support.emulator import RunningEmulator
from tests.support.keys import agent_of, make_key
from tests.support.patience import PATIENCE

CHUNK = 262_144


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def crc32c(data: bytes) -> str:
    return base64.b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode()


def multipart(raw: Raw, metadata: bytes, media: bytes, content_type: str = "text/plain") -> httpx.Response:
    body = b"--mark\r\ncontent-type: application/json\r\n\r\n" + metadata
    body += f"\r\n--mark\r\ncontent-type: {content_type}\r\n\r\n".encode() + media + b"\r\n--mark--"
    return raw.http.post(
        f"/upload/storage/v1/b/{raw.bucket}/o",
        params={"uploadType": "multipart"},
        content=body,
        headers={"content-type": "multipart/related; boundary=mark"},
    )


@pytest.mark.parametrize("size", [0, 1, 1000, 65_536, 3_000_001])
def test_bytes_come_back_with_their_checksums(bucket: storage.Bucket, size: int) -> None:
    data = os.urandom(size)
    blob = bucket.blob("x")
    blob.upload_from_string(data, checksum="crc32c")
    assert (blob.size, blob.md5_hash, blob.crc32c) == (size, md5(data), crc32c(data))
    assert blob.download_as_bytes(checksum="md5") == data


@pytest.mark.parametrize("media", [b"", b"x", b"\r\n", b"--mark", b"\r\n--mar", b"a\r\n--mar\r\n--mark2" * 50_000])
def test_multipart_keeps_what_looks_like_a_boundary_but_is_none(raw: Raw, media: bytes) -> None:
    if b"\r\n--mark" in media:
        media = media.replace(b"--mark2", b"--marc2")
    answer = multipart(raw, b'{"name":"m","metadata":{"k":"v"}}', media)
    assert answer.status_code == 200, answer.text
    assert answer.json()["contentType"] == "text/plain"
    assert answer.json()["metadata"] == {"k": "v"}
    assert raw.media("m").content == media


def test_multipart_that_is_malformed(raw: Raw) -> None:
    assert multipart(raw, b"{not json", b"x").status_code == 400
    assert multipart(raw, b"{}", b"x").json()["error"]["message"] == "Required parameter: name"
    assert multipart(raw, b'{"name":"x","bucket":"other"}', b"x").status_code == 400
    url, params = f"/upload/storage/v1/b/{raw.bucket}/o", {"uploadType": "multipart"}
    cut = b"--mark\r\n\r\n{}\r\n--mark\r\n\r\nabc"
    for headers in ({"content-type": "multipart/related; boundary=mark"}, {"content-type": "multipart/related"}):
        assert raw.http.post(url, params=params, content=cut, headers=headers).status_code == 400
    assert raw.objects().json().get("items") is None


def test_checksums_of_the_caller_are_checked(raw: Raw) -> None:
    right, wrong = md5(b"abc"), md5(b"abd")
    assert raw.upload("x", b"abc", {"x-goog-hash": f"md5={right},crc32c={crc32c(b'abc')}"}).status_code == 200
    for headers in ({"x-goog-hash": f"md5={wrong}"}, {"x-goog-hash": "crc32c=AAAAAA=="}, {"content-md5": wrong}):
        answer = raw.upload("y", b"abc", headers)
        assert reason(answer) == (400, "invalid")
        assert "doesn't match calculated" in answer.json()["error"]["message"]
    for field, value in (("md5Hash", wrong), ("crc32c", "AAAAAA==")):
        body = f'{{"name":"y","{field}":"{value}"}}'.encode()
        assert reason(multipart(raw, body, b"abc")) == (400, "invalid")
    assert raw.objects("y").status_code == 404


def test_upload_parameters(raw: Raw) -> None:
    answer = raw.upload("x", b"abc", {"content-type": "text/csv"}, contentEncoding="identity")
    assert answer.json()["contentType"] == "text/csv"
    assert answer.json()["contentEncoding"] == "identity"
    assert reason(raw.upload("", b"x")) == (400, "required")
    assert raw.upload("x", b"x", uploadType="other").status_code == 400
    own_key = {"x-goog-encryption-algorithm": "AES256"}
    assert raw.upload("x", b"x", own_key).status_code == 501


def test_storage_class_and_kms_key(
    bucket: storage.Bucket, emulator: RunningEmulator, unique: Callable[[str], str]
) -> None:
    blob = bucket.blob("x")
    blob.storage_class = "NEARLINE"
    blob.upload_from_string("x")
    assert bucket.get_blob("x").storage_class == "NEARLINE"
    blob.update_storage_class("COLDLINE")
    assert bucket.get_blob("x").storage_class == "COLDLINE"
    key = make_key(emulator, unique("ring"), agent_of(emulator, "storage"))
    keyed = bucket.blob("keyed", kms_key_name=key)
    keyed.upload_from_string("x")
    assert keyed.kms_key_name == key + "/cryptoKeyVersions/1"


@pytest.mark.parametrize("size", [0, CHUNK, CHUNK * 3, CHUNK * 3 + 17])
def test_client_uploads_in_chunks(bucket: storage.Bucket, size: int) -> None:
    data = os.urandom(size)
    blob = bucket.blob("big", chunk_size=CHUNK)
    blob.upload_from_file(io.BytesIO(data), checksum="crc32c")
    assert (blob.size, blob.md5_hash) == (size, md5(data))
    assert bucket.blob("big").download_as_bytes() == data
    with bucket.blob("written").open("wb", chunk_size=CHUNK) as writer:
        writer.write(data)
    assert bucket.blob("written").download_as_bytes() == data


def test_client_creates_only_what_is_not_there(bucket: storage.Bucket) -> None:
    bucket.blob("x").upload_from_string("1", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("x").upload_from_string("2", if_generation_match=0)


def put(raw: Raw, url: str, data: bytes, content_range: str, **headers: str) -> httpx.Response:
    return raw.http.put(url, content=data, headers={"content-range": content_range, **headers})


def test_resumable_step_by_step(raw: Raw) -> None:
    data = os.urandom(CHUNK * 2 + 5)
    total = len(data)
    url = raw.begin("big/ü", {"x-upload-content-type": "application/dicom"}, metadata={"a": "b"})
    nothing = put(raw, url, b"", f"bytes */{total}")
    assert (nothing.status_code, nothing.headers.get("range")) == (308, None)
    first = put(raw, url, data[:CHUNK], f"bytes 0-{CHUNK - 1}/*")
    assert (first.status_code, first.headers["range"]) == (308, f"bytes=0-{CHUNK - 1}")
    again = put(raw, url, data[: CHUNK * 2], f"bytes 0-{CHUNK * 2 - 1}/{total}")
    assert again.headers["range"] == f"bytes=0-{CHUNK * 2 - 1}"
    status = put(raw, url, b"", "bytes */*", **{"x-guploader-no-308": "yes"})
    assert (status.status_code, status.headers["x-http-status-code-override"]) == (200, "308")
    gap = put(raw, url, data[-1:], f"bytes {total - 1}-{total - 1}/{total}")
    assert gap.status_code == 400
    last = {"x-goog-hash": f"crc32c={crc32c(data)}"}
    done = put(raw, url, data[CHUNK * 2 :], f"bytes {CHUNK * 2}-{total - 1}/{total}", **last)
    assert done.status_code == 200
    assert done.json()["md5Hash"] == md5(data)
    assert done.json()["contentType"] == "application/dicom"
    assert done.json()["metadata"] == {"a": "b"}
    assert put(raw, url, b"", f"bytes */{total}").json() == done.json()
    assert raw.media("big/ü").content == data


def test_resumable_in_one_piece_and_without_a_body(raw: Raw) -> None:
    url = raw.begin("x")
    assert raw.http.put(url, content=b"abc").json()["size"] == "3"
    assert put(raw, raw.begin("empty"), b"", "bytes */0").json()["size"] == "0"


def test_resumable_refusals(raw: Raw) -> None:
    url = raw.begin("x", {"x-upload-content-length": "300000"})
    assert put(raw, url, b"x", "bytes 0-0/5").status_code == 400
    assert put(raw, url, b"x", "bytes 0-0/*").status_code == 400
    assert put(raw, url, b"x", "bytes 5-1/*").status_code == 400
    assert put(raw, url, b"x", "lines 0-1/2").status_code == 400
    wrong = raw.begin("y", md5Hash=md5(b"other"))
    assert reason(raw.http.put(wrong, content=b"abc")) == (400, "invalid")
    assert raw.http.put(wrong, content=b"abc").status_code == 404
    conditional = f"/upload/storage/v1/b/{raw.bucket}/o?uploadType=resumable&name=z&ifGenerationMatch=0"
    late = raw.http.post(conditional).headers["location"]
    raw.upload("z", b"first")
    assert raw.http.put(late, content=b"second").status_code == 412
    assert raw.http.post(conditional).status_code == 412
    assert raw.media("z").content == b"first"


def test_resumable_cancel(raw: Raw) -> None:
    url = raw.begin("x")
    put(raw, url, bytes(CHUNK), f"bytes 0-{CHUNK - 1}/*")
    assert raw.http.delete(url).status_code == 499
    assert reason(put(raw, url, b"", "bytes */*")) == (404, "notFound")


def test_a_session_needs_no_token(raw: Raw) -> None:
    url = raw.begin("x")
    assert httpx.put(url, content=b"abc", timeout=PATIENCE).status_code == 200


def test_gzip_is_kept_and_undone_on_request(bucket: storage.Bucket, raw: Raw) -> None:
    plain = b"hello " * 100_000
    packed = gzip.compress(plain)
    blob = bucket.blob("x.txt")
    blob.content_encoding = "gzip"
    blob.upload_from_string(packed, content_type="text/plain")
    assert blob.size == len(packed)
    assert blob.download_as_bytes() == plain
    assert blob.download_as_bytes(raw_download=True) == packed
    undone = raw.media("x.txt", {"accept-encoding": "identity"})
    assert undone.content == plain
    assert "content-encoding" not in undone.headers
    assert undone.headers["x-goog-stored-content-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("header", "status", "expected"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=8-", 206, b"89"),
        ("bytes=-3", 206, b"789"),
        ("bytes=-30", 206, b"0123456789"),
        ("bytes=5-100", 206, b"56789"),
        ("bytes=10-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=5-1", 200, b"0123456789"),
        ("bytes=0-1,4-5", 200, b"0123456789"),
        ("lines=0-1", 200, b"0123456789"),
    ],
)
def test_ranges(raw: Raw, header: str, status: int, expected: bytes | None) -> None:
    raw.upload("x", b"0123456789")
    answer = raw.media("x", {"range": header})
    assert answer.status_code == status
    if expected is None:
        assert answer.headers["content-range"] == "bytes */10"
        return
    assert answer.content == expected
    if status == 206:
        at = b"0123456789".index(expected)
        assert answer.headers["content-range"] == f"bytes {at}-{at + len(expected) - 1}/10"


def test_download_headers(raw: Raw) -> None:
    made = raw.upload("x", b"abc", {"content-type": "text/csv"}).json()
    for path in (f"/download/storage/v1/b/{raw.bucket}/o/x", f"/storage/v1/b/{raw.bucket}/o/x"):
        headers = raw.http.get(path, params={"alt": "media"}).headers
        assert headers["content-type"] == "text/csv"
        assert headers["x-goog-hash"] == f"crc32c={made['crc32c']},md5={made['md5Hash']}"
        assert headers["x-goog-generation"] == made["generation"]
        assert headers["etag"] == made["etag"]
        assert headers["content-length"] == "3"
    assert raw.http.get(made["mediaLink"]).content == b"abc"
    assert raw.http.head(f"/download/storage/v1/b/{raw.bucket}/o/{quote('x')}").headers["content-length"] == "3"


def test_headers_carry_what_was_set(bucket: storage.Bucket, raw: Raw) -> None:
    blob = bucket.blob("x")
    blob.content_disposition = "attachment; filename=日本.dcm"
    blob.content_language = "ja"
    blob.upload_from_string("x")
    headers = raw.media("x").headers
    assert headers.raw[[name for name, _ in headers.raw].index(b"content-disposition")][1].decode().endswith("日本.dcm")
    assert headers["content-language"] == "ja"
    for field in ("contentType", "cacheControl"):
        answer = raw.http.patch(f"/storage/v1/b/{raw.bucket}/o/x", json={field: "a\r\nX-Evil: 1"})
        assert reason(answer) == (400, "invalid")


def test_ranges_of_a_large_object(bucket: storage.Bucket) -> None:
    data = os.urandom(5_000_000)
    bucket.blob("x").upload_from_string(data)
    assert bucket.blob("x").download_as_bytes(start=1_500_000, end=4_199_999) == data[1_500_000:4_200_000]


@pytest.mark.crash
def test_an_upload_goes_on_after_a_crash(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    headers = {"authorization": f"Bearer {emulator.owner_token}"}
    data = os.urandom(CHUNK * 4 + 3)
    total = len(data)

    def client() -> httpx.Client:
        return httpx.Client(base_url=emulator.base_url, headers=headers, timeout=PATIENCE)

    with client() as http:
        http.post("/storage/v1/b", params={"project": emulator.project}, json={"name": "kept"}).raise_for_status()
        url = Raw(http, "kept").begin("big", metadata={"a": "b"})
        acknowledged = http.put(url, content=data[: CHUNK * 2], headers={"content-range": f"bytes 0-{CHUNK * 2 - 1}/*"})
        assert acknowledged.headers["range"] == f"bytes=0-{CHUNK * 2 - 1}"

        def broken() -> Any:
            yield data[CHUNK * 2 : CHUNK * 3]
            emulator.kill()

        with pytest.raises(httpx.HTTPError):
            http.put(url, content=broken(), headers={"content-range": f"bytes {CHUNK * 2}-{total - 1}/{total}"})
    emulator.start()
    with client() as http:
        status = http.put(url, headers={"content-range": "bytes */*"})
        assert status.status_code == 308
        have = int(status.headers["range"].rpartition("-")[2]) + 1
        assert have >= CHUNK * 2
        done = http.put(url, content=data[have:], headers={"content-range": f"bytes {have}-{total - 1}/{total}"})
        assert done.json()["md5Hash"] == md5(data)
        assert done.json()["metadata"] == {"a": "b"}
        assert Raw(http, "kept").media("big").content == data
        emulator.kill()
    emulator.start()
    with client() as http:
        assert Raw(http, "kept").media("big").content == data
        assert http.put(url, headers={"content-range": "bytes */*"}).json() == done.json()


@pytest.mark.crash
def test_nothing_acknowledged_is_lost(start_emulator: StartEmulator) -> None:
    emulator = start_emulator()
    headers = {"authorization": f"Bearer {emulator.owner_token}"}
    acknowledged: dict[str, bytes] = {}
    enough = threading.Event()

    def upload(worker: int) -> None:
        with httpx.Client(base_url=emulator.base_url, headers=headers, timeout=PATIENCE) as http:
            for number in range(1000):
                name, data = f"{worker}-{number}", os.urandom(50_000)
                try:
                    if Raw(http, "kept").upload(name, data).status_code == 200:
                        acknowledged[name] = data
                except httpx.HTTPError:
                    return
                if len(acknowledged) >= 40:
                    enough.set()

    with httpx.Client(base_url=emulator.base_url, headers=headers, timeout=PATIENCE) as http:
        http.post("/storage/v1/b", params={"project": emulator.project}, json={"name": "kept"}).raise_for_status()
    workers = [threading.Thread(target=upload, args=(worker,)) for worker in range(4)]
    for worker in workers:
        worker.start()
    assert enough.wait(PATIENCE)
    emulator.kill()
    for worker in workers:
        worker.join()
    emulator.start()
    with httpx.Client(base_url=emulator.base_url, headers=headers, timeout=PATIENCE) as http:
        raw = Raw(http, "kept")
        assert {name: raw.media(name).content for name in acknowledged} == acknowledged
        for item in raw.objects().json()["items"]:
            assert md5(raw.media(item["name"]).content) == item["md5Hash"]


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
@pytest.mark.parametrize(
    "media", [b"", b"x\r", b"\r\n", b"\n--markx\n", b"\r\n--mark x\r\n", b"a\n--mar", bytes(range(256)) * 9]
)
def test_multipart_lines_may_end_with_lf_alone(raw: Raw, line_end: bytes, media: bytes) -> None:
    """As gsutil writes them; the bytes are kept, also where they look like a boundary that is none (RFC 2046 5.1.1)."""
    lines = [
        b"--mark",
        b"Content-Type: application/json",
        b"",
        b'{"name":"lf"}',
        b"--mark  ",
        b"Content-Type: text/plain",
    ]
    body = line_end.join([*lines, b"", media, b"--mark--", b""])
    answer = raw.http.post(
        f"/upload/storage/v1/b/{raw.bucket}/o",
        params={"uploadType": "multipart"},
        content=body,
        headers={"content-type": "multipart/related; boundary=mark"},
    )
    assert answer.status_code == 200, answer.text
    assert raw.media("lf").content == media


def test_a_session_is_known_by_its_id_whatever_the_verb(raw: Raw) -> None:
    """As cloud.google.com/go/storage sends its chunks: by POST, and it sees no 308."""
    begun = raw.http.post(
        f"/upload/storage/v1/b/{raw.bucket}/o", params={"uploadType": "resumable"}, json={"name": "go"}
    )
    place, size = begun.headers["location"], CHUNK * 2
    ranges = ((0, CHUNK, "*"), (CHUNK, size + 5, str(size + 5)))
    data = bytes(size + 5)
    first, last = (
        raw.http.post(
            place,
            content=data[start:end],
            headers={"content-range": f"bytes {start}-{end - 1}/{total}", "x-guploader-no-308": "yes"},
        )
        for start, end, total in ranges
    )
    assert (first.status_code, first.headers["x-http-status-code-override"]) == (200, "308")
    assert (last.status_code, last.json()["size"]) == (200, str(size + 5))
    assert raw.media("go").content == data


def test_an_open_end_is_the_end_of_the_body(raw: Raw) -> None:
    """As Node's client uploads in one request: Content-Range bytes 0-*/*."""
    begun = raw.http.post(
        f"/upload/storage/v1/b/{raw.bucket}/o", params={"uploadType": "resumable"}, json={"name": "node"}
    )
    answer = raw.http.put(begun.headers["location"], content=b"12345", headers={"content-range": "bytes 0-*/*"})
    assert (answer.status_code, answer.json()["size"]) == (200, "5")


def test_the_address_may_be_the_whole_base(raw: Raw, emulator: RunningEmulator) -> None:
    """Node's clients put /b/... and /projects/... behind STORAGE_EMULATOR_HOST and BIGQUERY_EMULATOR_HOST."""
    raw.upload("x", b"1")
    assert raw.http.get(f"/b/{raw.bucket}/o/x").json()["name"] == "x"
    assert [item["name"] for item in raw.http.get(f"/b/{raw.bucket}/o").json()["items"]] == ["x"]
    path = f"/projects/{emulator.project}/queries"
    answer = raw.http.post(path, json={"query": "SELECT 1 AS x", "useLegacySql": False})
    assert answer.json()["rows"] == [{"f": [{"v": "1"}]}]
