"""Exactly-once delivery (Pub/Sub: "Exactly-once delivery"), as google-cloud-pubsub expects its answers.

The size of the test with a kill is from the environment: PUBSUB_KILL_MESSAGES messages, 200 where it says nothing.
"""

import contextlib
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.cloud.pubsub_v1.subscriber.exceptions import AcknowledgeError, AcknowledgeStatus
from google.pubsub_v1 import types
from google.rpc import error_details_pb2

from tests.conftest import PROJECT, StartEmulator
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

Names = Callable[[str], str]
INVALID = "PERMANENT_FAILURE_INVALID_ACK_ID"


@pytest.fixture
def topic(publisher: pubsub_v1.PublisherClient, unique: Names) -> str:
    """A new topic's name."""
    return publisher.create_topic(name=f"projects/{PROJECT}/topics/{unique('topic')}").name


@pytest.fixture
def name(subscriber: pubsub_v1.SubscriberClient, topic: str, unique: Names) -> str:
    """A subscription that delivers exactly once, in the order of keys."""
    wanted = {"name": f"projects/{PROJECT}/subscriptions/{unique('subscription')}", "topic": topic}
    settings = {"enable_exactly_once_delivery": True, "enable_message_ordering": True}
    return subscriber.create_subscription(request={**wanted, **settings}).name


def test_acknowledging_twice_names_the_id_that_is_no_good_any_more(
    publisher: pubsub_v1.PublisherClient, subscriber: pubsub_v1.SubscriberClient, topic: str, name: str
) -> None:
    """Code and details as observed of Google's service (nodejs-pubsub#1951); the other ids are acknowledged."""
    for data in (b"a", b"b"):
        publisher.publish(topic, data).result(PATIENCE)
    first, second = subscriber.pull(subscription=name, max_messages=2).received_messages
    subscriber.acknowledge(subscription=name, ack_ids=[first.ack_id])
    ids = [first.ack_id, second.ack_id]
    extend = {"subscription": name, "ack_ids": ids, "ack_deadline_seconds": 60}
    for call, request in (
        (subscriber.modify_ack_deadline, extend),
        (subscriber.acknowledge, {"subscription": name, "ack_ids": ids}),
    ):
        with pytest.raises(exceptions.InvalidArgument, match="Some acknowledgement ids in the request") as refused:
            call(request=request)
        [info] = [one for one in refused.value.details if isinstance(one, error_details_pb2.ErrorInfo)]
        assert info.reason == "EXACTLY_ONCE_ACKID_FAILURE"
        assert dict(info.metadata) == {first.ack_id: INVALID}


def test_an_acknowledgement_tells_that_it_took_effect(
    publisher: pubsub_v1.PublisherClient, subscriber: pubsub_v1.SubscriberClient, topic: str, name: str
) -> None:
    """ack_with_response: SUCCESS, and INVALID_ACK_ID for a message that was acknowledged already."""
    results: list[Any] = []
    done = threading.Event()

    def receive(message: Any) -> None:
        results.append(message.ack_with_response().result(PATIENCE))
        try:
            message.ack_with_response().result(PATIENCE)
        except AcknowledgeError as error:
            results.append(error.error_code)
        done.set()

    stream = subscriber.subscribe(name, callback=receive)
    publisher.publish(topic, b"x").result(PATIENCE)
    assert done.wait(PATIENCE)
    stream.cancel()
    stream.result(PATIENCE)
    assert results == [AcknowledgeStatus.SUCCESS, AcknowledgeStatus.INVALID_ACK_ID]


