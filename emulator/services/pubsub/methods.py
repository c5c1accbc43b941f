"""Topics, subscriptions and messages over REST."""

from __future__ import annotations

import base64
import re
import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.access.hierarchy import by_id
from emulator.errors import invalid_argument, not_found, not_implemented
from emulator.gateway import paging, validation
from emulator.gateway.collections import Collection, create, crud, update
from emulator.gateway.request import Answer, Request
from emulator.services.pubsub import destinations, keys, store
from emulator.services.pubsub.broker import SUBSCRIPTIONS, TOPICS, broker, check_duration, policy_of, seconds
from emulator.services.pubsub.delivery.workers import workers
from emulator.services.pubsub.filters import compile_filter
from emulator.services.pubsub.messages import stamp
from emulator.services.pubsub.queues import TAKE_LIMIT, Lease
from emulator.services.pubsub.schemas import check_settings
from emulator.services.pubsub.service import SERVICE
from emulator.services.pubsub.store import Message, NewMessage
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Body = dict[str, Any]
TOPIC = "pubsub.projects.topics"
SUBSCRIPTION = "pubsub.projects.subscriptions"
ID = re.compile(r"(?!goog)[A-Za-z][\w.~+%-]{2,254}")
DELETED_TOPIC = "_deleted-topic_"
INVALID_ACK_ID = "PERMANENT_FAILURE_INVALID_ACK_ID"
PULL_SECONDS = 3.0
_NOT_EMULATED = ("messageTransforms", "bigtableConfig", "ingestionDataSourceSettings", "tags")
DAY = 86400
RETENTION = 600, 31 * DAY
SNAPSHOTS = "pubsub.snapshots"
_RETENTION, _TOPIC_RETENTION = "messageRetentionDuration", "topicMessageRetentionDuration"
LONGEST = 315_576_000_000  # google.protobuf.Duration ends there


def _check_id(name: str) -> None:
    if not ID.fullmatch(name.rsplit("/", 1)[-1]):
        raise invalid_argument(
            f"Invalid resource name given (name={name[:200]}): an id starts with a letter, has 3 to 255 letters, "
            "digits and -_.~+%, and does not start with goog."
        )


def _check_emulated(body: Body) -> None:
    """Raise a 501 for what would change or move messages and is not emulated, instead of leaving it out."""
    for key in _NOT_EMULATED:
        if body.get(key):
            raise not_implemented(f"{key} is not emulated.")


def prepare_topic(request: Request, body: Body) -> Body:
    """A new topic's stored body."""
    _check_id(request.name)
    _check_emulated(body)
    check_duration(body, "messageRetentionDuration", *RETENTION)
    check_settings(request, body)
    _check_key(request, body)
    return {**body, "state": "ACTIVE"}


def _check_key(request: Request, body: Body) -> None:
    """A topic's key must be one with which Pub/Sub's agent can encrypt (Pub/Sub: customer-managed keys)."""
    if key := body.get("kmsKeyName"):
        keys.require_usable(request.context, request.name, key)


def _update_topic(request: Request, old: Resource, body: Body) -> Body:
    _check_emulated(body)
    check_duration(body, "messageRetentionDuration", *RETENTION)
    if body.get("kmsKeyName") != old.body.get("kmsKeyName"):
        _check_key(request, body)
    if body.get("schemaSettings") != old.body.get("schemaSettings"):
        check_settings(request, body)
    return body


def _delete_topic(context: Context, tx: sqlite3.Connection, topic: Resource) -> None:
    context.db.after_commit(lambda: broker(context).forget_key(topic.name))
    store.unlink_topic(tx, topic.name)
    for row in tx.execute("SELECT kind, name FROM resources WHERE kind IN (?, ?)", (SUBSCRIPTIONS, SNAPSHOTS)):
        body = context.resources.require(row["kind"], row["name"], tx).body
        if body["topic"] == topic.name:
            context.resources.replace(tx, row["kind"], row["name"], {**body, "topic": DELETED_TOPIC})


