"""Pub/Sub notifications of a bucket."""

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from google.cloud import storage

from emulator.settings import project_number
from tests.emulator.services.storage.conftest import Raw, reason
from tests.support.emulator import RunningEmulator

Names = Callable[[str], str]
Event = tuple[dict[str, str], dict[str, Any]]


@pytest.fixture
def topic(http: httpx.Client, emulator: RunningEmulator, unique: Names) -> str:
    """A topic with a subscription of the same id, where the storage agent may publish."""
    project = f"projects/{emulator.project}"
    name = unique("events")
    http.put(f"/v1/{project}/topics/{name}", json={}).raise_for_status()
    body = {"topic": f"{project}/topics/{name}"}
    http.put(f"/v1/{project}/subscriptions/{name}", json=body).raise_for_status()
    agent = f"serviceAccount:service-{project_number(emulator.project)}@gs-project-accounts.iam.gserviceaccount.com"
    policy = {"policy": {"bindings": [{"role": "roles/pubsub.publisher", "members": [agent]}]}}
    http.post(f"/v1/{project}/topics/{name}:setIamPolicy", json=policy).raise_for_status()
    return f"{project}/topics/{name}"


@pytest.fixture
def events(http: httpx.Client, topic: str) -> Callable[[], list[Event]]:
    """What arrived since the last call: attributes and payload."""
    subscription = topic.replace("/topics/", "/subscriptions/")

    def pull() -> list[Event]:
        body = {"maxMessages": 100, "returnImmediately": True}
        got = http.post(f"/v1/{subscription}:pull", json=body).json().get("receivedMessages", [])
        if got:
            acknowledged = {"ackIds": [message["ackId"] for message in got]}
            http.post(f"/v1/{subscription}:acknowledge", json=acknowledged).raise_for_status()
        messages = sorted((m["message"] for m in got), key=lambda m: int(m["messageId"]))
        return [(m["attributes"], json.loads(base64.b64decode(m.get("data", "")) or b"{}")) for m in messages]

    return pull


def configure(raw: Raw, topic: str, **more: Any) -> dict[str, Any]:
    body = {"topic": topic, "payload_format": "JSON_API_V1", **more}
    answer = raw.http.post(f"/storage/v1/b/{raw.bucket}/notificationConfigs", json=body)
    assert answer.status_code == 200, answer.text
    config: dict[str, Any] = answer.json()
    return config


def test_events_of_a_versioned_bucket(
    bucket: storage.Bucket, raw: Raw, topic: str, events: Callable[[], list[Event]]
) -> None:
    bucket.versioning_enabled = True
    bucket.patch()
    config = configure(raw, topic, custom_attributes={"color": "blue"})
    first = raw.upload("x", b"1").json()
    [(attributes, payload)] = events()
    assert attributes["eventType"] == "OBJECT_FINALIZE"
    assert attributes["notificationConfig"] == f"projects/_/buckets/{raw.bucket}/notificationConfigs/{config['id']}"
    assert attributes["bucketId"] == raw.bucket
    assert attributes["objectId"] == "x"
    assert attributes["objectGeneration"] == first["generation"]
    assert attributes["payloadFormat"] == "JSON_API_V1"
    assert attributes["color"] == "blue"
    assert payload == first
    second = raw.upload("x", b"2").json()
    [(archived, _), (finalized, _)] = events()
    assert (archived["eventType"], archived["objectGeneration"]) == ("OBJECT_ARCHIVE", first["generation"])
    assert archived["overwrittenByGeneration"] == second["generation"]
    assert finalized["overwroteGeneration"] == first["generation"]
    raw.http.patch(f"/storage/v1/b/{raw.bucket}/o/x", json={"metadata": {"a": "b"}}).raise_for_status()
    [(updated, payload)] = events()
    assert updated["eventType"] == "OBJECT_METADATA_UPDATE"
    assert payload["metadata"] == {"a": "b"}
    bucket.blob("x", generation=int(first["generation"])).delete()
    bucket.blob("x").delete()
    assert [attributes["eventType"] for attributes, _ in events()] == ["OBJECT_DELETE", "OBJECT_ARCHIVE"]


def test_filters_and_payload_none(raw: Raw, topic: str, events: Callable[[], list[Event]]) -> None:
    configure(raw, topic, payload_format="NONE", event_types=["OBJECT_FINALIZE"], object_name_prefix="dicom/")
    raw.upload("other", b"1")
    raw.upload("dicom/1", b"1")
    raw.http.delete(f"/storage/v1/b/{raw.bucket}/o/dicom%2F1").raise_for_status()
    assert [(a["objectId"], payload) for a, payload in events()] == [("dicom/1", {})]


def test_configurations(bucket: storage.Bucket, raw: Raw, topic: str) -> None:
    made = configure(raw, topic, event_types=["OBJECT_DELETE"])
    path = f"/storage/v1/b/{raw.bucket}/notificationConfigs/{made['id']}"
    assert raw.http.get(path).json() == made
    assert (made["topic"], made["event_types"]) == (topic, ["OBJECT_DELETE"])
    [listed] = bucket.list_notifications()
    assert (listed.topic_name, listed.event_types) == (topic.rpartition("/")[2], ["OBJECT_DELETE"])
    second = bucket.notification(topic_name=topic.rpartition("/")[2], topic_project=topic.split("/")[1])
    second.create()
    assert bucket.get_notification(second.notification_id).payload_format == "NONE"
    second.delete()
    assert raw.http.delete(path).status_code == 204
    assert raw.http.get(path).status_code == 404
    assert raw.http.delete(path).status_code == 404


def test_the_agent_must_be_allowed_to_publish(raw: Raw, topic: str) -> None:
    raw.http.post(f"/v1/{topic}:setIamPolicy", json={"policy": {"bindings": []}}).raise_for_status()
    for name in (topic, topic + "-missing"):
        answer = raw.http.post(f"/storage/v1/b/{raw.bucket}/notificationConfigs", json={"topic": name})
        assert reason(answer) == (403, "forbidden")
        assert "does not have permission to publish messages" in answer.text


@pytest.mark.parametrize("wrong", [{"topic": "nothing"}, {"payload_format": "XML"}, {"event_types": ["OBJECT_BURN"]}])
def test_refusals(raw: Raw, topic: str, wrong: dict[str, Any]) -> None:
    answer = raw.http.post(f"/storage/v1/b/{raw.bucket}/notificationConfigs", json={"topic": topic, **wrong})
    assert reason(answer) == (400, "invalid")


def test_an_agent_that_lost_its_grant_sends_nothing(raw: Raw, topic: str, events: Callable[[], list[Event]]) -> None:
    configure(raw, topic)
    raw.http.post(f"/v1/{topic}:setIamPolicy", json={"policy": {"bindings": []}}).raise_for_status()
    assert raw.upload("x", b"1").status_code == 200
    assert events() == []


def test_a_topic_that_goes_takes_nothing_with_it(raw: Raw, topic: str) -> None:
    configure(raw, topic)
    raw.http.delete(f"/v1/{topic}").raise_for_status()
    assert raw.upload("x", b"1").status_code == 200


@pytest.mark.parametrize("number", ["9" * 30, "-1", "x", "%D9%A1"])
def test_an_id_that_no_configuration_has_is_a_404(raw: Raw, number: str) -> None:
    assert raw.http.get(f"/storage/v1/b/{raw.bucket}/notificationConfigs/{number}").status_code == 404
