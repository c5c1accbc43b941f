"""Push subscriptions: each message a POST to the endpoint, whose status acknowledges it or not.

Pub/Sub: "Push subscriptions" and "Payload unwrapping for push subscriptions".
"""

from __future__ import annotations

import asyncio
import base64
import logging
import re
from collections.abc import Iterable
from typing import Any

import orjson

from emulator.dicom.errors import described
from emulator.errors import ApiError
from emulator.outgoing import Endpoint, RefusedEndpoint, endpoint_of, post
from emulator.services.pubsub.delivery.backlog import Backlog, Taken
from emulator.services.pubsub.delivery.workers import carries
from emulator.services.pubsub.messages import stamp
from emulator.services.pubsub.queues import Lease
from emulator.services.pubsub.store import Message

ACKNOWLEDGING = frozenset((102, 200, 201, 202, 204))  # Pub/Sub: "Push subscriptions", "Receive messages"
AGENT = "CloudPubSub-Google"
FIRST_WAIT, LONGEST_WAIT = 0.1, 60.0  # seconds; Pub/Sub: "Push subscriptions", "Push backoff"
_MOST, _FIRST = 1000, 10  # messages under way at once
_RENEW_SECONDS = 300
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # of a header: RFC 9110 5.1
_VALUE = re.compile(r"[^\x00-\x1f\x7f]*")
_OWN = frozenset(("authorization", "connection", "content-length", "host", "transfer-encoding", "user-agent"))
_log = logging.getLogger("emulator")


@carries("pushConfig")
async def push(backlog: Backlog, config: dict[str, Any]) -> None:
    """Post what a subscription has until cancelled; where the endpoint is not on this machine, return and say so."""
    settings = backlog.context.settings
    try:
        endpoint = endpoint_of(config["pushEndpoint"], (settings.port, settings.grpc_port))
    except RefusedEndpoint as refusal:
        _log.warning("nothing is pushed by %s: %s", backlog.name, refusal)
        return
    await _Push(backlog, config, endpoint).run()


class _Push:
    """The pushing of one subscription: how many messages are under way, and for how long it rests after a failure."""

    def __init__(self, backlog: Backlog, config: dict[str, Any], endpoint: Endpoint) -> None:
        self._backlog = backlog
        self._config = config
        self._endpoint = endpoint
        self._limit = _FIRST
        self._failures = 0
        self._under_way = 0
        self._ended = asyncio.Event()
        self._token = ""
        self._token_until = 0.0

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._room()
                for part in _in_order(await self._backlog.take(self._limit - self._under_way), self._backlog):
                    self._under_way += len(part)
                    tasks.create_task(self._deliver(part))

    async def _room(self) -> None:
        """Wait until another message may be sent."""
        if self._failures and not self._backlog.policy.minimum_backoff:
            await asyncio.sleep(min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(30, self._failures - 1)))
        while self._under_way >= self._limit:
            self._ended.clear()
            await self._ended.wait()

    async def _deliver(self, part: list[Taken]) -> None:
        """Post messages one after the other; those after one that fails come again with it, by their ordering key."""
        try:
            for taken in part:
                self._backlog.extend([taken], self._backlog.policy.ack_deadline + 1)
                if not await self._posted(taken):
                    self._failures += 1
                    self._limit = max(1, self._limit // 2)
                    await self._backlog.refuse([taken])
                    return
                self._failures = 0
                self._limit = min(_MOST, self._limit + 1)
                await self._backlog.done([taken])
        finally:
            self._under_way -= len(part)
            self._ended.set()

    async def _posted(self, taken: Taken) -> bool:
        """Whether the endpoint took a message within the acknowledgement deadline."""
        try:
            headers, body = request_of(self._backlog, self._config, *taken)
            if token := self._id_token():
                headers["Authorization"] = f"Bearer {token}"
            status = await post(self._endpoint, headers, body, self._backlog.policy.ack_deadline)
        except (ApiError, OSError, TimeoutError, ValueError) as problem:
            if not self._failures:
                _log.warning("a push of %s failed and is tried again: %s", self._backlog.name, described(problem))
            return False
        return status in ACKNOWLEDGING

    def _id_token(self) -> str:
        """The token that the pushes bear, "" for none. Raises a 401 where its account is disabled or gone."""
        wanted = self._config.get("oidcToken") or {}
        email = wanted.get("serviceAccountEmail")
        if not email:
            return ""
        context = self._backlog.context
        if context.clock.seconds() > self._token_until:
            audience = wanted.get("audience") or self._config["pushEndpoint"]
            self._token, expires = context.id_tokens.issue(email, audience)
            self._token_until = expires - _RENEW_SECONDS
        context.authenticator.require_enabled(email)
        return self._token


def _in_order(taken: Iterable[Taken], backlog: Backlog) -> list[list[Taken]]:
    """Messages in parts that may be under way beside each other: those of one ordering key stay together."""
    parts: dict[str, list[Taken]] = {}
    for lease, message in taken:
        is_ordered = backlog.policy.ordered and message.ordering_key
        key = f"key {message.ordering_key}" if is_ordered else lease.ack_id
        parts.setdefault(key, []).append((lease, message))
    return list(parts.values())


def request_of(
    backlog: Backlog, config: dict[str, Any], lease: Lease, message: Message
) -> tuple[dict[str, str], bytes]:
    """The headers and body that tell an endpoint of a message: wrapped in JSON, or its data alone."""
    unwrapped = config.get("noWrapper")
    if unwrapped is not None:
        metadata = _metadata(backlog.name, message) if unwrapped.get("writeMetadata") else {}
        return {**metadata, "User-Agent": AGENT}, message.data
    body: dict[str, Any] = {"message": _wrapped(message), "subscription": backlog.name}
    if backlog.policy.dead_letter_topic:
        body["deliveryAttempt"] = lease.entry.attempts
    return {"Content-Type": "application/json", "User-Agent": AGENT}, orjson.dumps(body)


def _wrapped(message: Message) -> dict[str, Any]:
    """A PubsubMessage, id and time under both of their names, as Google sends them."""
    time, number = stamp(message.published), str(message.id)
    shown: dict[str, Any] = {
        "data": base64.b64encode(message.data).decode(),
        "messageId": number,
        "message_id": number,
        "publishTime": time,
        "publish_time": time,
    }
    if message.attributes:
        shown["attributes"] = message.attributes
    if message.ordering_key:
        shown["orderingKey"] = message.ordering_key
    return shown


def _metadata(subscription: str, message: Message) -> dict[str, str]:
    """A message's properties and attributes as headers, without attributes that are no header, or one of HTTP's."""
    own = {
        "x-goog-pubsub-subscription-name": subscription,
        "x-goog-pubsub-message-id": str(message.id),
        "x-goog-pubsub-publish-time": stamp(message.published),
    }
    if message.ordering_key:
        own["x-goog-pubsub-ordering-key"] = message.ordering_key
    given = {
        name: value
        for name, value in message.attributes.items()
        if name.lower() not in _OWN and _NAME.fullmatch(name) and _VALUE.fullmatch(value)
    }
    return {name: value for name, value in {**given, **own}.items() if _VALUE.fullmatch(value)}
