"""Pub/Sub through google-cloud-pubsub (gRPC) and google-api-python-client (REST)."""

import base64
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.pubsub_v1.services import publisher as gapic
from googleapiclient.errors import HttpError

from emulator.services.pubsub.queues import PAGE
from emulator.settings import project_number
from tests.conftest import StartEmulator
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.filterwarnings("ignore:The return_immediately flag:DeprecationWarning")
Names = Callable[[str], str]


@pytest.fixture
def pubsub(google_api: Callable[[str, str], Any]) -> Any:
    """Pub/Sub v1 over REST."""
    return google_api("pubsub", "v1").projects()


@pytest.fixture
def topic(publisher: pubsub_v1.PublisherClient, emulator: RunningEmulator, unique: Names) -> str:
    """A new topic's name."""
    return publisher.create_topic(name=f"projects/{emulator.project}/topics/{unique('topic')}").name


def subscription_of(topic: str, unique: Names) -> str:
    """A name for a subscription in the topic's project."""
    return f"projects/{topic.split('/')[1]}/subscriptions/{unique('subscription')}"


def publish_now(publisher: pubsub_v1.PublisherClient, topic: str, *messages: Any) -> None:
    """One publish request, without the client's batches; raises what the API refuses."""
    gapic.PublisherClient.publish(publisher, topic=topic, messages=list(messages))


def test_publish_pull_and_acknowledge(
    publisher: pubsub_v1.PublisherClient, subscriber: pubsub_v1.SubscriberClient, topic: str, unique: Names
) -> None:
    """What is acknowledged does not come again."""
    name = subscription_of(topic, unique)
    subscriber.create_subscription(name=name, topic=topic)
    message_id = publisher.publish(topic, b"instance", action="StoreInstances").result(timeout=PATIENCE)
    answer = subscriber.pull(subscription=name, max_messages=10)
    [received] = answer.received_messages
    assert received.message.message_id == message_id
    assert received.message.data == b"instance"
    assert dict(received.message.attributes) == {"action": "StoreInstances"}
    subscriber.acknowledge(subscription=name, ack_ids=[received.ack_id])
    assert not subscriber.pull(subscription=name, max_messages=10, return_immediately=True).received_messages


def test_a_streaming_pull_receives_everything_once(
    publisher: pubsub_v1.PublisherClient, subscriber: pubsub_v1.SubscriberClient, topic: str, unique: Names
) -> None:
    """Two thousand messages through subscribe()."""
    name = subscription_of(topic, unique)
    subscriber.create_subscription(name=name, topic=topic)
    seen: list[bytes] = []
    everything = threading.Event()

    def receive(message: Any) -> None:
        seen.append(message.data)
        message.ack()
        if len(seen) >= 2000:
            everything.set()

    stream = subscriber.subscribe(name, callback=receive)
    futures = [publisher.publish(topic, str(i).encode()) for i in range(2000)]
    for future in futures:
        future.result(timeout=PATIENCE)
    assert everything.wait(PATIENCE)
    stream.cancel()
    stream.result(timeout=PATIENCE)
    assert sorted(int(data) for data in seen) == list(range(2000))


def test_a_message_given_back_comes_again(
    publisher: pubsub_v1.PublisherClient, subscriber: pubsub_v1.SubscriberClient, topic: str, unique: Names
) -> None:
    """A deadline of 0 seconds is a refusal."""
    name = subscription_of(topic, unique)
    subscriber.create_subscription(name=name, topic=topic)
    publisher.publish(topic, b"again").result(timeout=PATIENCE)
    [first] = subscriber.pull(subscription=name, max_messages=1).received_messages
    subscriber.modify_ack_deadline(subscription=name, ack_ids=[first.ack_id], ack_deadline_seconds=0)
    [second] = subscriber.pull(subscription=name, max_messages=1).received_messages
    assert second.message.message_id == first.message.message_id


