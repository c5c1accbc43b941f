"""What Google's own system tests of google-cloud-storage expect of the live service (python-storage: tests/system)."""

import base64
import datetime as dt
from typing import Any

import google_crc32c
import pytest
from google.api_core import exceptions
from google.cloud import storage
from google.cloud.storage.blob import ObjectContexts, ObjectCustomContextPayload

from tests.emulator.services.storage.conftest import Raw


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("foo*bar", ["foobar"]),
        ("foo**bar", ["foo/bar", "foo/foobar", "foobar"]),
        ("**/foobar", ["foo/foobar", "foobar"]),
        ("*/ba[!a-y]", ["foo/baz"]),
        ("**/{foobar,baz}", ["foo/baz", "foo/foobar", "foobar"]),
        ("foo/**/bar", ["foo/bar"]),
        ("foo**/bar", ["foo/bar"]),
    ],
)
def test_two_stars_and_a_slash_match_no_folder_too(raw: Raw, glob: str, expected: list[str]) -> None:
    for name in ("foo/bar", "foo/baz", "foo/foobar", "foobar"):
        raw.upload(name, b"1")
    assert [item["name"] for item in raw.objects(matchGlob=glob).json()["items"]] == expected


def test_autoclass_says_its_class_and_since_when(raw: Raw) -> None:
    def patch(**autoclass: Any) -> dict[str, Any]:
        answer = raw.http.patch(f"/storage/v1/b/{raw.bucket}", json={"autoclass": autoclass})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["autoclass"]
        return found

    on = patch(enabled=True)
    assert (on["terminalStorageClass"], on["terminalStorageClassUpdateTime"]) == ("NEARLINE", on["toggleTime"])
    cold = patch(terminalStorageClass="ARCHIVE")
    assert (cold["terminalStorageClass"], cold["toggleTime"]) == ("ARCHIVE", on["toggleTime"])
    assert cold["terminalStorageClassUpdateTime"] > on["terminalStorageClassUpdateTime"]
    off = patch(enabled=False)
    assert off.keys() == {"enabled", "toggleTime"}
    assert off["toggleTime"] > on["toggleTime"]
    body = {"autoclass": {"enabled": True, "terminalStorageClass": "STANDARD"}}
    assert raw.http.patch(f"/storage/v1/b/{raw.bucket}", json=body).status_code == 400


def test_a_checksum_said_at_the_start_of_a_resumable_upload_counts(bucket: storage.Bucket, raw: Raw) -> None:
    right = base64.b64encode(google_crc32c.value(b"abc").to_bytes(4, "big")).decode()
    for start, end in (("AAAAAA==", right), (right, "AAAAAA==")):
        answer = raw.http.put(raw.begin("x", crc32c=start), content=b"abc", headers={"x-goog-hash": f"crc32c={end}"})
        assert answer.status_code == 400
        assert not bucket.blob("x").exists()
    answer = raw.http.put(raw.begin("x", crc32c=right), content=b"abc", headers={"x-goog-hash": f"crc32c={right}"})
    assert answer.status_code == 200


def test_sources_that_compose_names_by_generation_go_for_good(bucket: storage.Bucket) -> None:
    bucket.versioning_enabled = True
    bucket.patch()
    sources = [bucket.blob(name) for name in ("a", "b")]
    for source in sources:
        source.upload_from_string(b"1")
    bucket.blob("both").compose(sources, delete_source_objects=True)  # the client says their generations
    assert [source.exists() for source in sources] == [False, False]
    assert [blob.name for blob in bucket.list_blobs(versions=True)] == ["both"]


def test_a_context_without_a_value_is_removed(bucket: storage.Bucket) -> None:
    blob = bucket.blob("x")
    blob.contexts = ObjectContexts(
        blob, custom={key: ObjectCustomContextPayload(value="old") for key in ("kept", "gone")}
    )
    blob.upload_from_string(b"1")
    blob.contexts.custom["kept"].value = "new"
    blob.contexts.custom["gone"].value = None
    blob.patch()
    blob.reload()
    assert {key: payload.value for key, payload in blob.contexts.custom.items()} == {"kept": "new"}
    blob.contexts = None
    blob.patch()
    blob.reload()
    assert not blob.contexts.custom


def test_a_custom_time_keeps_its_microseconds(bucket: storage.Bucket) -> None:
    blob = bucket.blob("x")
    blob.custom_time = dt.datetime(2026, 1, 2, 3, 4, 5, 6007, tzinfo=dt.UTC)
    blob.upload_from_string(b"1")
    blob.reload()
    assert blob.custom_time == dt.datetime(2026, 1, 2, 3, 4, 5, 6007, tzinfo=dt.UTC)
    blob.custom_time = dt.datetime(2026, 1, 2, 3, 4, 5, 6006, tzinfo=dt.UTC)
    with pytest.raises(exceptions.BadRequest):
        blob.patch()
