"""Requests of a streaming pull that acknowledge nothing: pings, and what only the first request may set."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import grpc
import pytest
from google.cloud import pubsub_v1
from google.pubsub_v1 import types

from tests.conftest import PROJECT
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

Send = Callable[..., None]


@pytest.fixture
def name(
    publisher: pubsub_v1.PublisherClient, subscriber: pubsub_v1.SubscriberClient, unique: Callable[[str], str]
) -> str:
    """A subscription that delivers exactly once."""
    topic = publisher.create_topic(name=f"projects/{PROJECT}/topics/{unique('topic')}").name
    wanted = {"name": f"projects/{PROJECT}/subscriptions/{unique('subscription')}", "topic": topic}
    return subscriber.create_subscription(request={**wanted, "enable_exactly_once_delivery": True}).name


@contextmanager
def streaming(emulator: RunningEmulator, **first: Any) -> Iterator[tuple[Send, Any]]:
    """A streaming pull with its first request: what sends another one, and the answers."""
    kind, sent = types.StreamingPullRequest, SimpleQueue[Any]()
    sent.put(kind.pb(kind(stream_ack_deadline_seconds=60, **first)))
    with grpc.insecure_channel(emulator.grpc_address) as channel:
        answers = channel.stream_stream(
            "/google.pubsub.v1.Subscriber/StreamingPull",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=types.StreamingPullResponse.pb().FromString,
        )(iter(sent.get, None), timeout=PATIENCE)
        yield lambda **fields: sent.put(kind.pb(kind(**fields))), answers
        answers.cancel()
        sent.put(None)


def test_a_ping_is_answered_to_who_waits_for_it(emulator: RunningEmulator, name: str) -> None:
    # google-cloud-pubsub for Java (1.150): protocol_version 1, an empty request every 30 seconds; without an answer it
    # reports "Keepalive timeout with server" and opens another stream.
    with streaming(emulator, subscription=name, protocol_version=1) as (send, answers):
        for _ in range(2):
            send()
            answer = next(answers)
            assert not answer.received_messages
            assert answer.subscription_properties.exactly_once_delivery_enabled


def test_a_ping_of_an_older_client_is_not(emulator: RunningEmulator, name: str) -> None:
    with streaming(emulator, subscription=name) as (send, answers):
        send()
        send(modify_deadline_ack_ids=["none"], modify_deadline_seconds=[60])
        assert list(next(answers).modify_ack_deadline_confirmation.invalid_ack_ids) == ["none"]


@pytest.mark.parametrize("field", ["max_outstanding_messages", "max_outstanding_bytes", "protocol_version"])
def test_what_only_the_first_request_may_set(emulator: RunningEmulator, name: str, field: str) -> None:
    with streaming(emulator, subscription=name, **{field: 5}) as (send, answers):
        send(**{field: 5})
        with pytest.raises(grpc.RpcError) as ended:
            next(answers)
        assert ended.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert field in ended.value.details()
