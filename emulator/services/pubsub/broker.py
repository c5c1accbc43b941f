"""Publishing, pulling, acknowledging and dead letters, for REST and gRPC alike."""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError, failed_precondition, invalid_argument, not_found
from emulator.services.pubsub import keys, store
from emulator.services.pubsub.messages import check_messages, stamp
from emulator.services.pubsub.queues import Entry, Lease, Policy, Queue, Stream
from emulator.services.pubsub.revisions import Check
from emulator.services.pubsub.store import Message, NewMessage
from emulator.services.serviceusage.catalogue import agent_of

if TYPE_CHECKING:
    from emulator.context import Context
    from emulator.state.trouble.dial import Dial

TOPICS = "pubsub.topics"
SUBSCRIPTIONS = "pubsub.subscriptions"
TICK_SECONDS = 0.1
DEFAULT_RETENTION = 604800.0
WATCH_SECONDS = 1.0
LATE_SECONDS = 0.2  # that a stream leaves messages to others after its own ran out of time
CLOSED_SECONDS = 5.0  # after which a message is looked at again that the version of a key, not enabled, has encrypted
_BROKERS = "pubsub.broker"
_EXPORT_RETRY = {"minimumBackoff": "0.1s", "maximumBackoff": "60s"}
_DURATION = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?s")
_log = logging.getLogger("emulator")