def test_a_stream_confirms_what_its_requests_ask_for(
    emulator: RunningEmulator, publisher: pubsub_v1.PublisherClient, topic: str, name: str
) -> None:
    publisher.publish(topic, b"x").result(PATIENCE)
    kind = types.StreamingPullRequest
    ack_ids: list[str] = []
    received, finished = threading.Event(), threading.Event()

    def requests() -> Iterator[Any]:
        yield kind.pb(kind(subscription=name, stream_ack_deadline_seconds=60))
        assert received.wait(PATIENCE)
        yield kind.pb(kind(modify_deadline_ack_ids=[*ack_ids, "gone"], modify_deadline_seconds=[60, 60]))
        yield kind.pb(kind(ack_ids=[*ack_ids, "gone"]))
        finished.wait(PATIENCE)

    with grpc.insecure_channel(emulator.grpc_address) as channel:
        stream = channel.stream_stream(
            "/google.pubsub.v1.Subscriber/StreamingPull",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=types.StreamingPullResponse.pb().FromString,
        )(requests(), timeout=PATIENCE)
        first = next(stream)
        assert first.subscription_properties.exactly_once_delivery_enabled
        ack_ids += [one.ack_id for one in first.received_messages]
        received.set()
        extended, acknowledged = next(stream), next(stream)
        finished.set()
        stream.cancel()
    for told in (extended.modify_ack_deadline_confirmation, acknowledged.acknowledge_confirmation):
        assert (list(told.ack_ids), list(told.invalid_ack_ids)) == (ack_ids, ["gone"])


def test_what_is_acknowledged_stays_so_though_an_earlier_one_of_its_key_comes_again(
    subscriber: pubsub_v1.SubscriberClient, emulator: RunningEmulator, topic: str, name: str
) -> None:
    messages = [{"data": data, "orderingKey": "study"} for data in ("YQ==", "Yg==", "Yw==")]
    assert emulator.request("POST", f"/v1/{topic}:publish", {"messages": messages})[0] == 200
    first, second, _ = subscriber.pull(subscription=name, max_messages=3).received_messages
    subscriber.acknowledge(subscription=name, ack_ids=[second.ack_id])
    subscriber.modify_ack_deadline(subscription=name, ack_ids=[first.ack_id], ack_deadline_seconds=0)
    again = subscriber.pull(subscription=name, max_messages=3).received_messages
    assert [one.message.data for one in again] == [b"a", b"c"]


def drain(running: RunningEmulator, name: str, seen: Counter[str], enough: Callable[[], object]) -> None:
    """Acknowledge all there is, counting what was told to have taken effect; ends early where the emulator does."""
    with grpc.insecure_channel(running.grpc_address) as channel:
        grpc.channel_ready_future(channel).result(PATIENCE)
        transport = pubsub_v1.SubscriberClient.get_transport_class("grpc")(channel=channel)
        client = pubsub_v1.SubscriberClient(transport=transport)
        with contextlib.suppress(exceptions.GoogleAPICallError):  # what was not answered does not count
            while received := client.pull(subscription=name, max_messages=20, timeout=PATIENCE).received_messages:
                for one in received:
                    client.acknowledge(subscription=name, ack_ids=[one.ack_id], retry=None)
                    seen[one.message.message_id] += 1
                    enough()


def test_none_is_lost_and_none_comes_twice_over_a_kill(start_emulator: StartEmulator) -> None:
    """What was told to be acknowledged does not come again, and everything else does."""
    count = int(os.environ.get("PUBSUB_KILL_MESSAGES", "200"))
    running = start_emulator()
    topic, name = f"projects/{running.project}/topics/once", f"projects/{running.project}/subscriptions/once"
    running.request("PUT", f"/v1/{topic}", {})
    running.request("PUT", f"/v1/{name}", {"topic": topic, "enableExactlyOnceDelivery": True})
    ids: list[str] = []
    for start in range(0, count, 1000):
        messages = [{"data": "eA=="}] * min(1000, count - start)
        ids += running.request("POST", f"/v1/{topic}:publish", {"messages": messages})[1]["messageIds"]
    seen: Counter[str] = Counter()
    half = threading.Event()

    def enough() -> None:
        if seen.total() * 2 >= count:
            half.set()

    threads = [threading.Thread(target=drain, args=(running, name, seen, enough)) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert half.wait(PATIENCE)
    running.kill()
    for thread in threads:
        thread.join()
    running.start()
    drain(running, name, seen, enough)
    assert not [one for one, times in seen.items() if times > 1]
    assert set(seen) <= set(ids)
    assert len(ids) - len(seen) <= 4  # of each subscriber, one that was acknowledged and whose answer was lost
