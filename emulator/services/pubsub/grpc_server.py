"""Pub/Sub over gRPC: each unary call becomes a request on the same way as REST; streaming pull talks to the broker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import grpc
import orjson
from google.protobuf import json_format
from google.protobuf.message import Message as Proto
from google.pubsub_v1 import types

from emulator.errors import RPC_CODES, ApiError, invalid_argument, unauthenticated
from emulator.gateway.request import Request
from emulator.services.pubsub.broker import broker
from emulator.services.pubsub.grpc_calls import CALLS, IAM_CALLS, Call, message_class
from emulator.services.pubsub.messages import stamp
from emulator.services.pubsub.queues import Lease, Stream
from emulator.services.pubsub.store import Message

if TYPE_CHECKING:
    from emulator.context import Context

Servicer = Any  # grpc.aio.ServicerContext has no usable type
CODES = {code.value[0]: code for code in grpc.StatusCode}
MESSAGE_LIMIT = 64 << 20
_log = logging.getLogger("emulator")


async def start(context: Context) -> Any:
    """Listen on the gRPC port of the emulator; returns the running server."""
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", MESSAGE_LIMIT),
            ("grpc.max_send_message_length", MESSAGE_LIMIT),
            ("grpc.so_reuseport", 0),
        ]
    )
    methods = {method.id: method for document in context.documents("pubsub") for method in document.methods}
    server.add_generic_rpc_handlers([_Handlers(context, methods)])
    server.add_insecure_port(f"{context.settings.host}:{context.settings.grpc_port}")
    await server.start()
    return server


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    def __init__(self, context: Context, methods: dict[str, Any]) -> None:
        self._context = context
        self._methods = methods

    def service(self, handler_call_details: Any) -> Any:
        """The handler of a gRPC path; of one that is not known, one that says so (UNIMPLEMENTED)."""
        path: str = handler_call_details.method
        if path == "/google.pubsub.v1.Subscriber/StreamingPull":
            return grpc.stream_stream_rpc_method_handler(
                self._streaming_pull, message_class("StreamingPullRequest").FromString, _serialize
            )
        call = CALLS.get(path.removeprefix("/google.pubsub.v1."))
        if call is not None:
            return grpc.unary_unary_rpc_method_handler(self._unary(call), call.request.FromString, _serialize)
        iam = IAM_CALLS.get(path.removeprefix("/google.iam.v1.IAMPolicy/"))
        if iam is not None:
            return grpc.unary_unary_rpc_method_handler(self._iam(iam), iam[1].FromString, _serialize)

        async def refuse(_requests: Any, servicer: Servicer) -> None:
            await servicer.abort(grpc.StatusCode.UNIMPLEMENTED, f"{path.lstrip('/')} is not emulated.")

        return grpc.stream_unary_rpc_method_handler(refuse)

    def _unary(self, call: Call) -> Callable[[Proto, Servicer], Awaitable[Proto]]:
        async def handler(message: Proto, servicer: Servicer) -> Proto:
            fields = json_format.MessageToDict(message)
            path = {variable: str(_field(fields, source)) for variable, source in call.path.items()}
            query = [(name, str(fields.pop(name))) for name in call.query if name in fields]
            if call.body == "*":
                for source in call.path.values():
                    if "." not in source:
                        fields.pop(source, None)
                body: Any = fields
            else:
                body = fields.get(call.body, {}) if call.body else None
            answer = await self._rest(servicer, call.method_id, path, query, body)
            return _message(call.response, answer)

        return handler

    def _iam(self, call: tuple[str, Any, Any, str]) -> Callable[[Proto, Servicer], Awaitable[Proto]]:
        verb, _, response, has_body = call

        async def handler(message: Proto, servicer: Servicer) -> Proto:
            fields = json_format.MessageToDict(message)
            resource = fields.pop("resource", "")
            kind = resource.split("/")[2] if resource.count("/") >= 3 else "topics"
            body = fields if has_body else None
            answer = await self._rest(servicer, f"pubsub.projects.{kind}.{verb}", {"resource": resource}, [], body)
            return _message(response, answer)

        return handler

    async def _rest(
        self, servicer: Servicer, method_id: str, path: dict[str, str], query: list[tuple[str, str]], body: Any
    ) -> dict[str, Any]:
        context = self._context
        method = self._methods.get(method_id)
        if method is None:
            await servicer.abort(grpc.StatusCode.UNIMPLEMENTED, f"{method_id} is not emulated.")
            return {}
        raw = orjson.dumps(body) if body else b""

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": raw}

        request = Request(context, method, path, query, _headers(servicer), receive, context.settings.base_url)
        response = await context.handle(request)
        answer: dict[str, Any] = orjson.loads(response.body if isinstance(response.body, bytes) else b"{}")
        if response.status >= 400:
            error = answer["error"]
            await servicer.abort(CODES[RPC_CODES.get(error["status"], 2)], error["message"])
        return answer

    async def _streaming_pull(self, requests: AsyncIterator[Any], servicer: Servicer) -> AsyncIterator[Proto]:
        context = self._context
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
            principal = self._consumer(servicer)

            def check() -> None:
                context.policies.require(principal, "pubsub.subscriptions.consume", subscription)
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
        await servicer.abort(CODES[failure.rpc_code], failure.message)

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
        messages = broker(self._context)
        if request.ack_ids:
            await messages.acknowledge(subscription, list(request.ack_ids))
        for seconds, ack_id in zip(request.modify_deadline_seconds, request.modify_deadline_ack_ids, strict=False):
            await messages.modify_deadline(subscription, [ack_id], float(seconds))

    def _consumer(self, servicer: Servicer) -> str:
        """Who pulls. Raises a 401 for credentials that do not hold, and for none where they are needed."""
        context = self._context
        principal = context.authenticator.principal(_headers(servicer))
        if principal:
            return principal
        if not (context.settings.anonymous and context.settings.is_loopback):
            raise unauthenticated("Request is missing required authentication credential.")
        return f"serviceAccount:{context.settings.account}"


def _headers(servicer: Servicer) -> dict[str, str]:
    return {k: v for k, v in (servicer.invocation_metadata() or ()) if isinstance(v, str)}


def _serialize(message: Proto) -> bytes:
    data: bytes = message.SerializeToString()
    return data


def _field(fields: dict[str, Any], path: str) -> Any:
    value: Any = fields
    for part in path.split("."):
        value = value.get(part, "") if isinstance(value, dict) else ""
    return value


def _message(kind: Any, answer: dict[str, Any]) -> Proto:
    message: Proto = json_format.ParseDict(answer, kind(), ignore_unknown_fields=True)
    return message


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