class Broker:
    """The message broker of one emulator."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._queues: dict[str, Queue] = {}
        self._used: dict[str, float] = {}
        self._topics: dict[str, str] = {}  # of subscriptions that have a queue
        self._keys: dict[str, str | None] = {}  # of topics that were asked for
        self._started = context.clock.seconds()
        self._loop = asyncio.get_running_loop()

    # publishing

    def publish_in(self, tx: sqlite3.Connection, topic: str, messages: list[NewMessage]) -> list[int]:
        """Store messages in a transaction; subscribers are woken once it is committed. Returns the message ids."""
        found = self._context.resources.get(TOPICS, topic, tx)
        if found is None:
            raise not_found(f"Resource not found (resource={topic.rsplit('/', 1)[-1]}).")
        key = found.body.get("kmsKeyName")
        version = keys.require_usable(self._context, topic, key, tx) if key else ""
        if settings := found.body.get("schemaSettings"):
            check = Check(self._context, tx, settings)
            messages = [
                replace(message, attributes={**message.attributes, **check.attributes_of(message.data)})
                for message in messages
            ]
        ids, fresh = store.insert(tx, self._context, topic, messages, version)
        if fresh:
            self._context.db.after_commit(lambda: self._loop.call_soon_threadsafe(self._deliver, fresh))
        return ids

    async def publish(self, topic: str, messages: list[NewMessage]) -> list[int]:
        """Store messages durably; returns their ids."""
        check_messages(messages)
        return await self._context.db.write(self.publish_in, topic, messages)

    def _deliver(self, fresh: dict[str, list[Entry]]) -> None:
        for subscription, wanted in fresh.items():
            if self._context.trouble.dial is not None:
                self._deliver_in_trouble(self._context.trouble.dial, subscription, wanted)
            elif (queue := self._queues.get(subscription)) is not None:
                queue.add(wanted)

    def _deliver_in_trouble(self, dial: Dial, subscription: str, wanted: list[Entry]) -> None:
        """As `_deliver`, with some messages late or to come twice; a subscription that is gone is passed over."""
        if self._context.resources.get(SUBSCRIPTIONS, subscription) is None:
            return
        queue, now = self.queue(subscription), self._context.clock.seconds()
        queue.add(wanted)
        for entry in wanted:
            late, again = dial.message(subscription)
            if late:
                queue.hold(entry.message, now + late)
            if again:
                queue.repeat(entry.message, again)

    # delivering

    def queue(self, subscription: str) -> Queue:
        """The queue of a subscription, read from disk when first used. A 404 where there is none."""
        queue = self._queues.get(subscription)
        if queue is None:
            body = self._context.resources.get(SUBSCRIPTIONS, subscription)
            if body is None:
                raise not_found(f"Resource not found (resource={subscription.rsplit('/', 1)[-1]}).")
            if body.body.get("detached"):
                raise failed_precondition("The subscription is detached from its topic: it has no messages.")
            queue = Queue(subscription, policy_of(body.body), store.backlog(self._context, subscription))
            self._queues[subscription] = queue
            self._topics[subscription] = body.body["topic"]
        self._used[subscription] = self._context.clock.seconds()
        return queue

    def _supplied(self, subscription: str) -> Queue:
        """The queue of a subscription, with the next page of its backlog where it needs that."""
        queue = self.queue(subscription)
        while queue.wants_more:
            queue.read_on(store.backlog(self._context, subscription, after=queue.newest))
        return queue

    def last_use(self, subscription: str) -> float:
        """When somebody last pulled or acknowledged, in seconds since 1970; the start of the emulator where nobody has.

        The time for which the emulator was stopped ages no subscription.
        """
        return self._used.get(subscription, self._started)

    def drop(self, subscription: str, ids: set[int]) -> None:
        """Messages of a subscription are kept no longer."""
        queue = self._queues.get(subscription)
        if ids and queue is not None:
            queue.drop(ids)

    def reset_in(self, tx: sqlite3.Connection, subscription: str) -> None:
        """After the caller's write, deliver what the subscription then has, and end what is out."""
        backlog = store.backlog(self._context, subscription, tx)
        self._context.db.after_commit(lambda: self._loop.call_soon_threadsafe(self._reset, subscription, backlog))

    def _reset(self, subscription: str, backlog: list[Entry]) -> None:
        queue = self._queues.get(subscription)
        if queue is not None:
            queue.reset(backlog)

    def reconfigure(self, subscription: str, body: dict[str, Any]) -> None:
        """A subscription was updated."""
        queue = self._queues.get(subscription)
        if queue is not None:
            queue.policy = policy_of(body)

    def forget(self, subscription: str) -> None:
        """A subscription was deleted, or detached."""
        self._queues.pop(subscription, None)
        self._used.pop(subscription, None)
        self._topics.pop(subscription, None)

    def forget_key(self, topic: str) -> None:
        """A topic was made, changed or deleted: its key is read anew. Called on any thread."""
        self._loop.call_soon_threadsafe(self._keys.pop, topic, None)

    def require_open(self, subscription: str) -> None:
        """Raise 400 where the key of a subscription's topic can't decrypt its messages now."""
        topic = self._topics[subscription]
        if topic not in self._keys:
            found = self._context.resources.get(TOPICS, topic)
            self._keys[topic] = found.body.get("kmsKeyName") if found is not None else None
        if (key := self._keys[topic]) is not None:
            keys.require_usable(self._context, topic, key)

    def is_open(self, subscription: str) -> bool:
        """Whether its messages can be decrypted now. A 404 where there is no such subscription."""
        self.queue(subscription)
        try:
            self.require_open(subscription)
        except ApiError:
            return False
        return True

    async def pull(
        self, subscription: str, limit: int, wait: float, deadline: float = 0.0
    ) -> list[tuple[Lease, Message]]:
        """Lease up to `limit` messages for `deadline` seconds (0: the subscription's), waiting `wait` for the first.

        A 400 where the key of its topic can't decrypt them.
        """
        until = self._context.clock.seconds() + wait
        while True:
            queue = self._supplied(subscription)
            self.require_open(subscription)
            taken = self._with_messages(queue, queue.take(limit, self._context.clock.seconds(), deadline))
            left = until - self._context.clock.seconds()
            if taken or left <= 0 or not await queue.wait(left):
                return taken

    async def stream(
        self, subscription: str, stream: Stream, deadline: float, check: Callable[[], None]
    ) -> list[tuple[Lease, Message]]:
        """The next messages of a streaming pull, as soon as there are any and the client has room.

        One whose messages ran out of time leaves them to others first: clients that reconnect may keep a stream that
        nobody reads, and it would get the same messages again and again. What `check` raises ends the wait within
        WATCH_SECONDS, as does the end of the subscription (404).
        """
        while True:
            if stream.late:
                await asyncio.sleep(LATE_SECONDS)
            queue = self._supplied(subscription)
            check()
            self.require_open(subscription)
            if not stream.room:
                await stream.wait(WATCH_SECONDS)
                continue
            now = self._context.clock.seconds()
            leases = queue.take(stream.room, now, deadline, stream.release, stream.byte_room)
            stream.sent(leases)
            taken = self._with_messages(queue, leases)
            if taken:
                return taken
            await queue.wait(WATCH_SECONDS)

    def _with_messages(self, queue: Queue, leases: list[Lease]) -> list[tuple[Lease, Message]]:
        messages = store.load(self._context, [lease.entry.message for lease in leases])
        for lease in leases:
            if lease.entry.message not in messages:
                queue.end(lease.ack_id)
        closed = [lease.ack_id for lease in leases if messages.get(lease.entry.message, ...) is None]
        queue.put_off(closed, self._context.clock.seconds() + CLOSED_SECONDS)
        found = ((lease, messages.get(lease.entry.message)) for lease in leases if lease.ack_id in queue.leases)
        return [(lease, message) for lease, message in found if message is not None]

    async def acknowledge(self, subscription: str, ack_ids: list[str]) -> list[str]:
        """Acknowledge durably; messages whose lease had expired come again, and their ids are returned."""
        queue = self.queue(subscription)
        ended = queue.ended(ack_ids)
        done = queue.repeated(queue.acknowledge(ack_ids), self._context.clock.seconds())
        try:
            ids = [entry.message for entry in done]
            await self._context.db.write(store.acknowledge, subscription, ids, queue.policy.retains)
        except Exception:
            queue.give_back(done, self._context.clock.seconds())
            raise
        return ended

    async def modify_deadline(self, subscription: str, ack_ids: list[str], seconds: float) -> list[str]:
        """Extend leases, and return the ids of those that had expired; 0 seconds gives the messages back."""
        queue = self.queue(subscription)
        ended = queue.ended(ack_ids)
        now = self._context.clock.seconds()
        if seconds > 0:
            for ack_id in ack_ids:
                queue.extend(ack_id, now + seconds)
            return ended
        entries = [entry for ack_id in ack_ids if (entry := queue.end(ack_id)) is not None]
        await self._give_back(queue, entries)
        return ended

    def release(self, subscription: str, ack_ids: Iterable[str]) -> None:
        """Give messages back as if they had not been delivered."""
        queue = self._queues.get(subscription)
        if queue is not None:
            queue.release(ack_ids)

    async def _give_back(self, queue: Queue, entries: list[Entry]) -> None:
        """Deliver messages again, or forward those that had all their attempts to the dead-letter topic.

        What follows one of them in its ordering key comes again, too.
        """
        if not entries:
            return
        policy = queue.policy
        followers = queue.followers(entries)
        spent = [e for e in entries if policy.dead_letter_topic and e.attempts >= policy.max_attempts]
        again = entries
        try:
            if spent and await self._dead_letter(queue, spent):
                again = [entry for entry in entries if entry not in spent]
        finally:
            queue.give_back(again, self._context.clock.seconds(), followers)
        attempts = [(entry.message, entry.attempts) for entry in again]
        await self._context.db.write(store.save_attempts, queue.name, attempts)

    async def _dead_letter(self, queue: Queue, entries: list[Entry]) -> bool:
        """Forward to the dead-letter topic as the Pub/Sub agent; False where it lacks the topic or a permission."""
        context = self._context
        topic = queue.policy.dead_letter_topic
        agent = f"serviceAccount:{agent_of(context, 'pubsub', queue.name)}"
        if (
            context.resources.get(TOPICS, topic) is None
            or not context.policies.allows(agent, "pubsub.topics.publish", topic)
            or not context.policies.allows(agent, "pubsub.subscriptions.consume", queue.name)
        ):
            return False
        messages = store.load(context, [entry.message for entry in entries])
        if None in messages.values():
            return False  # their key's version is closed
        project, name = queue.name.split("/")[1], queue.name.rsplit("/", 1)[-1]
        forwarded = []
        for entry in entries:
            message = messages.get(entry.message)
            if message is not None:
                attributes = {
                    **message.attributes,
                    "CloudPubSubDeadLetterSourceSubscription": name,
                    "CloudPubSubDeadLetterSourceSubscriptionProject": project,
                    "CloudPubSubDeadLetterSourceDeliveryCount": str(entry.attempts),
                    "CloudPubSubDeadLetterSourceTopicPublishTime": stamp(message.published, "+00:00"),
                }
                forwarded.append(NewMessage(message.data, attributes, message.ordering_key))

        def step(tx: sqlite3.Connection) -> None:
            self.publish_in(tx, topic, forwarded)
            store.acknowledge(tx, queue.name, [entry.message for entry in entries], queue.policy.retains)

        await context.db.write(step)
        return True

    # time

    async def run(self) -> None:
        """Let leases run out, until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = self._context.clock.seconds()
            for queue in list(self._queues.values()):
                await self._attempt(self._tick(queue, now))

    async def _tick(self, queue: Queue, now: float) -> None:
        await self._give_back(queue, queue.tick(now))

    async def _attempt(self, step: Awaitable[None]) -> None:
        try:
            await step
        except Exception:  # noqa: BLE001  the clock goes on for all other subscriptions
            _log.exception("Pub/Sub's clock: a step failed")


def broker(context: Context) -> Broker:
    """The broker of that emulator."""
    found: Broker = context.extensions[_BROKERS]
    return found


def install(context: Context) -> Broker:
    """Make the emulator's broker, at its start."""
    made = Broker(context)
    context.extensions[_BROKERS] = made
    return made


