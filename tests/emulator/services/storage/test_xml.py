"""The XML API: objects, signed URLs, multipart uploads through google-cloud-storage's transfer manager."""

import os
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from google.cloud import storage
from google.cloud.storage import transfer_manager
from google.oauth2 import service_account

from tests.emulator.services.storage.conftest import Raw
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

FIVE = 5 << 20


@pytest.fixture
def signing(emulator: RunningEmulator) -> service_account.Credentials:
    """The key that the emulator wrote."""
    found: service_account.Credentials = service_account.Credentials.from_service_account_file(
        str(emulator.credentials_file)
    )
    return found


@pytest.fixture
def outside() -> Iterator[httpx.Client]:
    """A client without credentials that says so: a web page of another origin is not trusted."""
    with httpx.Client(headers={"origin": "https://elsewhere.example"}, timeout=PATIENCE) as client:
        yield client


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.text.partition("<Code>")[2].partition("</Code>")[0]


def test_put_get_delete(raw: Raw) -> None:
    path = f"/{raw.bucket}/a/b%20c+d.txt"
    headers = {"content-type": "text/plain", "x-goog-meta-k": "v", "cache-control": "no-store"}
    made = raw.http.put(path, content=b"abc", headers=headers)
    assert (made.status_code, made.headers["etag"]) == (200, '"900150983cd24fb0d6963f7d28e17f72"')
    found = raw.objects("a/b c+d.txt").json()
    assert (found["metadata"], found["contentType"], found["cacheControl"]) == ({"k": "v"}, "text/plain", "no-store")
    got = raw.http.get(path, params={"response-content-type": "text/csv"})
    assert (got.content, got.headers["content-type"], got.headers["x-goog-meta-k"]) == (b"abc", "text/csv", "v")
    assert raw.http.get(path, headers={"range": "bytes=1-1"}).content == b"b"
    assert raw.http.head(path).headers["content-length"] == "3"
    assert code(raw.http.put(path, content=b"x", headers={"x-goog-if-generation-match": "0"})) == (
        412,
        "PreconditionFailed",
    )
    assert code(raw.http.put(path, content=b"x", headers={"content-md5": "AAAA"})) == (400, "BadDigest")
    assert raw.http.delete(path).status_code == 204
    assert code(raw.http.get(path)) == (404, "NoSuchKey")
    assert raw.http.get("/no-such-bucket-here/x").status_code == 404


def signed_url(
    blob: storage.Blob,
    signing: service_account.Credentials,
    emulator: RunningEmulator,
    version: str,
    method: str,
    **more: object,
) -> str:
    """A URL that is signed for five minutes, unless `more` says otherwise."""
    arguments = {"expiration": timedelta(minutes=5), "credentials": signing, **more}
    place = emulator.base_url
    return str(blob.generate_signed_url(version=version, method=method, api_access_endpoint=place, **arguments))


def test_a_signed_url_is_enough(
    bucket: storage.Bucket,
    raw: Raw,
    emulator: RunningEmulator,
    signing: service_account.Credentials,
    outside: httpx.Client,
) -> None:
    url = partial(signed_url, bucket.blob("a/ü x.txt"), signing, emulator, "v4")

    assert code(outside.get(f"{emulator.base_url}/{raw.bucket}/a/x")) == (401, "AccessDenied")
    assert outside.put(
        url("PUT", content_type="text/plain"), content=b"abc", headers={"content-type": "text/plain"}
    ).is_success
    assert outside.get(url("GET")).content == b"abc"
    assert outside.head(url("HEAD")).status_code == 200
    as_file = url("GET", response_disposition="attachment; filename=x")
    assert outside.get(as_file).headers["content-disposition"] == "attachment; filename=x"
    assert code(outside.get(url("PUT"))) == (403, "SignatureDoesNotMatch")
    assert code(outside.get(url("GET").replace("x.txt", "y.txt"))) == (403, "SignatureDoesNotMatch")
    assert code(outside.put(url("PUT", content_type="text/plain"), content=b"x")) == (403, "SignatureDoesNotMatch")
    for wrong in ("x", "604801", "0006048009999", "0", "-1"):
        assert code(outside.get(url("GET").replace("X-Goog-Expires=300", f"X-Goog-Expires={wrong}")))[0] == 400
    assert code(outside.get(url("GET").replace("X-Goog-SignedHeaders=host", "X-Goog-SignedHeaders=date")))[0] == 400
    old = url("GET").replace("X-Goog-Date=20", "X-Goog-Date=19")
    assert code(outside.get(old)) == (400, "ExpiredToken")
    assert outside.delete(url("DELETE")).status_code == 204