def test_refused_messages_end_in_the_dead_letter_topic(
    pubsub: Any,
    publisher: pubsub_v1.PublisherClient,
    subscriber: pubsub_v1.SubscriberClient,
    emulator: RunningEmulator,
    topic: str,
    unique: Names,
) -> None:
    """After five deliveries, and only once the Pub/Sub agent may publish there."""
    dead = publisher.create_topic(name=f"projects/{emulator.project}/topics/{unique('dead')}").name
    dead_subscription = subscription_of(topic, unique)
    subscriber.create_subscription(name=dead_subscription, topic=dead)
    name = subscription_of(topic, unique)
    policy = {"dead_letter_topic": dead, "max_delivery_attempts": 5}
    subscriber.create_subscription(request={"name": name, "topic": topic, "dead_letter_policy": policy})
    agent = f"serviceAccount:service-{project_number(emulator.project)}@gcp-sa-pubsub.iam.gserviceaccount.com"
    grant = {"policy": {"bindings": [{"role": "roles/pubsub.publisher", "members": [agent]}]}}
    pubsub.topics().setIamPolicy(resource=dead, body=grant).execute()
    grant = {"policy": {"bindings": [{"role": "roles/pubsub.subscriber", "members": [agent]}]}}
    pubsub.subscriptions().setIamPolicy(resource=name, body=grant).execute()
    publisher.publish(topic, b"poison").result(timeout=PATIENCE)
    for attempt in range(1, 6):
        [received] = subscriber.pull(subscription=name, max_messages=1).received_messages
        assert received.delivery_attempt == attempt
        subscriber.modify_ack_deadline(subscription=name, ack_ids=[received.ack_id], ack_deadline_seconds=0)
    [forwarded] = subscriber.pull(subscription=dead_subscription, max_messages=1).received_messages
    assert forwarded.message.data == b"poison"
    attributes = forwarded.message.attributes
    assert attributes["CloudPubSubDeadLetterSourceDeliveryCount"] == "5"
    published = received.message.publish_time.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+00:00"
    assert attributes["CloudPubSubDeadLetterSourceTopicPublishTime"] == published
    assert not subscriber.pull(subscription=name, max_messages=1, return_immediately=True).received_messages


def test_a_filter_keeps_messages_away(
    publisher: pubsub_v1.PublisherClient, subscriber: pubsub_v1.SubscriberClient, topic: str, unique: Names
) -> None:
    """Only matching attributes are delivered."""
    name = subscription_of(topic, unique)
    text = 'attributes.action = "StoreInstances" AND hasPrefix(attributes.modality, "D")'
    subscriber.create_subscription(request={"name": name, "topic": topic, "filter": text})
    publisher.publish(topic, b"no", action="DeleteInstances", modality="DX").result(timeout=PATIENCE)
    publisher.publish(topic, b"neither", action="StoreInstances", modality="CT").result(timeout=PATIENCE)
    publisher.publish(topic, b"yes", action="StoreInstances", modality="DX").result(timeout=PATIENCE)
    received = subscriber.pull(subscription=name, max_messages=10).received_messages
    assert [r.message.data for r in received] == [b"yes"]


def test_ordering_keys_keep_their_order(
    pubsub: Any, subscriber: pubsub_v1.SubscriberClient, topic: str, unique: Names
) -> None:
    """While a key's message is out, its later ones wait."""
    name = subscription_of(topic, unique)
    subscriber.create_subscription(request={"name": name, "topic": topic, "enable_message_ordering": True})
    messages = [{"data": base64.b64encode(str(i).encode()).decode(), "orderingKey": "study"} for i in range(3)]
    pubsub.topics().publish(topic=topic, body={"messages": messages}).execute()
    [first] = subscriber.pull(subscription=name, max_messages=1).received_messages
    assert not subscriber.pull(subscription=name, max_messages=1, return_immediately=True).received_messages
    subscriber.acknowledge(subscription=name, ack_ids=[first.ack_id])
    rest = subscriber.pull(subscription=name, max_messages=5).received_messages
    assert [r.message.data for r in (first, *rest)] == [b"0", b"1", b"2"]


def test_a_nack_brings_all_later_messages_of_the_key_again(
    pubsub: Any, subscriber: pubsub_v1.SubscriberClient, topic: str, unique: Names
) -> None:
    """Acknowledged ones too; other keys are not touched (Pub/Sub: order messages)."""
    name = subscription_of(topic, unique)
    subscriber.create_subscription(request={"name": name, "topic": topic, "enable_message_ordering": True})
    keys = ("study", "study", "other", "study")
    messages = [{"data": base64.b64encode(b"%d" % i).decode(), "orderingKey": key} for i, key in enumerate(keys)]
    pubsub.topics().publish(topic=topic, body={"messages": messages}).execute()
    received = subscriber.pull(subscription=name, max_messages=10).received_messages
    assert [r.message.data for r in received] == [b"0", b"1", b"2", b"3"]
    subscriber.acknowledge(subscription=name, ack_ids=[received[1].ack_id, received[2].ack_id])
    subscriber.modify_ack_deadline(subscription=name, ack_ids=[received[0].ack_id], ack_deadline_seconds=0)
    again = subscriber.pull(subscription=name, max_messages=10).received_messages
    assert [r.message.data for r in again] == [b"0", b"1", b"3"]
    subscriber.acknowledge(subscription=name, ack_ids=[r.ack_id for r in again])
    assert not subscriber.pull(subscription=name, max_messages=10, return_immediately=True).received_messages


def test_names_that_are_wrong_or_taken(publisher: pubsub_v1.PublisherClient, topic: str) -> None:
    """409, 404 and 400 with their messages."""
    with pytest.raises(exceptions.AlreadyExists):
        publisher.create_topic(name=topic)
    with pytest.raises(exceptions.NotFound):
        publisher.get_topic(topic=topic + "-not-there")
    with pytest.raises(exceptions.InvalidArgument, match="starts with a letter"):
        publisher.create_topic(name=topic.rsplit("/", 1)[0] + "/goog-mine")


