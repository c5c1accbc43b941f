"""Pub/Sub over gRPC: each unary call becomes a request on the same way as REST; streaming pull talks to the broker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.message import Message as Proto
from google.pubsub_v1 import types

from emulator.errors import ApiError, invalid_argument
from emulator.gateway.grpc.bridge import Bridge, Servicer, abort, parsed, serialize
from emulator.services.pubsub.broker import broker
from emulator.services.pubsub.calls import CALLS, IAM_CALLS, message_class
from emulator.services.pubsub.delivery.workers import workers
from emulator.services.pubsub.messages import stamp
from emulator.services.pubsub.queues import Lease, Stream
from emulator.services.pubsub.store import Message

_log = logging.getLogger("emulator")


def handlers(bridge: Bridge) -> dict[str, Any]:
    """The gRPC handlers of Pub/Sub by path. IAMPolicy is Pub/Sub's here: no other emulated API has it over gRPC."""
    pull = grpc.stream_stream_rpc_method_handler(
        StreamingPull(bridge).serve, message_class("StreamingPullRequest").FromString, serialize
    )
    return {
        **{f"/google.pubsub.v1.{name}": bridge.unary(call) for name, call in CALLS.items()},
        **{f"/google.iam.v1.IAMPolicy/{name}": _iam(bridge, call) for name, call in IAM_CALLS.items()},
        "/google.pubsub.v1.Subscriber/StreamingPull": pull,
    }


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
        """Messages as they come, until the client or an error ends the stream; requests acknowledge and extend."""
        context = self._bridge.context
        messages = broker(context)
        first = await anext(requests, None)
        if first is None:
            await servicer.abort(grpc.StatusCode.INVALID_ARGUMENT, "The first request must name the subscription.")
            return
        subscription: str = first.subscription
        stream = Stream(first.max_outstanding_messages, first.max_outstanding_bytes)
        deadline = float(first.stream_ack_deadline_seconds)
        reader: asyncio.Task[None] | None = None
        failures: list[ApiError] = []
        failure: ApiError | None = None
        try:
            principal = self._bridge.principal(servicer)

            def check() -> None:
                context.policies.require(principal, "pubsub.subscriptions.consume", subscription)
                workers(context).require_pulled(subscription)
                if failures:
                    raise failures[0]

            check()
            ordered = messages.queue(subscription).policy.ordered
            if not 10 <= deadline <= 600:
                raise invalid_argument("stream_ack_deadline_seconds is from 10 to 600.")
            properties = types.StreamingPullResponse.SubscriptionProperties(message_ordering_enabled=ordered)
            reader = asyncio.create_task(self._read_stream(requests, subscription, failures))
            while True:
                taken = await messages.stream(subscription, stream, deadline, check)
                with_attempts = bool(messages.queue(subscription).policy.dead_letter_topic)
                received = [_received(lease, message, with_attempts) for lease, message in taken]
                answer = types.StreamingPullResponse(received_messages=received, subscription_properties=properties)
                yield types.StreamingPullResponse.pb(answer)
        except ApiError as error:
            failure = error
        finally:
            if reader is not None:
                reader.cancel()
                await asyncio.gather(reader, return_exceptions=True)
        await abort(servicer, failure)

    async def _read_stream(self, requests: AsyncIterator[Any], subscription: str, failures: list[ApiError]) -> None:
        """Acknowledge and extend as the client says; what fails goes to `failures`, which ends the stream."""
        async for request in requests:
            try:
                await self._apply(request, subscription)
            except ApiError as error:
                failures.append(error)
                return
            except Exception:  # noqa: BLE001  the client learns of it by the stream's status
                _log.exception("a streaming pull of %s failed", subscription)
                failures.append(ApiError(500, "INTERNAL", "Internal error encountered.", "backendError"))
                return

    async def _apply(self, request: Any, subscription: str) -> None:
        messages = broker(self._bridge.context)
        if request.ack_ids:
            await messages.acknowledge(subscription, list(request.ack_ids))
        for seconds, ack_id in zip(request.modify_deadline_seconds, request.modify_deadline_ack_ids, strict=False):
            await messages.modify_deadline(subscription, [ack_id], float(seconds))


def _received(lease: Lease, message: Message, with_attempts: bool) -> Any:
    return types.ReceivedMessage(
        ack_id=lease.ack_id,
        message={
            "data": message.data,
            "attributes": message.attributes,
            "message_id": str(message.id),
            "publish_time": stamp(message.published),
            "ordering_key": message.ordering_key,
        },
        delivery_attempt=lease.entry.attempts if with_attempts else 0,
    )