def _retain(context: Context, tx: sqlite3.Connection, topic: Resource) -> None:
    """Keep a topic's messages as its retention says, and tell its subscriptions of it; its key may be another one."""
    context.db.after_commit(lambda: broker(context).forget_key(topic.name))
    kept = topic.body.get(_RETENTION)
    if kept:
        store.link(tx, topic.name, topic.name, "")
    else:
        store.forget_holder(tx, topic.name)
    for row in tx.execute("SELECT subscription FROM pubsub_links WHERE topic = ?", (topic.name,)).fetchall():
        found = context.resources.get(SUBSCRIPTIONS, row["subscription"], tx)
        if found is not None and found.body.get(_TOPIC_RETENTION) != kept:
            context.resources.replace(tx, SUBSCRIPTIONS, found.name, _with_retention(found.body, kept))


def _with_retention(body: Body, kept: str | None) -> Body:
    rest = {key: value for key, value in body.items() if key != _TOPIC_RETENTION}
    return {**rest, _TOPIC_RETENTION: kept} if kept else rest


TOPIC_COLLECTION = Collection(
    kind=TOPICS,
    segment="topics",
    prepare=prepare_topic,
    prepare_update=_update_topic,
    after_create=_retain,
    after_update=_retain,
    after_delete=_delete_topic,
)


def prepare_subscription(request: Request, body: Body) -> Body:
    """A new subscription's stored body: what Pub/Sub fills in where nothing was said."""
    _check_id(request.name)
    topic = body["topic"] = by_id(request.context, body.get("topic", ""))
    if not topic:
        raise invalid_argument("topic is required: projects/PROJECT/topics/TOPIC.")
    request.require("pubsub.topics.attachSubscription", topic)
    found = request.context.resources.get(TOPICS, topic)
    if found is None:
        raise not_found(f"Resource not found (resource={topic.rsplit('/', 1)[-1]}).")
    body = _with_retention(body, found.body.get(_RETENTION))
    body.pop("detached", None)
    body.setdefault("pushConfig", {})
    body["ackDeadlineSeconds"] = body.get("ackDeadlineSeconds") or 10
    body.setdefault("messageRetentionDuration", "604800s")
    body.setdefault("expirationPolicy", {"ttl": "2678400s"})
    _check_subscription(body)
    destinations.check(request.context, request.principal, request.name, body)
    return {**body, "state": "ACTIVE"}


def _check_subscription(body: Body) -> None:
    _check_emulated(body)
    if not 10 <= body["ackDeadlineSeconds"] <= 600:
        raise invalid_argument("Invalid ack deadline: ackDeadlineSeconds is from 10 to 600.")
    check_duration(body, "messageRetentionDuration", *RETENTION)
    check_duration(body, "expirationPolicy.ttl", DAY, LONGEST)
    ttl, kept = (body.get("expirationPolicy") or {}).get("ttl"), body["messageRetentionDuration"]
    if ttl and seconds(ttl, 0) < seconds(kept, 0):
        least = f"messageRetentionDuration, which is {kept}"
        raise invalid_argument(f'Invalid expirationPolicy.ttl "{ttl}": it is not shorter than {least}.')
    check_duration(body, "retryPolicy.minimumBackoff", 0, 600)
    check_duration(body, "retryPolicy.maximumBackoff", 0, 600)
    policy = policy_of(body)
    if policy.dead_letter_topic and not 5 <= policy.max_attempts <= 100:
        raise invalid_argument("Invalid dead letter policy: maxDeliveryAttempts is from 5 to 100.")
    destinations.check_form(body)
    if body.get("filter"):
        compile_filter(body["filter"])


def _create_subscription(context: Context, tx: sqlite3.Connection, subscription: Resource) -> None:
    store.link(tx, subscription.body["topic"], subscription.name, subscription.body.get("filter", ""))
    context.db.after_commit(lambda: workers(context).changed(subscription.name, subscription.body))


def _update_subscription(request: Request, old: Resource, body: Body) -> Body:
    body = _with_retention(body, old.body.get(_TOPIC_RETENTION))
    body["ackDeadlineSeconds"] = body.get("ackDeadlineSeconds") or 10
    body.setdefault("messageRetentionDuration", "604800s")
    body.setdefault("pushConfig", {})
    body.setdefault("expirationPolicy", {"ttl": "2678400s"})
    _check_subscription(body)
    destinations.check(request.context, request.principal, old.name, body, old.body)
    return body


def _after_update(context: Context, tx: sqlite3.Connection, subscription: Resource) -> None:
    if not subscription.body.get("retainAckedMessages"):
        store.forget_holder(tx, store.acknowledged_of(subscription.name))
    context.db.after_commit(lambda: broker(context).reconfigure(subscription.name, subscription.body))
    context.db.after_commit(lambda: workers(context).changed(subscription.name, subscription.body))


