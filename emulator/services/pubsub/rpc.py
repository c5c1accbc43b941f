"""Pub/Sub over gRPC: each unary call becomes a request on the same way as REST; streaming pull talks to the broker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any

import grpc
import orjson
from google.protobuf import json_format
from google.protobuf.message import Message as Proto

from emulator.errors import ApiError, invalid_argument
from emulator.gateway.grpc.bridge import Bridge, Servicer, cut_off, parsed, serialize
from emulator.services.pubsub.broker import broker
from emulator.services.pubsub.calls import CALLS, IAM_CALLS, message_class
from emulator.services.pubsub.delivery.workers import workers
from emulator.services.pubsub.queues import Lease, Policy, Stream
from emulator.services.pubsub.store import Message, NewMessage

_RESPONSE, _RECEIVED = message_class("StreamingPullResponse"), message_class("ReceivedMessage")
_OF_THE_FIRST = ("max_outstanding_messages", "max_outstanding_bytes", "protocol_version")
"""What only the first request of a streaming pull may set (google.pubsub.v1.StreamingPullRequest)."""
_WITH_PINGS = 1
"""The protocol_version since which clients of streaming pull wait for an answer to their pings."""
_log = logging.getLogger("emulator")


def handlers(bridge: Bridge) -> dict[str, Any]:
    """The gRPC handlers of Pub/Sub by path. IAMPolicy is Pub/Sub's here: no other emulated API has it over gRPC."""
    pull = grpc.stream_stream_rpc_method_handler(
        StreamingPull(bridge).serve, message_class("StreamingPullRequest").FromString, serialize
    )
    return {
        **{f"/google.pubsub.v1.{name}": bridge.unary(call) for name, call in CALLS.items()},
        **{f"/google.iam.v1.IAMPolicy/{name}": _iam(bridge, call) for name, call in IAM_CALLS.items()},
        "/google.pubsub.v1.Publisher/Publish": _publish(bridge),
        "/google.pubsub.v1.Subscriber/StreamingPull": pull,
    }


def _publish(bridge: Bridge) -> Any:
    """The handler of Publish, whose messages are many and go to the method as they are, without JSON in between."""
    response = message_class("PublishResponse")

    async def handle(message: Any, servicer: Servicer) -> Proto:
        messages = [NewMessage(one.data, dict(one.attributes), one.ordering_key) for one in message.messages]
        path = {"topic": message.topic}
        answer = await bridge.call(servicer, "pubsub.projects.topics.publish", path, message=messages)
        await bridge.check(servicer, answer)
        assert isinstance(answer.body, bytes)
        answered: Proto = response(message_ids=orjson.loads(answer.body)["messageIds"])
        return answered

    return bridge.handler(message_class("PublishRequest"), handle)


def _iam(bridge: Bridge, call: tuple[str, Any, Any, str]) -> Any:
    """The handler of a method of IAMPolicy, whose resource says of which kind it is."""
    verb, request, response, has_body = call

    async def handle(message: Proto, servicer: Servicer) -> Proto:
        fields = json_format.MessageToDict(message)
        resource = fields.pop("resource", "")
        kind = resource.split("/")[2] if resource.count("/") >= 3 else "topics"
        body = fields if has_body else None
        answer = await bridge.rest(servicer, f"pubsub.projects.{kind}.{verb}", {"resource": resource}, [], body)
        return parsed(response, answer)

    return bridge.handler(request, handle)


