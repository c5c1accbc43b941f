"""What one message and one request may hold (Pub/Sub: quotas and limits), and answers that a client can take."""

import base64
import threading
from collections.abc import Callable
from typing import Any

import grpc
import httpx
import pytest
from google.cloud import pubsub_v1

from tests.emulator.services.pubsub.test_pubsub import Names, publish_now, subscription_of
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

MEGABYTE = 1 << 20


@pytest.fixture
def topic(publisher: pubsub_v1.PublisherClient, emulator: RunningEmulator, unique: Names) -> str:
    return publisher.create_topic(name=f"projects/{emulator.project}/topics/{unique('topic')}").name


@pytest.fixture
def publish(emulator: RunningEmulator, topic: str) -> Callable[[list[Any]], httpx.Response]:
    """Publishes messages in JSON over REST."""

    def send(messages: list[Any]) -> httpx.Response:
        headers = {"authorization": f"Bearer {emulator.owner_token}"}
        url = f"{emulator.base_url}/v1/{topic}:publish"
        return httpx.post(url, json={"messages": messages}, headers=headers, timeout=PATIENCE)

    return send


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ({"attributes": {str(i): "" for i in range(101)}}, "attribute_count"),
        ({"attributes": {"k" * 257: ""}}, 'The attribute "" in the request has a key that is too long'),
        ({"attributes": {"é" * 129: ""}}, "The length is 258 characters, but the maximum allowed is 256"),
        ({"attributes": {"stack_trace": "x" * 1025}}, 'The attribute "stack_trace" in the request has a value that is'),
        ({"attributes": {"a": "é" * 513}}, "The length is 1026 characters, but the maximum allowed is 1024"),
        ({"attributes": {"googclient_deliveryattempt": "1"}}, 'starts with "goog"'),
        ({"data": "eA==", "orderingKey": "k" * 1025}, "ordering key"),
        ({"data": ""}, "is empty"),
        ({"orderingKey": "k"}, "is empty"),
    ],
)
def test_a_message_beyond_the_limits_is_refused(
    publish: Callable[[list[Any]], httpx.Response], message: Any, problem: str
) -> None:
    """Among good ones too: nothing of the request is published. Words: java-pubsub#2312, Beam#23022."""
    answer = publish([{"data": "eA=="}, message])
    assert answer.status_code == 400
    assert problem in answer.json()["error"]["message"]


def test_messages_at_the_limits_are_taken(publish: Callable[[list[Any]], httpx.Response]) -> None:
    full = {"attributes": {f"{i:03d}" + "k" * 253: "v" * 1024 for i in range(100)}, "orderingKey": "o" * 1024}
    assert publish([full]).status_code == 200
    assert len(publish([{"data": "eA=="}] * 1000).json()["messageIds"]) == 1000


def test_a_request_has_at_most_a_thousand_messages_and_ten_megabytes(
    publish: Callable[[list[Any]], httpx.Response],
) -> None:
    refused = publish([{"data": "eA=="}] * 1001)
    assert (refused.status_code, "message_count" in refused.text) == (400, True)
    half = {"data": base64.b64encode(bytes(5_000_001)).decode()}
    refused = publish([half, half])
    assert (refused.status_code, "request_size" in refused.text) == (400, True)


@pytest.fixture
def backlog(
    publisher: pubsub_v1.PublisherClient, subscriber: pubsub_v1.SubscriberClient, topic: str, unique: Names
) -> str:
    """A subscription with 12 messages of 1 MiB."""
    name = subscription_of(topic, unique)
    subscriber.create_subscription(name=name, topic=topic)
    for i in range(12):
        publish_now(publisher, topic, {"data": bytes([i]) * MEGABYTE})
    return name


def test_a_large_backlog_arrives_by_streaming_pull(subscriber: pubsub_v1.SubscriberClient, backlog: str) -> None:
    """12 MiB to a client that takes 4 MiB an answer."""
    seen: set[int] = set()
    everything = threading.Event()

    def receive(message: Any) -> None:
        seen.add(message.data[0])
        message.ack()
        if len(seen) == 12:
            everything.set()

    stream = subscriber.subscribe(backlog, callback=receive)
    assert everything.wait(PATIENCE)
    stream.cancel()
    stream.result()


def test_a_large_backlog_arrives_by_pull(subscriber: pubsub_v1.SubscriberClient, backlog: str) -> None:
    seen: list[int] = []
    while len(seen) < 12:
        received = subscriber.pull(subscription=backlog, max_messages=100).received_messages
        assert received
        subscriber.acknowledge(subscription=backlog, ack_ids=[one.ack_id for one in received])
        seen += [one.message.data[0] for one in received]
    assert sorted(seen) == list(range(12))


def test_a_large_message_comes_alone(
    emulator: RunningEmulator, publisher: pubsub_v1.PublisherClient, subscriber: pubsub_v1.SubscriberClient, topic: str,
    unique: Names,
) -> None:  # fmt: skip
    """Up to 10 MB, to a client that takes as much."""
    name = subscription_of(topic, unique)
    subscriber.create_subscription(name=name, topic=topic)
    for size in (10, 9 * MEGABYTE, 10):
        publish_now(publisher, topic, {"data": bytes(size)})
    options = [("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(emulator.grpc_address, options=options) as channel:
        transport = pubsub_v1.SubscriberClient.get_transport_class("grpc")(channel=channel)
        client = pubsub_v1.SubscriberClient(transport=transport)
        sizes = [
            [len(one.message.data) for one in client.pull(subscription=name, max_messages=9).received_messages]
            for _ in range(3)
        ]
    assert sizes == [[10], [9 * MEGABYTE], [10]]


TRANSFORM = {"messageTransforms": [{"javascriptUdf": {"functionName": "f", "code": "function f(m, x) { return m; }"}}]}


@pytest.mark.parametrize("settings", [TRANSFORM, {"tags": {"1/env": "test"}}], ids=["transforms", "tags"])
def test_what_would_change_messages_is_refused_by_name(
    emulator: RunningEmulator, topic: str, settings: dict[str, Any], unique: Names
) -> None:
    [key] = settings
    subscription = f"/v1/projects/{emulator.project}/subscriptions/{unique('subscription')}"
    for path, body in ((f"/v1/{topic}-other", settings), (subscription, {"topic": topic, **settings})):
        code, answer = emulator.request("PUT", path, body)
        assert (code, answer["error"]["message"]) == (501, f"{key} is not emulated.")
    change = {"topic": settings, "updateMask": key}
    assert emulator.request("PATCH", f"/v1/{topic}", change)[0] in (400, 501)


def test_what_is_not_emulated_says_its_name_over_grpc(emulator: RunningEmulator) -> None:
    with grpc.insecure_channel(emulator.grpc_address) as channel:
        call = channel.unary_unary("/google.pubsub.v1.Subscriber/Nothing")
        with pytest.raises(grpc.RpcError) as refused:
            call(b"")
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "google.pubsub.v1.Subscriber/Nothing" in refused.value.details()
