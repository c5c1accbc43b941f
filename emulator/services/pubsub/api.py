"""What other services call in-process: publish in their own transaction."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from emulator.errors import ApiError, permission_denied
from emulator.services.pubsub.broker import TOPICS, broker
from emulator.services.pubsub.store import NewMessage

if TYPE_CHECKING:
    from emulator.context import Context

PUBLISH = "pubsub.topics.publish"
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


def publish_as(
    tx: sqlite3.Connection, context: Context, principal: str, topic: str, messages: Messages
) -> ApiError | None:
    """Publish (data, attributes) in the caller's transaction as far as `principal` may; else give the reason.

    What a service tells of a change goes with the change: a topic that is gone, closed to the service's agent, or whose
    schema does not allow the messages, loses them, and the change itself is made.
    """
    if context.resources.get(TOPICS, topic, tx) is not None and not context.policies.allows(principal, PUBLISH, topic):
        return permission_denied(
            f"User not authorized to perform this action on topic {topic}; grant roles/pubsub.publisher."
        )
    try:
        publish_in(tx, context, topic, messages)
    except ApiError as problem:
        return problem
    return None
