"""What ends by time: messages past their retention, snapshots past their expiry, subscriptions that nobody uses."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from emulator.services.pubsub import store
from emulator.services.pubsub.broker import DEFAULT_RETENTION, SUBSCRIPTIONS, TOPICS, broker, seconds
from emulator.services.pubsub.methods import SNAPSHOTS, end_subscription

if TYPE_CHECKING:
    from emulator.context import Context
    from emulator.state.resources import Resource

TICK_SECONDS = 60.0
Step = Callable[["Context", str, float], Awaitable[None]]
_log = logging.getLogger("emulator")


async def run(context: Context) -> None:
    """End what has its time behind it, every minute until cancelled."""
    while True:
        await tick(context)
        await asyncio.sleep(TICK_SECONDS)


async def tick(context: Context) -> None:
    """End what has its time behind it now; what fails is passed over and logged."""
    now = context.clock.seconds()
    steps: list[tuple[Step, str]] = [(_drop_messages, holder) for holder in store.holders(context)]
    steps += [(_end_snapshot, name) for name in _names(context, SNAPSHOTS)]
    steps += [(_end_unused, name) for name in _names(context, SUBSCRIPTIONS)]
    for step, name in steps:
        try:
            await step(context, name, now)
        except Exception:  # noqa: BLE001  the others go on
            _log.exception("Pub/Sub's clock: a step failed")


def _names(context: Context, kind: str) -> list[str]:
    return [row["name"] for row in context.db.all("SELECT name FROM resources WHERE kind = ?", (kind,))]


async def _drop_messages(context: Context, holder: str, now: float) -> None:
    """Drop what a subscription or topic has kept for as long as it is to; a snapshot keeps its messages to its end."""
    if "/snapshots/" in holder:
        return
    kind = TOPICS if "/topics/" in holder else SUBSCRIPTIONS
    found = context.resources.get(kind, store.subscription_of(holder))
    if found is None:
        return
    kept = seconds(found.body.get("messageRetentionDuration"), DEFAULT_RETENTION)
    ids = await context.db.write(store.expired, holder, now - kept)
    broker(context).drop(holder, set(ids))


async def _end_snapshot(context: Context, name: str, now: float) -> None:
    snapshot = context.resources.get(SNAPSHOTS, name)
    if snapshot is None or dt.datetime.fromisoformat(snapshot.body["expireTime"]).timestamp() > now:
        return

    def step(tx: sqlite3.Connection) -> None:
        store.forget_holder(tx, name)
        context.resources.delete_tree(tx, name)

    await context.db.write(step)


async def _end_unused(context: Context, name: str, now: float) -> None:
    """End a subscription that nobody has used for as long as its expiration policy says."""
    subscription = context.resources.get(SUBSCRIPTIONS, name)
    if subscription is None or now < _expiry(context, subscription):
        return

    def step(tx: sqlite3.Connection) -> None:
        end_subscription(context, tx, subscription)
        context.resources.delete_tree(tx, name)

    await context.db.write(step)
    _log.info("%s has expired: nobody has used it for %s", name, subscription.body["expirationPolicy"]["ttl"])


def _expiry(context: Context, subscription: Resource) -> float:
    """When a subscription expires if nobody uses it from now on, in seconds since 1970; never without a ttl."""
    ttl = (subscription.body.get("expirationPolicy") or {}).get("ttl")
    if not ttl:
        return float("inf")
    changed = dt.datetime.fromisoformat(subscription.updated).timestamp()
    return max(changed, broker(context).last_use(subscription.name)) + seconds(ttl, 0.0)