def end_subscription(context: Context, tx: sqlite3.Connection, subscription: Resource) -> None:
    """Forget a subscription's messages, and end their delivery."""
    store.forget_subscription(tx, subscription.name)
    context.db.after_commit(lambda: broker(context).forget(subscription.name))
    context.db.after_commit(lambda: workers(context).changed(subscription.name, None))


SUBSCRIPTION_COLLECTION = Collection(
    kind=SUBSCRIPTIONS,
    segment="subscriptions",
    immutable=frozenset(("topic", "filter", "enableMessageOrdering", "detached")),
    prepare=prepare_subscription,
    prepare_update=_update_subscription,
    after_create=_create_subscription,
    after_update=_after_update,
    after_delete=end_subscription,
)
SHARED = ("get", "list", "delete", "getIamPolicy", "setIamPolicy", "testIamPermissions")
crud(SERVICE, TOPIC_COLLECTION, TOPIC, SHARED)
crud(SERVICE, SUBSCRIPTION_COLLECTION, SUBSCRIPTION, SHARED)


def _project(request: Request) -> str:
    return _project_of(request.name)


def _project_of(name: str) -> str:
    return name.rsplit("/", 2)[0]


def _register_create_and_patch(collection: Collection, prefix: str, field: str) -> None:
    async def create_handler(request: Request) -> Answer:
        return collection.view(await create(collection, request))

    async def patch_handler(request: Request) -> Answer:
        body = request.body or {}
        text = body.get("updateMask")
        if not text:
            raise invalid_argument("The update_mask in the request must be set and must contain a valid path.")
        mask = validation.field_mask(text)
        known = request.method.document.schemas[field.capitalize()]["properties"]
        for path in mask:
            if path.partition(".")[0] not in known:
                raise validation.unknown_mask(path)
        return collection.view(await update(collection, request, body.get(field) or {}, mask))

    SERVICE.handles(f"{prefix}.create", on=_project)(create_handler)
    SERVICE.handles(f"{prefix}.patch")(patch_handler)


_register_create_and_patch(TOPIC_COLLECTION, TOPIC, "topic")
_register_create_and_patch(SUBSCRIPTION_COLLECTION, SUBSCRIPTION, "subscription")


def _path_topic(request: Request) -> str:
    return request.path["topic"]


def _path_subscription(request: Request) -> str:
    return request.path["subscription"]


@SERVICE.handles(f"{TOPIC}.publish", on=_path_topic)
async def publish(request: Request) -> Answer:
    """Publish messages, JSON's or those that a call of gRPC brought; returns their ids."""
    body = request.body or {}
    messages = body if isinstance(body, list) else [new_message(item) for item in body.get("messages", [])]
    ids = await broker(request.context).publish(request.path["topic"], messages)
    return {"messageIds": [str(i) for i in ids]}


def new_message(item: Body) -> NewMessage:
    """A PubsubMessage in JSON as a message."""
    data = base64.b64decode(item.get("data", ""))
    return NewMessage(data, item.get("attributes") or {}, item.get("orderingKey", ""))


@SERVICE.handles(f"{TOPIC}.subscriptions.list", permission="pubsub.topics.get", on=_path_topic)
async def list_subscriptions(request: Request) -> Answer:
    """Names of a topic's subscriptions."""
    topic = request.path["topic"]
    request.context.resources.require(TOPICS, topic)
    names = store.linked(request.context, topic, "/subscriptions/")
    page, following = paging.cut(names, paging.asked(request.query, 100, 1000))
    answer: Body = {"subscriptions": page} if page else {}
    return {**answer, "nextPageToken": following} if following else answer


@SERVICE.handles(f"{SUBSCRIPTION}.pull", permission="pubsub.subscriptions.consume", on=_path_subscription)
async def pull(request: Request) -> Answer:
    """Lease messages; waits a few seconds for the first unless returnImmediately."""
    body = request.body or {}
    limit = int(body.get("maxMessages") or 0)
    if limit <= 0:
        raise invalid_argument("maxMessages must be greater than 0.")
    name = request.path["subscription"]
    workers(request.context).require_pulled(name)
    wait = 0.0 if body.get("returnImmediately") else PULL_SECONDS
    taken = await broker(request.context).pull(name, min(limit, TAKE_LIMIT), wait)
    with_attempts = bool(broker(request.context).queue(name).policy.dead_letter_topic)
    return {"receivedMessages": [_received(lease, message, with_attempts) for lease, message in taken]} if taken else {}


