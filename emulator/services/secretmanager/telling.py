"""What a secret's topics are told of it (Secret Manager: "Event notifications for secrets")."""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING, Any

import orjson

from emulator.errors import failed_precondition
from emulator.services.pubsub import api as pubsub
from emulator.services.secretmanager.names import secret_of, shown
from emulator.services.serviceusage.catalogue import agent_of
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_log = logging.getLogger("emulator")


def tell(
    context: Context, tx: sqlite3.Connection, secret: Resource, event: str, view: dict[str, Any], **more: str
) -> None:
    """Publish an event of a secret or one of its versions (`view`), in the caller's write.

    A topic that is gone, or closed to Secret Manager's agent, loses the message.
    """
    for topic in secret.body.get("topics", []):
        problem = _publish(context, tx, secret, topic["name"], _attributes(context, event, view, **more), view)
        if problem:
            _log.warning("an event of %s was not published: %s", secret.name, problem)


def require_topics(context: Context, tx: sqlite3.Connection, secret: Resource, before: list[dict[str, Any]]) -> None:
    """Tell topics that are new that they are configured; a 400 where Secret Manager's agent may not."""
    for topic in secret.body.get("topics", []):
        if topic not in before:
            attributes = _attributes(context, "TOPIC_CONFIGURED", {"name": shown(secret.name)})
            if problem := _publish(context, tx, secret, topic["name"], attributes, {}):
                raise failed_precondition(f"Secret Manager can't publish to {topic['name']}: {problem}")


def _publish(
    context: Context,
    tx: sqlite3.Connection,
    secret: Resource,
    topic: str,
    attributes: dict[str, str],
    view: dict[str, Any],
) -> str:
    """Publish a message; "" or why that failed."""
    agent = f"serviceAccount:{agent_of(context, 'secretmanager', secret.name)}"
    problem = pubsub.publish_as(tx, context, agent, topic, [(orjson.dumps(view), attributes)])
    return "" if problem is None else f"{problem.message} ({agent})"


def _attributes(context: Context, event: str, view: dict[str, Any], **more: str) -> dict[str, str]:
    name = view["name"]
    version = {"versionId": name} if "/versions/" in name else {}
    times = {"dataFormat": "JSON_API_V1", "timestamp": context.clock.stamp()}
    return {"eventType": event, "secretId": secret_of(name), **version, **times, **more}
