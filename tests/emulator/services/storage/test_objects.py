"""Objects: metadata, listings, versions, soft delete, holds, retention, batches."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from google.api_core import exceptions
from google.cloud import storage

from tests.emulator.services.storage.conftest import Raw, reason
from tests.support.patience import PATIENCE


def fill(bucket: storage.Bucket, *names: str) -> None:
    for name in names:
        bucket.blob(name).upload_from_string(name)


def names(raw: Raw, **query: Any) -> list[str]:
    return [item["name"] for item in raw.objects(**query).json().get("items", [])]


def test_metadata_of_an_object(bucket: storage.Bucket) -> None:
    blob = bucket.blob("a/ä #?%.txt")
    blob.metadata = {"k": "v"}
    blob.cache_control = "no-store"
    blob.content_language = "de"
    blob.custom_time = datetime(2026, 1, 2, tzinfo=UTC)
    blob.upload_from_string("hello", content_type="text/plain")
    found = bucket.get_blob("a/ä #?%.txt")
    assert found.download_as_bytes() == b"hello"
    assert (found.size, found.md5_hash, found.crc32c) == (5, "XUFAKrxLKna5cZ2REBfFkg==", "mnG7TA==")
    assert (found.content_type, found.cache_control, found.content_language) == ("text/plain", "no-store", "de")
    assert found.metadata == {"k": "v"}
    assert found.custom_time == datetime(2026, 1, 2, tzinfo=UTC)
    assert found.storage_class == "STANDARD"
    assert found.metageneration == 1
    assert found.generation > 10**15
    assert found.id == f"{bucket.name}/a/ä #?%.txt/{found.generation}"


def test_patch_and_update_of_metadata(bucket: storage.Bucket) -> None:
    blob = bucket.blob("x")
    blob.metadata = {"a": "1", "b": "2"}
    blob.upload_from_string("x", content_type="text/plain")
    generation = blob.generation
    blob.metadata = {"a": None, "c": "3"}
    blob.content_type = "text/html"
    blob.patch()
    assert blob.metadata == {"b": "2", "c": "3"}
    assert (blob.content_type, blob.metageneration, blob.generation) == ("text/html", 2, generation)
    blob.metadata = {"d": "4"}
    blob.update()
    assert blob.metadata == {"d": "4"}
    assert blob.metageneration == 3


def test_custom_time_only_moves_on(bucket: storage.Bucket) -> None:
    blob = bucket.blob("x")
    blob.custom_time = datetime(2026, 1, 2, tzinfo=UTC)
    blob.upload_from_string("x")
    blob.custom_time = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(exceptions.BadRequest, match="customTime"):
        blob.patch()


def test_what_is_not_there(raw: Raw) -> None:
    answer = raw.objects("nothing")
    assert reason(answer) == (404, "notFound")
    assert answer.json()["error"]["message"] == f"No such object: {raw.bucket}/nothing"
    assert reason(raw.http.get("/storage/v1/b/no-such-bucket-1/o")) == (404, "notFound")
    assert raw.http.delete(f"/storage/v1/b/{raw.bucket}/o/nothing").status_code == 404


def test_generation_conditions(raw: Raw) -> None:
    first = raw.upload("x", b"1", ifGenerationMatch=0)
    assert first.status_code == 200
    generation = first.json()["generation"]
    assert reason(raw.upload("x", b"2", ifGenerationMatch=0)) == (412, "conditionNotMet")
    assert reason(raw.upload("x", b"2", ifMetagenerationMatch=2)) == (412, "conditionNotMet")
    assert reason(raw.upload("x", b"2", ifGenerationNotMatch=generation)) == (412, "conditionNotMet")
    assert raw.objects("x", ifGenerationNotMatch=generation).status_code == 304
    assert raw.objects("x", ifMetagenerationNotMatch=1).status_code == 304
    assert raw.objects("x", ifGenerationMatch=1).status_code == 412
    path = f"/storage/v1/b/{raw.bucket}/o/x"
    assert raw.http.delete(path, params={"ifGenerationMatch": 1}).status_code == 412
    assert raw.http.delete(path, params={"generation": 1}).status_code == 404
    assert raw.http.patch(path, params={"ifMetagenerationMatch": 5}, json={}).status_code == 412
    assert raw.media("x").content == b"1"
    assert raw.http.delete(path, params={"ifGenerationMatch": generation}).status_code == 204


def test_etag_headers(raw: Raw) -> None:
    etag = raw.upload("x", b"1").json()["etag"]
    assert raw.media("x", {"if-none-match": f'"{etag}"'}).status_code == 304
    assert raw.media("x", {"if-none-match": "other"}).status_code == 200
    assert raw.media("x", {"if-match": "other"}).status_code == 412
    assert raw.media("x", {"if-match": etag}).headers["etag"] == etag


def test_listing_with_prefix_and_delimiter(bucket: storage.Bucket, raw: Raw) -> None:
    fill(bucket, "a", "b/", "b/1", "b/2/x", "b/2/y", "b/3", "c/1", "ü")
    assert names(raw) == ["a", "b/", "b/1", "b/2/x", "b/2/y", "b/3", "c/1", "ü"]
    top = raw.objects(delimiter="/").json()
    assert [i["name"] for i in top["items"]] == ["a", "ü"]
    assert top["prefixes"] == ["b/", "c/"]
    inside = raw.objects(prefix="b/", delimiter="/").json()
    assert [i["name"] for i in inside["items"]] == ["b/", "b/1", "b/3"]
    assert inside["prefixes"] == ["b/2/"]
    trailing = raw.objects(delimiter="/", includeTrailingDelimiter=True).json()
    assert [i["name"] for i in trailing["items"]] == ["a", "b/", "ü"]
    assert trailing["prefixes"] == ["b/", "c/"]
    assert names(raw, prefix="b/2") == ["b/2/x", "b/2/y"]
    assert names(raw, startOffset="b/2", endOffset="c") == ["b/2/x", "b/2/y", "b/3"]
    assert names(raw, matchGlob="**/x") == ["b/2/x"]
    assert names(raw, matchGlob="b/*") == ["b/", "b/1", "b/3"]
    assert raw.objects(matchGlob="b/**", delimiter="/").json()["prefixes"] == ["b/2/"]
    assert names(raw, prefix="zzz") == []


@pytest.mark.parametrize("delimiter", ["", "/"])
def test_pages_give_everything_once(bucket: storage.Bucket, delimiter: str) -> None:
    fill(bucket, *(f"{folder}/{number}" for folder in "abc" for number in range(3)), "d", "e")
    whole = bucket.list_blobs(delimiter=delimiter or None)
    expected = [blob.name for blob in whole], sorted(whole.prefixes)
    for size in (1, 2, 3, 5):
        iterator = bucket.list_blobs(delimiter=delimiter or None, page_size=size)
        pages = [[blob.name for blob in page] for page in iterator.pages]
        assert [name for page in pages for name in page] == expected[0]
        assert sorted(iterator.prefixes) == expected[1]
        assert all(len(page) <= size for page in pages)


def test_last_page_has_no_token(bucket: storage.Bucket, raw: Raw) -> None:
    fill(bucket, "a", "b")
    first = raw.objects(maxResults=1).json()
    assert "nextPageToken" not in raw.objects(maxResults=1, pageToken=first["nextPageToken"]).json()
    assert "nextPageToken" not in raw.objects(maxResults=2).json()


def test_wrong_listing_parameters(raw: Raw) -> None:
    for query in (
        {"pageToken": "???"},
        {"versions": True, "softDeleted": True},
        {"matchGlob": "{a"},
        {"maxResults": -1},
    ):
        assert raw.objects(**query).status_code == 400, query


def test_partial_response_of_a_listing(bucket: storage.Bucket, raw: Raw) -> None:
    fill(bucket, "a", "b")
    found = raw.objects(fields="items(name,size),nextPageToken", maxResults=1).json()
    assert found["items"] == [{"name": "a", "size": "1"}]
    assert found.keys() == {"items", "nextPageToken"}


def test_versions(bucket: storage.Bucket, raw: Raw) -> None:
    bucket.versioning_enabled = True
    bucket.patch()
    blob = bucket.blob("x")
    blob.upload_from_string("one")
    first = blob.generation
    blob.upload_from_string("second")
    assert names(raw) == ["x"]
    versions = raw.objects(versions=True).json()["items"]
    assert [(v["size"], "timeDeleted" in v) for v in versions] == [("3", True), ("6", False)]
    assert bucket.blob("x", generation=first).download_as_bytes() == b"one"
    bucket.blob("x").delete()
    assert names(raw) == []
    assert len(raw.objects(versions=True).json()["items"]) == 2
    bucket.copy_blob(bucket.blob("x"), bucket, "x", source_generation=first)
    assert bucket.blob("x").download_as_bytes() == b"one"
    bucket.blob("x", generation=first).delete()
    with pytest.raises(exceptions.NotFound):
        bucket.blob("x", generation=first).download_as_bytes()


def test_soft_delete_list_get_and_restore(bucket: storage.Bucket, raw: Raw) -> None:
    blob = bucket.blob("x")
    blob.metadata = {"a": "b"}
    blob.upload_from_string("one", content_type="text/plain")
    generation = blob.generation
    blob.delete()
    assert names(raw) == []
    assert names(raw, versions=True) == []
    [deleted] = bucket.list_blobs(soft_deleted=True)
    assert (deleted.name, deleted.generation) == ("x", generation)
    assert deleted.hard_delete_time - deleted.soft_delete_time == timedelta(days=7)
    assert bucket.get_blob("x", generation=generation, soft_deleted=True).size == 3
    assert bucket.get_blob("x") is None
    restored = bucket.restore_blob("x", generation=generation)
    assert restored.generation > generation
    assert restored.metadata == {"a": "b"}
    assert bucket.blob("x").download_as_bytes() == b"one"
    assert list(bucket.list_blobs(soft_deleted=True)) == []


def test_replaced_objects_are_soft_deleted_too_unless_it_is_off(bucket: storage.Bucket, raw: Raw) -> None:
    raw.upload("x", b"1")
    raw.upload("x", b"2")
    assert names(raw, softDeleted=True) == ["x"]
    raw.http.patch(f"/storage/v1/b/{raw.bucket}", json={"softDeletePolicy": {"retentionDurationSeconds": "0"}})
    raw.upload("y", b"1")
    raw.upload("y", b"2")
    bucket.blob("y").delete()
    assert names(raw, softDeleted=True) == ["x"]


def test_retention_policy_is_enforced(bucket: storage.Bucket, raw: Raw) -> None:
    bucket.retention_period = 3600
    bucket.patch()
    blob = bucket.blob("x")
    blob.upload_from_string("x")
    blob.reload()
    assert blob.retention_expiration_time > datetime.now(UTC) + timedelta(minutes=59)
    with pytest.raises(exceptions.Forbidden, match="is subject to bucket's retention policy"):
        blob.delete()
    assert reason(raw.upload("x", b"2")) == (403, "retentionPolicyNotMet")
    bucket.retention_period = None
    bucket.patch()
    blob.delete()


@pytest.mark.parametrize("hold", ["temporary_hold", "event_based_hold"])
def test_holds_are_enforced(bucket: storage.Bucket, raw: Raw, hold: str) -> None:
    bucket.versioning_enabled = True
    bucket.patch()
    blob = bucket.blob("x")
    blob.upload_from_string("x")
    setattr(blob, hold, True)
    blob.patch()
    with pytest.raises(exceptions.Forbidden, match=r"is under active .* hold"):
        blob.delete()
    assert reason(raw.upload("x", b"2")) == (403, "objectUnderActiveHold")
    setattr(blob, hold, False)
    blob.patch()
    blob.delete()


def test_object_retention(storage_client: storage.Client, bucket: storage.Bucket) -> None:
    locked = storage_client.bucket(f"{bucket.name}-retained")
    storage_client.create_bucket(locked, enable_object_retention=True)
    blob = locked.blob("x")
    blob.upload_from_string("x")
    blob.retention.mode = "Unlocked"
    blob.retention.retain_until_time = datetime.now(UTC) + timedelta(days=1)
    blob.patch()
    with pytest.raises(exceptions.Forbidden, match="object retention"):
        blob.delete()
    blob.retention.retain_until_time = datetime.now(UTC) + timedelta(hours=1)
    with pytest.raises(exceptions.Forbidden, match="overrideUnlockedRetention"):
        blob.patch()
    blob.patch(override_unlocked_retention=True)
    blob.retention.mode = None
    blob.retention.retain_until_time = None
    blob.patch(override_unlocked_retention=True)
    blob.delete()
    other = bucket.blob("x")
    other.upload_from_string("x")
    other.retention.mode = "Locked"
    other.retention.retain_until_time = datetime.now(UTC) + timedelta(days=1)
    with pytest.raises(exceptions.BadRequest, match="not enabled"):
        other.patch()


def test_client_deletes_in_batches(storage_client: storage.Client, bucket: storage.Bucket) -> None:
    def delete(*names: str) -> None:
        with storage_client.batch():
            for name in names:
                bucket.blob(name).delete()

    fill(bucket, *"abc")
    delete(*"abc")
    assert list(bucket.list_blobs()) == []
    fill(bucket, "a")
    with pytest.raises(exceptions.NotFound):
        delete("a", "missing")
    assert list(bucket.list_blobs()) == []


def test_batch_answers_each_call(raw: Raw) -> None:
    raw.upload("x", b"1")
    parts = [
        f"GET /storage/v1/b/{raw.bucket}/o/x?fields=name HTTP/1.1",
        f'PATCH /storage/v1/b/{raw.bucket} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{{"labels":{{"a":"b"}}}}',
        f"GET /storage/v1/b/{raw.bucket}/o/x?alt=media HTTP/1.1",
        "GET /nowhere HTTP/1.1",
    ]
    body = "".join(
        f"--xyz\r\nContent-Type: application/http\r\nContent-ID: <id+{n}>\r\n\r\n{part}\r\n\r\n\r\n"
        for n, part in enumerate(parts)
    )
    headers = {"content-type": "multipart/mixed; boundary=xyz"}
    answer = raw.http.post("/batch/storage/v1", content=body + "--xyz--", headers=headers)
    assert answer.headers["content-type"].startswith("multipart/mixed; boundary=")
    found = answer.text.split("--" + answer.headers["content-type"].partition("boundary=")[2])[1:-1]
    assert [part.split("HTTP/1.1 ")[1][:3] for part in found] == ["200", "200", "400", "404"]
    assert [f"Content-ID: <response-id+{n}>" in part for n, part in enumerate(found)] == [True] * 4
    assert found[0].endswith('{"name":"x"}\r\n')
    assert '"labels":{"a":"b"}' in found[1]
    assert raw.http.post("/batch/storage/v1", content=b"--xyz--", headers=headers).status_code == 400


@pytest.mark.parametrize("page", [{"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}])
def test_batch_of_a_web_page_is_not_trusted(raw: Raw, page: dict[str, str]) -> None:
    """A part counts as sent by whoever sent the batch, whatever headers of its own it has."""
    part = f"GET /storage/v1/b/{raw.bucket} HTTP/1.1\r\nSec-Fetch-Site: none\r\n"
    body = f"--xyz\r\nContent-Type: application/http\r\n\r\n{part}\r\n--xyz--"
    url, headers = f"{raw.http.base_url}/batch/storage/v1", {"content-type": "multipart/mixed; boundary=xyz"}
    answer = httpx.post(url, content=body, headers=headers | page, timeout=PATIENCE)
    assert answer.status_code == 401 or "HTTP/1.1 401" in answer.text
    assert "HTTP/1.1 200" in httpx.post(url, content=body, headers=headers, timeout=PATIENCE).text


def test_batch_needs_its_media_type(raw: Raw) -> None:
    """A form of a web page may send text/plain without asking first."""
    body = f"--xyz\r\nContent-Type: application/http\r\n\r\nGET /storage/v1/b/{raw.bucket} HTTP/1.1\r\n\r\n\r\n--xyz--"
    for kind, status in (("text/plain", 400), ("multipart/form-data", 400), ("Multipart/Mixed", 200)):
        headers = {"content-type": f"{kind}; boundary=xyz"}
        assert raw.http.post("/batch/storage/v1", content=body, headers=headers).status_code == status
