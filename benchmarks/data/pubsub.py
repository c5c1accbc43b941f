"""Pub/Sub's methods on plain gRPC: a load generator without the batching and the threads of Google's clients."""

import multiprocessing
import queue
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import grpc
from google.pubsub_v1 import types

from benchmarks.running import PROJECT, Running

_SPAWN = multiprocessing.get_context("spawn")  # gRPC's threads do not survive a fork
_SECONDS = 600
_TIME = struct.Struct("<d")
_BODY = b"x" * 92


class Client:
    """The calls that a benchmark makes of an emulator; topics and subscriptions go by one short name."""

    def __init__(self, address: str, token: str) -> None:
        self._channel = grpc.insecure_channel(address)
        grpc.channel_ready_future(self._channel).result(_SECONDS)
        self._metadata = [("authorization", f"Bearer {token}")]

    def close(self) -> None:
        """End the connection."""
        self._channel.close()

    def call(self, method: str, message: Any) -> Any:
        """Begin a call ("Publisher/Publish"); its answer, as bytes, is the future's result."""
        sending = self._channel.unary_unary(f"/google.pubsub.v1.{method}", type(message).SerializeToString)
        return sending.future(message, metadata=self._metadata, timeout=_SECONDS)

    def make(self, name: str) -> None:
        """A topic with a subscription."""
        self.call("Publisher/CreateTopic", types.Topic.pb()(name=topic_of(name))).result()
        self.subscribe(name)

    def subscribe(self, name: str) -> None:
        """A subscription of the topic of the same name."""
        wanted = types.Subscription.pb()(name=subscription_of(name), topic=topic_of(name), ack_deadline_seconds=600)
        self.call("Subscriber/CreateSubscription", wanted).result()

    def publish(self, name: str, count: int) -> Any:
        """Begin to publish messages of 100 bytes, which bear the time, in one call."""
        request = types.PublishRequest.pb()(topic=topic_of(name))
        for _ in range(count):
            request.messages.add(data=_TIME.pack(time.monotonic()) + _BODY)
        return self.call("Publisher/Publish", request)

    def receive(self, name: str, count: int) -> Iterator[Any]:
        """So many messages of a streaming pull, each acknowledged as soon as it is here."""
        kind = types.StreamingPullRequest.pb()
        requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        requests.put(kind(subscription=subscription_of(name), stream_ack_deadline_seconds=600))
        method, answers = "/google.pubsub.v1.Subscriber/StreamingPull", types.StreamingPullResponse.pb()
        pulling = self._channel.stream_stream(method, kind.SerializeToString, answers.FromString)
        stream = pulling(iter(requests.get, None), metadata=self._metadata, timeout=_SECONDS)
        for answer in stream:
            received = answer.received_messages
            requests.put(kind(ack_ids=[one.ack_id for one in received]))
            yield from (one.message for one in received)
            count -= len(received)
            if count <= 0:
                break
        requests.put(None)


def published(data: bytes) -> float:
    """When `Client.publish` made a message's data: monotonic seconds."""
    return float(_TIME.unpack_from(data)[0])


def topic_of(name: str) -> str:
    """The full name of a topic."""
    return f"projects/{PROJECT}/topics/{name}"


def subscription_of(name: str) -> str:
    """The full name of a subscription."""
    return f"projects/{PROJECT}/subscriptions/{name}"


@contextmanager
def connected(running: Running) -> Iterator[Client]:
    """A client of a running emulator, as its owner."""
    client = Client(running.grpc_address, running.credentials.token)
    yield client
    client.close()


@contextmanager
def receiving(running: Running, name: str, count: int) -> Iterator[Connection]:
    """A process that receives so many messages, and then sends a list of pairs: when it had one, and its data.

    Times are the machine's monotonic seconds, which processes share.
    """
    ours, theirs = _SPAWN.Pipe()
    arguments = (running.grpc_address, running.credentials.token, name, count, theirs)
    process = _SPAWN.Process(target=_receive, args=arguments, daemon=True)
    process.start()
    ours.recv()
    yield ours
    process.join()


def _receive(address: str, token: str, name: str, count: int, pipe: Connection) -> None:
    client = Client(address, token)
    pipe.send(None)
    pipe.send([(time.monotonic(), message.data) for message in client.receive(name, count)])
    client.close()
