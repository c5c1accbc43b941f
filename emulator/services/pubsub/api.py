"""What other services call in-process: publish in their own transaction."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from emulator.services.pubsub.broker import TOPICS, broker
from emulator.services.pubsub.store import NewMessage

if TYPE_CHECKING:
    from emulator.context import Context

Messages = list[tuple[bytes, dict[str, str]]]


def publish_in(tx: sqlite3.Connection, context: Context, topic: str, messages: Messages) -> list[int]:
    """Publish (data, attributes) in the caller's transaction; a 404 where the topic is gone."""
    return broker(context).publish_in(tx, topic, [NewMessage(data, attributes) for data, attributes in messages])


async def publish(context: Context, topic: str, messages: Messages) -> list[int]:
    """Publish (data, attributes), durable on return."""
    return await broker(context).publish(topic, [NewMessage(data, attributes) for data, attributes in messages])


def topic_exists(context: Context, topic: str) -> bool:
    """Whether there is a topic of that name."""
    return context.resources.get(TOPICS, topic) is not None