def test_update_needs_a_mask_and_keeps_the_rest(pubsub: Any, topic: str, unique: Names) -> None:
    """Labels in place; an immutable field is refused."""
    name = subscription_of(topic, unique)
    body = {"topic": topic, "labels": {"a": "1"}, "deadLetterPolicy": None, "messageRetentionDuration": "600s"}
    created = pubsub.subscriptions().create(name=name, body=body).execute()
    assert created["ackDeadlineSeconds"] == 10
    assert created["expirationPolicy"] == {"ttl": "2678400s"}
    assert "deadLetterPolicy" not in created
    change = {"subscription": {"labels": {"a": "2"}}, "updateMask": "labels"}
    updated = pubsub.subscriptions().patch(name=name, body=change).execute()
    assert updated == {**created, "labels": {"a": "2"}}
    with pytest.raises(HttpError, match="immutable"):
        pubsub.subscriptions().patch(
            name=name, body={"subscription": {"filter": 'attributes.x = "y"'}, "updateMask": "filter"}
        ).execute()


def test_messages_survive_a_kill(start_emulator: StartEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Published and not acknowledged before kill -9: delivered after the restart; acknowledged: gone."""
    running = start_emulator()
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", running.grpc_address)
    publisher, subscriber = pubsub_v1.PublisherClient(), pubsub_v1.SubscriberClient()
    topic = publisher.create_topic(name=f"projects/{running.project}/topics/kept").name
    name = f"projects/{running.project}/subscriptions/kept"
    subscriber.create_subscription(name=name, topic=topic)
    for data in (b"first", b"second"):
        publisher.publish(topic, data).result(timeout=PATIENCE)
    [first] = subscriber.pull(subscription=name, max_messages=1).received_messages
    subscriber.acknowledge(subscription=name, ack_ids=[first.ack_id])
    running.kill()
    publisher.stop()
    publisher.transport.close()
    subscriber.close()
    running.start()
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", running.grpc_address)
    with pubsub_v1.SubscriberClient() as again:
        received = again.pull(subscription=name, max_messages=10).received_messages
    assert [r.message.data for r in received] == [b"second"]


def test_a_caller_needs_credentials_that_hold(emulator: RunningEmulator, topic: str) -> None:
    """A token that nobody issued is a 401, over REST as over gRPC."""
    answer = httpx.get(f"{emulator.base_url}/v1/{topic}", headers={"authorization": "Bearer nobody"}, timeout=PATIENCE)
    assert answer.status_code == 401
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"


def test_the_mask_may_travel_in_the_query_as_the_provider_sends_it(emulator: RunningEmulator, topic: str) -> None:
    """PATCH ?updateMask=labels with the topic in the body."""
    headers = {"authorization": f"Bearer {emulator.owner_token}"}
    url = f"{emulator.base_url}/v1/{topic}?updateMask=labels"
    answer = httpx.patch(url, json={"topic": {"labels": {"a": "b"}}}, headers=headers, timeout=PATIENCE)
    assert (answer.status_code, answer.json()["labels"]) == (200, {"a": "b"})


def test_a_project_may_be_given_by_number(
    publisher: pubsub_v1.PublisherClient, subscriber: pubsub_v1.SubscriberClient, emulator: RunningEmulator, topic: str
) -> None:
    """Resource Manager: "Identifying projects": the number names the project wherever its id does."""
    by_number = topic.replace(emulator.project, project_number(emulator.project))
    subscription = by_number.replace("/topics/", "/subscriptions/")
    made = subscriber.create_subscription(name=subscription, topic=by_number)
    assert made.topic == topic
    message = publisher.publish(by_number, b"x").result(PATIENCE)
    (received,) = subscriber.pull(subscription=subscription, max_messages=1).received_messages
    assert received.message.message_id == message
    assert publisher.get_topic(topic=by_number).name == topic


def test_a_backlog_longer_than_a_page_comes_whole(
    emulator: RunningEmulator, subscriber: pubsub_v1.SubscriberClient, topic: str, unique: Names
) -> None:
    """With what is published meanwhile at its end."""
    name = subscription_of(topic, unique)
    subscriber.create_subscription(name=name, topic=topic, ack_deadline_seconds=600)

    def publish(count: int) -> list[str]:
        answer = emulator.request("POST", f"/v1/{topic}:publish", {"messages": [{"data": "eA=="}] * count})[1]
        ids: list[str] = answer["messageIds"]
        return ids

    ids = [one for _ in range(PAGE // 1000 + 1) for one in publish(1000)]
    seen: list[str] = []
    while len(seen) < len(ids):
        _, answer = emulator.request("POST", f"/v1/{name}:pull", {"maxMessages": 1000})
        seen += [one["message"]["messageId"] for one in answer.get("receivedMessages", [])]
        if len(seen) == 1000:
            ids += publish(1)
    assert seen == ids