def _received(lease: Lease, message: Message, with_attempts: bool) -> Body:
    shown: Body = {"messageId": str(message.id), "publishTime": stamp(message.published)}
    if message.data:
        shown["data"] = base64.b64encode(message.data).decode()
    if message.attributes:
        shown["attributes"] = message.attributes
    if message.ordering_key:
        shown["orderingKey"] = message.ordering_key
    answer: Body = {"ackId": lease.ack_id, "message": shown}
    if with_attempts:
        answer["deliveryAttempt"] = lease.entry.attempts
    return answer


@SERVICE.handles(f"{SUBSCRIPTION}.acknowledge", permission="pubsub.subscriptions.consume", on=_path_subscription)
async def acknowledge(request: Request) -> Answer:
    """Acknowledge messages, durably."""
    ack_ids = (request.body or {}).get("ackIds", [])
    if not ack_ids:
        raise invalid_argument("ackIds is required.")
    name = request.path["subscription"]
    require_held(request.context, name, await broker(request.context).acknowledge(name, ack_ids))
    return {}


@SERVICE.handles(f"{SUBSCRIPTION}.modifyAckDeadline", permission="pubsub.subscriptions.consume", on=_path_subscription)
async def modify_ack_deadline(request: Request) -> Answer:
    """Extend leases, or give messages back with 0 seconds."""
    body = request.body or {}
    seconds = int(body.get("ackDeadlineSeconds") or 0)
    if not 0 <= seconds <= 600:
        raise invalid_argument("ackDeadlineSeconds is from 0 to 600.")
    name = request.path["subscription"]
    ended = await broker(request.context).modify_deadline(name, body.get("ackIds", []), seconds)
    require_held(request.context, name, ended)
    return {}


def require_held(context: Context, subscription: str, ended: list[str]) -> None:
    """Raise a 400 that names the ids whose lease has ended, where the subscription delivers exactly once.

    What the other ids of the request asked for is done (Pub/Sub: "Exactly-once delivery"; AIP-193 ErrorInfo).
    """
    if not ended or not broker(context).queue(subscription).policy.exactly_once:
        return
    error = invalid_argument(
        "Some acknowledgement ids in the request were invalid. This could be because the acknowledgement ids have "
        "expired or the acknowledgement ids were malformed."
    )
    error.details = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "EXACTLY_ONCE_ACKID_FAILURE",
            "domain": "pubsub.googleapis.com",
            "metadata": dict.fromkeys(ended, INVALID_ACK_ID),
        }
    ]
    raise error


def _topic_of(request: Request) -> str:
    found = request.context.resources.get(SUBSCRIPTIONS, request.path["subscription"])
    return found.body["topic"] if found is not None else _project_of(request.path["subscription"])


@SERVICE.handles(f"{SUBSCRIPTION}.detach", permission="pubsub.topics.detachSubscription", on=_topic_of)
async def detach(request: Request) -> Answer:
    """Detach a subscription from its topic: it gets no messages any more, and loses those that it has."""
    context, name = request.context, request.path["subscription"]

    def step(tx: sqlite3.Connection) -> None:
        found = context.resources.require(SUBSCRIPTIONS, name, tx)
        context.resources.replace(tx, SUBSCRIPTIONS, name, {**found.body, "detached": True})
        end_subscription(context, tx, found)

    await context.db.write(step)
    return {}


@SERVICE.handles(f"{SUBSCRIPTION}.modifyPushConfig", permission="pubsub.subscriptions.update", on=_path_subscription)
async def modify_push_config(request: Request) -> Answer:
    """Replace the push configuration; an empty one makes it a pull subscription."""
    context = request.context
    name = request.path["subscription"]
    push = (request.body or {}).get("pushConfig") or {}

    def step(tx: sqlite3.Connection) -> None:
        body = context.resources.require(SUBSCRIPTIONS, name, tx).body
        destinations.check_form({**body, "pushConfig": push})
        destinations.check(context, request.principal, name, {"pushConfig": push}, body)
        _after_update(context, tx, context.resources.replace(tx, SUBSCRIPTIONS, name, {**body, "pushConfig": push}))

    await context.db.write(step)
    return {}
