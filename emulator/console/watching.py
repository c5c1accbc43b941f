"""Topics that are watched: a subscription of the console's own for each principal and topic, and what came by it.

It is made, pulled and deleted with the principal's rights. What was pulled is kept in memory, for that principal alone.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Sequence

from emulator.console.caller import Json, Refused
from emulator.console.visitor import Visitor

_WATCHED = "console.watched"
_KEPT = 200
_AT_ONCE = 1000
_DAY = "86400s"  # the shortest time after which Pub/Sub deletes a subscription that nobody uses


async def begin(visitor: Visitor, topic: str) -> None:
    """Make the subscription, unless it is there. Raises Refused."""
    lasting = {"messageRetentionDuration": _DAY, "expirationPolicy": {"ttl": _DAY}}
    body = {"topic": topic, "labels": {"made-by": "console"}, **lasting}
    try:
        await visitor.api.json("PUT", f"v1/{_subscription(visitor, topic)}", body=body)
    except Refused as refused:
        if refused.status != 409:
            raise
    _known(visitor).setdefault(_subscription(visitor, topic), deque(maxlen=_KEPT))


async def end(visitor: Visitor, topic: str) -> None:
    """Delete the subscription and forget what came by it. Raises Refused."""
    name = _subscription(visitor, topic)
    _known(visitor).pop(name, None)
    await visitor.api.json("DELETE", f"v1/{name}")


async def taken(visitor: Visitor, topic: str) -> Sequence[Json] | None:
    """The messages that came, the newest first; None where the topic is not watched. Raises Refused."""
    name = _subscription(visitor, topic)
    try:
        pulled = await visitor.api.json(
            "POST", f"v1/{name}:pull", body={"maxMessages": _AT_ONCE, "returnImmediately": True}
        )
    except Refused as refused:
        if refused.status not in (403, 404):
            raise
        _known(visitor).pop(name, None)
        return None
    received = pulled.get("receivedMessages", [])
    kept = _known(visitor).setdefault(name, deque(maxlen=_KEPT))
    kept.extendleft(each["message"] for each in received)
    if received:
        ids = [each["ackId"] for each in received]
        await visitor.api.json("POST", f"v1/{name}:acknowledge", body={"ackIds": ids})
    return list(kept)


def _subscription(visitor: Visitor, topic: str) -> str:
    """The subscription's name: the same after a restart, another one for each principal."""
    digest = hashlib.sha256(f"{visitor.principal} {topic}".encode()).hexdigest()[:16]
    return f"{topic.partition('/topics/')[0]}/subscriptions/console-{digest}"


def _known(visitor: Visitor) -> dict[str, deque[Json]]:
    known: dict[str, deque[Json]] = visitor.context.extensions.setdefault(_WATCHED, {})
    return known
