"""Compose, copy, rewrite and move."""

import os

import pytest
from google.api_core import exceptions
from google.cloud import storage

from tests.emulator.services.storage.conftest import Raw, reason
from tests.emulator.services.storage.test_uploads import crc32c

MEBIBYTE = 1 << 20


def test_compose(bucket: storage.Bucket) -> None:
    parts = [os.urandom(300_000), b"", b"end"]
    for number, part in enumerate(parts):
        bucket.blob(f"part{number}").upload_from_string(part)
    whole = bucket.blob("whole")
    whole.content_type = "application/dicom"
    whole.compose([bucket.blob(f"part{number}") for number in range(3)])
    found = bucket.get_blob("whole")
    assert found.download_as_bytes() == b"".join(parts)
    assert (found.component_count, found.md5_hash, found.content_type) == (3, None, "application/dicom")
    assert found.crc32c == crc32c(b"".join(parts))
    again = bucket.blob("again")
    again.compose([whole, whole])
    assert bucket.get_blob("again").component_count == 6


def test_compose_of_one_and_over_itself(bucket: storage.Bucket) -> None:
    bucket.blob("a").upload_from_string("1")
    bucket.blob("one").compose([bucket.blob("a")])
    bucket.blob("a").compose([bucket.blob("a"), bucket.blob("one")])
    assert bucket.blob("a").download_as_bytes() == b"11"


def test_compose_refusals(bucket: storage.Bucket, raw: Raw) -> None:
    path = f"/storage/v1/b/{raw.bucket}/o/x/compose"
    bucket.blob("a").upload_from_string("1")
    assert reason(raw.http.post(path, json={})) == (400, "required")
    many = raw.http.post(path, json={"sourceObjects": [{"name": "a"}] * 33})
    assert "The number of source components provided (33) exceeds the maximum (32)" in many.text
    assert raw.http.post(path, json={"sourceObjects": [{"name": "a"}, {"name": "b"}]}).status_code == 404
    stale = {"name": "a", "objectPreconditions": {"ifGenerationMatch": "1"}}
    assert raw.http.post(path, json={"sourceObjects": [stale]}).status_code == 412
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").compose([bucket.blob("a")], if_generation_match=0)


def test_compose_may_delete_its_sources(bucket: storage.Bucket, raw: Raw) -> None:
    for name in "ab":
        bucket.blob(name).upload_from_string(name)
    body = {"sourceObjects": [{"name": "a"}, {"name": "b"}], "deleteSourceObjects": True}
    raw.http.post(f"/storage/v1/b/{raw.bucket}/o/a/compose", json=body).raise_for_status()
    assert [blob.name for blob in bucket.list_blobs()] == ["a"]


def test_copy_keeps_metadata(bucket: storage.Bucket, storage_client: storage.Client) -> None:
    source = bucket.blob("a/b")
    source.metadata = {"k": "v"}
    source.cache_control = "no-store"
    source.upload_from_string("x", content_type="text/plain")
    source.temporary_hold = True
    source.patch()
    other = storage_client.create_bucket(f"{bucket.name}-other")
    copied = bucket.copy_blob(source, other, "c/d")
    assert (copied.metadata, copied.cache_control, copied.content_type) == ({"k": "v"}, "no-store", "text/plain")
    assert (copied.md5_hash, copied.temporary_hold) == (source.md5_hash, None)
    source.temporary_hold = False
    source.patch()
    source.delete()
    assert other.blob("c/d").download_as_bytes() == b"x"


def test_copy_conditions(bucket: storage.Bucket) -> None:
    source = bucket.blob("a")
    source.upload_from_string("x")
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.copy_blob(source, bucket, "b", if_source_generation_match=1)
    bucket.copy_blob(source, bucket, "b", if_generation_match=0, if_source_generation_match=source.generation)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.copy_blob(source, bucket, "b", if_generation_match=0)
    with pytest.raises(exceptions.NotFound):
        bucket.copy_blob(bucket.blob("missing"), bucket, "c")


def test_rewrite_in_steps(bucket: storage.Bucket, raw: Raw) -> None:
    data = os.urandom(5 * MEBIBYTE // 2)
    bucket.blob("a").upload_from_string(data)
    path = f"/storage/v1/b/{raw.bucket}/o/a/rewriteTo/b/{raw.bucket}/o/b"
    body, limit = {"storageClass": "NEARLINE"}, {"maxBytesRewrittenPerCall": MEBIBYTE}
    steps = [raw.http.post(path, params=limit, json=body).json()]
    while not steps[-1]["done"]:
        steps.append(raw.http.post(path, params={**limit, "rewriteToken": steps[-1]["rewriteToken"]}, json=body).json())
    assert [step["totalBytesRewritten"] for step in steps] == ["1048576", "2097152", str(len(data))]
    assert {step["objectSize"] for step in steps} == {str(len(data))}
    assert steps[-1]["resource"]["storageClass"] == "NEARLINE"
    assert bucket.blob("b").download_as_bytes() == data
    token = steps[0]["rewriteToken"]
    assert raw.http.post(path, params={"rewriteToken": token}, json={}).status_code == 400
    assert raw.http.post(path, params={"maxBytesRewrittenPerCall": 5}, json={}).status_code == 400


def test_client_rewrites_at_once_where_no_bytes_move(bucket: storage.Bucket) -> None:
    bucket.blob("a").upload_from_string(b"x" * 3_000_000, content_type="text/plain")
    token, done, total = bucket.blob("b").rewrite(bucket.blob("a"))
    assert (token, done, total) == (None, 3_000_000, 3_000_000)
    assert bucket.get_blob("b").content_type == "text/plain"


def test_move(bucket: storage.Bucket) -> None:
    bucket.blob("a").upload_from_string("x", content_type="text/plain")
    moved = bucket.move_blob(bucket.blob("a"), "b/c")
    assert moved.content_type == "text/plain"
    assert [blob.name for blob in bucket.list_blobs()] == ["b/c"]
    renamed = bucket.rename_blob(bucket.blob("b/c"), "d")
    assert renamed.download_as_bytes() == b"x"
    with pytest.raises(exceptions.NotFound):
        bucket.move_blob(bucket.blob("a"), "e")