@pytest.mark.parametrize("size", [1000, FIVE * 2 + 17])
def test_transfer_manager_uploads_in_parts(bucket: storage.Bucket, tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    path = tmp_path / "big"
    path.write_bytes(data)
    blob = bucket.blob("big/one")
    blob.metadata = {"k": "v"}
    blob.content_type = "application/dicom"
    transfer_manager.upload_chunks_concurrently(
        str(path), blob, chunk_size=FIVE, max_workers=2, worker_type=transfer_manager.THREAD
    )
    found = bucket.get_blob("big/one")
    assert (found.size, found.metadata, found.content_type, found.md5_hash) == (
        size,
        {"k": "v"},
        "application/dicom",
        None,
    )
    assert bucket.blob("big/one").download_as_bytes() == data
    target = tmp_path / "back"
    transfer_manager.download_chunks_concurrently(
        found, str(target), chunk_size=FIVE, max_workers=2, worker_type=transfer_manager.THREAD
    )
    assert target.read_bytes() == data


def begin(raw: Raw, name: str) -> str:
    answer = raw.http.post(f"/{raw.bucket}/{name}?uploads", content=b"")
    return answer.text.partition("<UploadId>")[2].partition("</UploadId>")[0]


def complete(raw: Raw, name: str, upload: str, parts: list[tuple[int, str]]) -> httpx.Response:
    inner = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{tag}</ETag></Part>" for n, tag in parts)
    body = f"<CompleteMultipartUpload>{inner}</CompleteMultipartUpload>"
    return raw.http.post(f"/{raw.bucket}/{name}", params={"uploadId": upload}, content=body.encode())


def test_parts(raw: Raw) -> None:
    upload = begin(raw, "x")

    def put(number: object, data: bytes) -> httpx.Response:
        return raw.http.put(f"/{raw.bucket}/x", params={"partNumber": str(number), "uploadId": upload}, content=data)

    small, second = put(1, b"small").headers["etag"], put(2, b"end").headers["etag"]
    assert code(put(0, b"x")) == (400, "InvalidArgument")
    assert code(complete(raw, "x", upload, [(1, small), (2, second)])) == (400, "EntityTooSmall")
    first = put(1, bytes(FIVE)).headers["etag"]
    assert code(complete(raw, "x", upload, [(1, small), (2, second)])) == (400, "InvalidPart")
    assert code(complete(raw, "x", upload, [(2, second), (1, first)])) == (400, "InvalidPartOrder")
    assert complete(raw, "x", upload, []).status_code == 400
    listed = raw.http.get(f"/{raw.bucket}/x", params={"uploadId": upload}).text
    assert listed.count("<Part>") == 2
    assert raw.objects("x").status_code == 404
    done = complete(raw, "x", upload, [(1, first), (2, second)])
    assert "<CompleteMultipartUploadResult" in done.text
    assert raw.media("x").content == bytes(FIVE) + b"end"
    assert code(complete(raw, "x", upload, [(1, first)])) == (404, "NoSuchUpload")


def test_abort(raw: Raw) -> None:
    upload = begin(raw, "x")
    query = {"partNumber": "1", "uploadId": upload}
    raw.http.put(f"/{raw.bucket}/x", params=query, content=b"x").raise_for_status()
    assert raw.http.delete(f"/{raw.bucket}/x", params={"uploadId": upload}).status_code == 204
    assert code(raw.http.put(f"/{raw.bucket}/x", params=query, content=b"x")) == (404, "NoSuchUpload")


def test_a_wrong_verb_is_refused_in_xml(raw: Raw) -> None:
    raw.upload("x", b"1")
    answer = raw.http.patch(f"/{raw.bucket}/x")
    assert answer.status_code == 405
    assert answer.text.startswith("<?xml")
    assert "<Code>MethodNotAllowed</Code>" in answer.text


def test_a_resumable_upload_can_be_begun_by_a_signed_address(
    bucket: storage.Bucket,
    raw: Raw,
    emulator: RunningEmulator,
    signing: service_account.Credentials,
    outside: httpx.Client,
) -> None:
    """A POST, then no credentials: https://cloud.google.com/storage/docs/access-control/signed-urls#signing-resumable."""
    url = bucket.blob("re/sumed ü").generate_signed_url(
        version="v4",
        expiration=timedelta(minutes=5),
        method="RESUMABLE",
        credentials=signing,
        api_access_endpoint=emulator.base_url,
        content_type="text/plain",
    )
    assert code(outside.post(url, headers={"content-type": "text/plain"})) == (403, "SignatureDoesNotMatch")
    begin = {"content-type": "text/plain", "x-goog-resumable": "start"}
    begun = outside.post(url, headers=begin)
    assert begun.status_code == 201, begun.text
    place, data = begun.headers["location"], os.urandom((256 << 10) + 7)
    first = outside.put(place, content=data[:-7], headers={"content-range": f"bytes 0-{len(data) - 8}/*"})
    assert (first.status_code, first.headers["range"]) == (308, f"bytes=0-{len(data) - 8}")
    assert outside.put(place, headers={"content-range": "bytes */*"}).status_code == 308
    rest = f"bytes {len(data) - 7}-{len(data) - 1}/{len(data)}"
    assert outside.put(place, content=data[-7:], headers={"content-range": rest}).status_code == 200
    assert raw.media("re/sumed ü").content == data
    assert raw.objects("re/sumed ü").json()["contentType"] == "text/plain"
    again = outside.post(url, headers=begin).headers["location"]
    assert outside.delete(again).status_code == 499
    assert outside.put(again, content=b"x").status_code == 404


def test_a_list_of_objects(raw: Raw) -> None:
    for name in ("a/1", "a/2", "b&c", "d"):
        raw.upload(name, b"x")
    first = raw.http.get(f"/{raw.bucket}", params={"delimiter": "/", "max-keys": "2"}).text
    assert "<Prefix>a/</Prefix>" in first
    assert "<Key>b&amp;c</Key>" in first
    assert "<NextMarker>b&amp;c</NextMarker>" in first
    rest = raw.http.get(f"/{raw.bucket}", params={"delimiter": "/", "marker": "b&c"}).text
    assert (rest.count("<Key>"), "<IsTruncated>false" in rest) == (1, True)
    assert raw.http.get(f"/{raw.bucket}", params={"marker": "a/", "delimiter": "/"}).text.count("<Key>") == 2
    second = raw.http.get(f"/{raw.bucket}", params={"list-type": "2", "prefix": "a/", "start-after": "a/1"}).text
    assert ("<Key>a/2</Key>" in second, "<KeyCount>1</KeyCount>" in second) == (True, True)
    assert raw.http.head(f"/{raw.bucket}").status_code == 200
    for wrong in ({"max-keys": "-1"}, {"list-type": "2", "continuation-token": "wrong"}, {"encoding-type": "none"}):
        assert raw.http.get(f"/{raw.bucket}", params=wrong).status_code == 400
    assert code(raw.http.get(f"/{raw.bucket}?acl")) == (501, "NotImplemented")


def test_signatures_of_version_2(
    bucket: storage.Bucket,
    raw: Raw,
    emulator: RunningEmulator,
    signing: service_account.Credentials,
    outside: httpx.Client,
) -> None:
    """Which google-cloud-storage makes by default: https://cloud.google.com/storage/docs/access-control/signed-urls-v2."""
    url = partial(signed_url, bucket.blob("a/ü x.txt"), signing, emulator, "v2")

    text, meta = {"content-type": "text/plain"}, {"x-goog-meta-k": "v"}
    write = url("PUT", content_type="text/plain", headers=meta)
    assert outside.put(write, content=b"abc", headers={**text, **meta}).status_code == 200
    assert code(outside.put(write, content=b"abc", headers=text)) == (403, "SignatureDoesNotMatch")
    assert outside.get(url("GET")).content == b"abc"
    assert outside.head(url("HEAD")).status_code == 200
    shown = outside.get(url("GET", response_type="text/csv", generation=raw.objects("a/ü x.txt").json()["generation"]))
    assert (shown.content, shown.headers["content-type"]) == (b"abc", "text/csv")
    begun = outside.post(url("RESUMABLE"), headers={"x-goog-resumable": "start"})
    assert begun.status_code == 201
    assert code(outside.get(url("PUT"))) == (403, "SignatureDoesNotMatch")
    assert code(outside.get(f"{url('GET')}&uploadId=x")) == (403, "SignatureDoesNotMatch")
    assert outside.get(f"{url('GET')}&userProject={emulator.project}").status_code == 200
    assert code(outside.get(url("GET").replace("x.txt", "y.txt"))) == (403, "SignatureDoesNotMatch")
    assert code(outside.get(url("GET", expiration=timedelta(seconds=-5)))) == (400, "ExpiredToken")
    assert code(outside.get(url("GET").replace("Signature=", "Signature=*"))) == (400, "AuthenticationRequired")
    assert outside.delete(url("DELETE")).status_code == 204