class StreamingPull:
    """google.pubsub.v1.Subscriber.StreamingPull."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def serve(self, requests: AsyncIterator[Any], servicer: Servicer) -> AsyncIterator[Proto]:
        """Messages as they come, until the client or an error ends the stream; requests acknowledge and extend.

        Where the subscription delivers exactly once, answers also say which requests took effect.
        """
        first = await anext(requests, None)
        if first is None:
            await servicer.abort(grpc.StatusCode.INVALID_ARGUMENT, "The first request must name the subscription.")
            return
        outgoing: asyncio.Queue[Any] = asyncio.Queue(1)
        tasks: list[asyncio.Task[None]] = []
        try:
            principal = self._bridge.principal(servicer)
            check = self._check(principal, first.subscription)
            check()
            deadline = float(first.stream_ack_deadline_seconds)
            if not 10 <= deadline <= 600:
                raise invalid_argument("stream_ack_deadline_seconds is from 10 to 600.")
            cut = await self._struck(principal, first.subscription)
            steps = (self._send(first, check, outgoing), self._read(requests, first, outgoing))
            tasks = [asyncio.create_task(_told(step, first.subscription, outgoing)) for step in steps]
            while True:
                answer = await outgoing.get()
                if isinstance(answer, ApiError):
                    raise answer
                yield answer
                if cut:
                    raise cut_off()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _struck(self, principal: str, subscription: str) -> bool:
        """Whether the stream is to end after its first answer; raises what refuses it. A stream is one call of pull."""
        dial = self._bridge.context.trouble.dial
        cut = await dial.strike("pubsub.projects.subscriptions.pull", principal, subscription) if dial else ""
        if cut == "unanswered":
            raise cut_off()
        return bool(cut)

    def _check(self, principal: str, subscription: str) -> Callable[[], None]:
        """What raises once the caller may not consume, or messages go elsewhere."""
        context = self._bridge.context

        def check() -> None:
            context.policies.require(principal, "pubsub.subscriptions.consume", subscription)
            workers(context).require_pulled(subscription)

        return check

    async def _send(self, first: Any, check: Callable[[], None], outgoing: asyncio.Queue[Any]) -> None:
        """Answers with the messages of a subscription, as soon as there are any."""
        messages = broker(self._bridge.context)
        name = first.subscription
        stream = Stream(first.max_outstanding_messages, first.max_outstanding_bytes)
        while True:
            taken = await messages.stream(name, stream, float(first.stream_ack_deadline_seconds), check)
            policy = messages.queue(name).policy
            received = [_received(lease, message, bool(policy.dead_letter_topic)) for lease, message in taken]
            answer = _RESPONSE(received_messages=received, subscription_properties=_properties(policy))
            await outgoing.put(answer)

    async def _read(self, requests: AsyncIterator[Any], first: Any, outgoing: asyncio.Queue[Any]) -> None:
        """Acknowledge and extend as the client says; answers tell what took effect, where that is promised.

        A request that says nothing asks whether the stream is alive, and has an answer where the client's protocol has
        it: Google's clients open another stream 15 seconds after one that was not answered.
        """
        subscription = first.subscription
        async for request in requests:
            if wrong := [name for name in _OF_THE_FIRST if getattr(request, name)]:
                raise invalid_argument(f"{wrong[0]} can only be set on the initial StreamingPullRequest.")
            answer = await self._applied(request, subscription)
            if answer is None and first.protocol_version >= _WITH_PINGS and not request.ByteSize():
                answer = _RESPONSE(subscription_properties=self._properties(subscription))
            if answer is not None:
                await outgoing.put(answer)

    def _properties(self, subscription: str) -> Any:
        return _properties(broker(self._bridge.context).queue(subscription).policy)

    async def _applied(self, request: Any, subscription: str) -> Any:
        messages = broker(self._bridge.context)
        confirmation: dict[str, Any] = {}
        if request.ack_ids:
            ended = await messages.acknowledge(subscription, list(request.ack_ids))
            confirmation["acknowledge_confirmation"] = _confirmed(request.ack_ids, ended)
        extended, late = list(request.modify_deadline_ack_ids), []
        by_seconds: dict[int, list[str]] = {}
        for seconds, ack_id in zip(request.modify_deadline_seconds, extended, strict=False):
            by_seconds.setdefault(seconds, []).append(ack_id)
        for seconds, ack_ids in by_seconds.items():
            late += await messages.modify_deadline(subscription, ack_ids, float(seconds))
        if extended:
            confirmation["modify_ack_deadline_confirmation"] = _confirmed(extended, late)
        if not confirmation or not messages.queue(subscription).policy.exactly_once:
            return None
        properties = _properties(messages.queue(subscription).policy)
        return _RESPONSE(subscription_properties=properties, **confirmation)


async def _told(step: Coroutine[Any, Any, None], subscription: str, outgoing: asyncio.Queue[Any]) -> None:
    """Run a step of a stream to its end; what it fails with is told to the client by the stream's status."""
    try:
        await step
    except ApiError as error:
        await outgoing.put(error)
    except Exception:  # noqa: BLE001  the client learns of it by the stream's status
        _log.exception("a streaming pull of %s failed", subscription)
        await outgoing.put(ApiError(500, "INTERNAL", "Internal error encountered.", "backendError"))


def _confirmed(ack_ids: Iterable[str], ended: list[str]) -> dict[str, list[str]]:
    """Which ids of a request took effect, and which had expired."""
    invalid = set(ended)
    return {"ack_ids": [one for one in ack_ids if one not in invalid], "invalid_ack_ids": ended}


def _properties(policy: Policy) -> Any:
    return _RESPONSE.SubscriptionProperties(
        exactly_once_delivery_enabled=policy.exactly_once, message_ordering_enabled=policy.ordered
    )


def _received(lease: Lease, message: Message, with_attempts: bool) -> Any:
    received = _RECEIVED(ack_id=lease.ack_id, delivery_attempt=lease.entry.attempts if with_attempts else 0)
    told = received.message
    told.data, told.ordering_key, told.message_id = message.data, message.ordering_key, str(message.id)
    told.attributes.update(message.attributes)
    told.publish_time.FromMilliseconds(int(message.published * 1000))
    return received
