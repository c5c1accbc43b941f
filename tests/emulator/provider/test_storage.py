"""Buckets, objects and notifications."""

from __future__ import annotations

from collections.abc import Callable

import grpc
import pytest

from emulator.provider.values import UNKNOWN
from tests.emulator.provider.engine import Engine
from tests.support.emulator import RunningEmulator

BUCKET = "gcp:storage/bucket:Bucket"
OBJECT = "gcp:storage/bucketObject:BucketObject"
Unique = Callable[[str], str]


def text(content: str) -> dict[str, str]:
    """A text asset as the engine sends it."""
    return {
        "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17",
        "hash": f"hash of {content}",
        "text": content,
    }


def test_a_bucket_with_everything_has_no_difference_afterwards(engine: Engine, unique: Unique) -> None:
    inputs = {
        "name": unique("full-bucket"),
        "location": "us-central1",
        "labels": {"a": "1"},
        "uniformBucketLevelAccess": True,
        "publicAccessPrevention": "enforced",
        "versioning": {"enabled": True},
        "softDeletePolicy": {"retentionDurationSeconds": 604800},
        "retentionPolicy": {"retentionPeriod": "60"},
        "cors": [{"origins": ["*"], "methods": ["GET"], "responseHeaders": ["Content-Type"], "maxAgeSeconds": 60}],
        "lifecycleRules": [
            {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 3, "withState": "ARCHIVED"}},
            {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}},
            {"action": {"type": "Delete"}, "condition": {"matchesPrefixes": ["tmp/"], "age": 1, "withState": "LIVE"}},
        ],
    }
    assert engine.up("b", BUCKET, inputs) == "create"
    outputs = engine.state["b"].outputs
    assert outputs["url"] == f"gs://{inputs['name']}"
    assert outputs["location"] == "us-central1", "the program's spelling is kept"
    assert outputs["effectiveLabels"] == outputs["pulumiLabels"] == {"a": "1", "goog-pulumi-provisioned": "true"}
    assert outputs["labels"] == {"a": "1"}
    assert engine.up("b", BUCKET, inputs) == "same"
    difference = engine.refresh("b")
    assert difference is not None
    assert difference.details == {}
    engine.delete("b")


def test_parts_of_a_bucket_are_changed_and_removed(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    name = unique("changing-bucket")
    first = {"name": name, "location": "US", "labels": {"a": "1", "b": "2"}, "versioning": {"enabled": True}}
    more = {"cors": [{"origins": ["*"], "methods": ["GET"]}], "requesterPays": True}
    engine.up("b", BUCKET, first | more)
    changed = {"name": name, "location": "US", "labels": {"b": "3"}, "versioning": {"enabled": False}}
    assert engine.diff("b", changed).details == {
        "labels.a": "delete",
        "labels.b": "update",
        "versioning.enabled": "update",
        "cors": "delete",
        "requesterPays": "delete",
    }
    assert engine.up("b", BUCKET, changed) == "update"
    _, live = emulator.request("GET", f"/storage/v1/b/{name}")
    assert live["labels"] == {"b": "3", "goog-pulumi-provisioned": "true"}
    assert not live.get("cors")
    assert not live.get("versioning", {}).get("enabled")
    assert engine.up("b", BUCKET, changed) == "same"
    assert engine.diff("b", {**changed, "location": "EU"}).replaces == ["location"]
    assert engine.diff("b", {**changed, "location": "EU"}).delete_first
    assert not engine.diff("b", {**changed, "name": f"{name}-2"}).delete_first
    engine.delete("b")


def test_an_object_is_sent_again_when_its_content_changes(engine: Engine, unique: Unique) -> None:
    name = unique("object-bucket")
    engine.up("b", BUCKET, {"name": name, "location": "US", "forceDestroy": True, "versioning": {"enabled": True}})
    note = {"bucket": name, "name": "a/b c?.txt"}
    assert engine.up("o", OBJECT, {**note, "source": text("one")}) == "create"
    assert engine.state["o"].outputs["md5hexhash"] == "f97c5d29941bfb1b2fdab0874906ab82"
    assert engine.up("o", OBJECT, {**note, "source": text("one")}) == "same"
    assert engine.up("o", OBJECT, {**note, "content": "one"}) == "update", "given in another way"
    assert "source" not in engine.state["o"].outputs
    assert engine.preview("o", OBJECT, {**note, "content": "two"})["md5hash"] is UNKNOWN
    assert engine.up("o", OBJECT, {**note, "content": "two"}) == "update"
    assert engine.up("o", OBJECT, {**note, "content": "two", "contentType": "text/plain"}) == "replace"
    refreshed = engine.refresh("o")
    assert refreshed is not None
    assert refreshed.details == {}
    engine.delete("o")
    engine.delete("b")


def test_an_object_changed_by_others_is_mended(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    name = unique("object-bucket")
    engine.up("b", BUCKET, {"name": name, "location": "US", "forceDestroy": True})
    engine.up("o", OBJECT, {"bucket": name, "name": "note", "content": "ours"})
    status, _ = emulator.request("POST", f"/upload/storage/v1/b/{name}/o?uploadType=media&name=note", {"theirs": 1})
    assert status == 200
    difference = engine.refresh("o")
    assert difference is not None
    assert difference.details == {"content": "add"}
    assert engine.up("o", OBJECT, {"bucket": name, "name": "note", "content": "ours"}) == "update"
    engine.delete("b")


def test_a_bucket_that_holds_objects_is_kept_unless_forced(engine: Engine, unique: Unique) -> None:
    bucket = {"name": unique("held-bucket"), "location": "US"}
    engine.up("b", BUCKET, bucket)
    engine.up("o", OBJECT, {"bucket": bucket["name"], "name": "note", "content": "x"})
    with pytest.raises(grpc.RpcError) as refused:
        engine.delete("b")
    assert refused.value.details().startswith("gcp:storage/bucket:Bucket b was not deleted: it still holds objects")
    assert engine.up("b", BUCKET, {**bucket, "forceDestroy": True}) == "update"
    engine.delete("b")


def test_a_notification(engine: Engine, emulator: RunningEmulator, unique: Unique) -> None:
    bucket, topic = unique("notifying-bucket"), unique("notified")
    path = f"projects/{emulator.project}/topics/{topic}"
    emulator.request("PUT", f"/v1/{path}", {})
    agent = engine.invoke("gcp:storage/getProjectServiceAccount:getProjectServiceAccount")["member"]
    grant = {"bindings": [{"role": "roles/pubsub.publisher", "members": [agent]}]}
    emulator.request("POST", f"/v1/{path}:setIamPolicy", {"policy": grant})
    engine.up("b", BUCKET, {"name": bucket, "location": "US"})
    token = "gcp:storage/notification:Notification"
    inputs = {"bucket": bucket, "topic": path, "payloadFormat": "JSON_API_V1", "eventTypes": ["OBJECT_FINALIZE"]}
    assert engine.up("n", token, inputs) == "create"
    assert engine.state["n"].id == f"{bucket}/notificationConfigs/{engine.state['n'].outputs['notificationId']}"
    assert engine.up("n", token, inputs) == "same"
    again = engine.refresh("n")
    assert again is not None
    assert again.details == {}
    changed = engine.diff("n", {**inputs, "objectNamePrefix": "dicom/"})
    assert changed.replaces == ["objectNamePrefix"]
    assert not changed.delete_first
    assert engine.up("n", token, {**inputs, "objectNamePrefix": "dicom/"}) == "replace"
    engine.delete("n")
    engine.delete("b")