def policy_of(body: dict[str, Any]) -> Policy:
    """The delivery policy that a subscription's configuration describes."""
    retry = body.get("retryPolicy")
    if retry is None and (body.get("bigqueryConfig") or body.get("cloudStorageConfig")):
        retry = _EXPORT_RETRY
    dead = body.get("deadLetterPolicy") or {}
    return Policy(
        ack_deadline=float(body.get("ackDeadlineSeconds") or 10),
        ordered=bool(body.get("enableMessageOrdering")),
        minimum_backoff=seconds(retry.get("minimumBackoff"), 10.0) if retry is not None else 0.0,
        maximum_backoff=seconds(retry.get("maximumBackoff"), 600.0) if retry is not None else 600.0,
        dead_letter_topic=dead.get("deadLetterTopic", ""),
        exactly_once=bool(body.get("enableExactlyOnceDelivery")),
        retains=bool(body.get("retainAckedMessages")),
        max_attempts=int(dead.get("maxDeliveryAttempts") or 5) if dead else 0,
    )


def seconds(text: str | None, default: float) -> float:
    """A protobuf duration in JSON ("604800s") as seconds."""
    if not text:
        return default
    if not _DURATION.fullmatch(text):
        raise invalid_argument(f'Invalid duration "{text[:40]}": write seconds followed by s, such as 600s.')
    return float(text[:-1])


def check_duration(body: dict[str, Any], path: str, least: float, most: float) -> None:
    """A 400 for a duration at that path (dotted) which is none, or out of bounds; absent is right."""
    value: Any = body
    for part in path.split("."):
        value = value.get(part) if value else None
    if value and not least <= seconds(value, least) <= most:
        raise invalid_argument(f'Invalid {path} "{value}": it is from {least:.0f}s to {most:.0f}s.')
