"""Snapshots, and seeking to one or to a time (Pub/Sub: "Replay and purge messages with seek").

A snapshot keeps its messages as a subscription does: what the subscription had to deliver when it was made, and all
that its topic gets from then on.
"""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.errors import failed_precondition, invalid_argument
from emulator.gateway import paging, validation
from emulator.gateway.collections import Collection, create, crud, update
from emulator.gateway.request import Answer, Request
from emulator.services.pubsub import store
from emulator.services.pubsub.broker import SUBSCRIPTIONS, TOPICS, broker
from emulator.services.pubsub.methods import SNAPSHOTS as KIND
from emulator.services.pubsub.service import SERVICE
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Body = dict[str, Any]
PREFIX = "pubsub.projects.snapshots"
LONGEST = 7 * 86400  # seconds
SHORTEST = 3600
_CONSUME = "pubsub.subscriptions.consume"


def _subscription(request: Request, body: Body) -> Resource:
    """The subscription that a new snapshot is of, from which the caller must be allowed to consume."""
    name = body.get("subscription", "")
    if not name:
        raise invalid_argument("subscription is required: projects/PROJECT/subscriptions/SUBSCRIPTION.")
    request.require(_CONSUME, name)
    found = request.context.resources.require(SUBSCRIPTIONS, name)
    if found.body.get("detached"):
        raise failed_precondition("The subscription is detached from its topic: it has no messages.")
    return found


def _expiry(context: Context, subscription: str) -> str:
    """When a new snapshot expires: seven days less the age of the oldest message; a 400 where that is too soon."""
    now = context.clock.seconds()
    oldest = store.oldest(context, subscription)
    left = LONGEST - (now - oldest if oldest else 0.0)
    if left < SHORTEST:
        raise failed_precondition("The snapshot would expire in less than an hour: its oldest message is too old.")
    return _stamp(now + left)


def _stamp(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _prepare_update(request: Request, old: Resource, body: Body) -> Body:
    """Labels change, and the expiry within its bounds."""
    if body.get("expireTime") != old.body["expireTime"]:
        now = request.context.clock.seconds()
        wanted = _seconds(body.get("expireTime", ""))
        if not now < wanted <= now + LONGEST:
            raise invalid_argument("Invalid expireTime: it is from now to seven days from now.")
        body["expireTime"] = _stamp(wanted)
    return body


def _seconds(text: str) -> float:
    try:
        return dt.datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise invalid_argument(f'"{text[:60]}" is not a time such as 2026-01-31T12:00:00Z.') from None


def _after_delete(_context: Context, tx: sqlite3.Connection, snapshot: Resource) -> None:
    store.forget_holder(tx, snapshot.name)


SNAPSHOTS = Collection(
    kind=KIND,
    segment="snapshots",
    immutable=frozenset(("topic",)),
    prepare_update=_prepare_update,
    after_delete=_after_delete,
)
crud(SERVICE, SNAPSHOTS, PREFIX, ("get", "list", "delete", "getIamPolicy", "setIamPolicy", "testIamPermissions"))
_ID = re.compile(r"(?!goog)[A-Za-z][\w.~+%-]{2,254}")


@SERVICE.handles(f"{PREFIX}.create", on=lambda request: request.name.rsplit("/", 2)[0])
async def create_snapshot(request: Request) -> Answer:
    """Keep what a subscription has to deliver now, and what its topic gets from now on."""
    if not _ID.fullmatch(request.name.rsplit("/", 1)[-1]):
        raise invalid_argument(f"Invalid resource name given (name={request.name[:200]}).")
    subscription = _subscription(request, request.body or {})
    expiry = _expiry(request.context, subscription.name)

    def prepare(_request: Request, body: Body) -> Body:
        labels = {"labels": body["labels"]} if body.get("labels") else {}
        return {"topic": subscription.body["topic"], "expireTime": expiry, **labels}

    def keep(_context: Context, tx: sqlite3.Connection, snapshot: Resource) -> None:
        store.copy_backlog(tx, subscription.name, snapshot.name)
        store.link(tx, snapshot.body["topic"], snapshot.name, "")

    collection = Collection(kind=KIND, segment="snapshots", prepare=prepare, after_create=keep)
    return SNAPSHOTS.view(await create(collection, request))


@SERVICE.handles(f"{PREFIX}.patch")
async def patch_snapshot(request: Request) -> Answer:
    """Change labels or the expiry of a snapshot."""
    body = request.body or {}
    text = body.get("updateMask")
    if not text:
        raise invalid_argument("The update_mask in the request must be set and must contain a valid path.")
    mask = validation.field_mask(text)
    for path in mask:
        if path.partition(".")[0] not in ("labels", "expireTime"):
            raise validation.unknown_mask(path)
    return SNAPSHOTS.view(await update(SNAPSHOTS, request, body.get("snapshot") or {}, mask))


@SERVICE.handles(
    "pubsub.projects.topics.snapshots.list", permission="pubsub.topics.get", on=lambda request: request.path["topic"]
)
async def list_topic_snapshots(request: Request) -> Answer:
    """Names of a topic's snapshots."""
    topic = request.path["topic"]
    request.context.resources.require(TOPICS, topic)
    names = store.linked(request.context, topic, "/snapshots/")
    page, following = paging.cut(names, paging.asked(request.query, 100, 1000))
    answer: Body = {"snapshots": page} if page else {}
    return {**answer, "nextPageToken": following} if following else answer


@SERVICE.handles(
    "pubsub.projects.subscriptions.seek", permission=_CONSUME, on=lambda request: request.path["subscription"]
)
async def seek(request: Request) -> Answer:
    """Mark a subscription's messages delivered or not, as a snapshot has them or by their time of publication."""
    context, body = request.context, request.body or {}
    name = request.path["subscription"]
    if bool(body.get("time")) == bool(body.get("snapshot")):
        raise invalid_argument("Invalid seek: give either time or snapshot.")
    since = _seconds(body["time"]) if body.get("time") else None
    snapshot = body.get("snapshot", "")
    if snapshot:
        request.require("pubsub.snapshots.seek", snapshot)

    def step(tx: sqlite3.Connection) -> None:
        subscription = context.resources.require(SUBSCRIPTIONS, name, tx)
        if subscription.body.get("detached"):
            raise failed_precondition("The subscription is detached from its topic: it has no messages.")
        if since is None:
            topic = context.resources.require(KIND, snapshot, tx).body["topic"]
            if topic != subscription.body["topic"]:
                raise invalid_argument("The snapshot's topic must be the same as that of the subscription.")
            due = store.held(tx, [snapshot])
        else:
            holders = [name, store.acknowledged_of(name), subscription.body["topic"]]
            due = store.held(tx, holders, since)
        retains = bool(subscription.body.get("retainAckedMessages"))
        store.replace_backlog(context, tx, name, due, subscription.body.get("filter", ""), retains)
        broker(context).reset_in(tx, name)

    await context.db.write(step)
    return {}
