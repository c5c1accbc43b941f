"""Notifications: kept with the incident's change, then published to topics and posted to this machine's webhooks.

Nothing is sent by mail, as text messages, or to another machine: what would have been is noted with the incident and
said in the emulator's log.
"""

from __future__ import annotations

import base64
import logging
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from emulator.outgoing import RefusedEndpoint, endpoint_of, post
from emulator.services.monitoring.service import CHANNELS, SERVICE
from emulator.services.pubsub import api as pubsub
from emulator.services.serviceusage.catalogue import agent_email
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

NOTIFICATIONS = "monitoring.notifications"
DELIVERED, KEPT, FAILED = "DELIVERED", "KEPT", "FAILED"
ANSWER_SECONDS = 20.0
_log = logging.getLogger("emulator")


def notify_in(tx: sqlite3.Connection, context: Context, channels: Sequence[str], message: dict[str, Any]) -> None:
    """Tell channels of an incident, in the caller's write; a channel that is gone or disabled is told nothing."""
    payload = orjson.dumps(message)
    for name in channels:
        channel = context.resources.get(CHANNELS, name, tx)
        if channel is not None and channel.body.get("enabled", True):
            context.outbox.put_in(tx, NOTIFICATIONS, name, [payload])


@SERVICE.delivers(NOTIFICATIONS)
async def deliver(context: Context, destination: str, payloads: Sequence[bytes]) -> None:
    """Send notifications to a channel, each once; how that went is noted with the incident."""
    channel = context.resources.get(CHANNELS, destination)
    for payload in payloads if channel is not None else ():
        assert channel is not None
        outcome, said = await _send(context, channel, payload)
        incident = orjson.loads(payload)["incident"]
        if outcome != DELIVERED:
            _log.warning("incident %s: %s, %s: %s", incident["incident_id"], destination, outcome.lower(), said)
        note = {
            "channel": destination,
            "type": channel.body["type"],
            "incidentState": incident["state"].upper(),
            "time": context.clock.stamp(),
            "outcome": outcome,
            "detail": said,
        }
        await context.db.write(_note, incident["incident_id"], note)


def _note(tx: sqlite3.Connection, incident: str, note: dict[str, str]) -> None:
    row = tx.execute("SELECT body FROM incidents WHERE id = ?", (incident,)).fetchone()
    if row is not None:
        body = orjson.loads(row["body"])
        body.setdefault("notifications", []).append(note)
        tx.execute("UPDATE incidents SET body = ? WHERE id = ?", (orjson.dumps(body), incident))


async def _send(context: Context, channel: Resource, payload: bytes) -> tuple[str, str]:
    """How one notification went: an outcome, and a sentence."""
    kind, labels = channel.body["type"], channel.body.get("labels", {})
    if kind == "pubsub":
        return await _publish(context, channel, labels["topic"], payload)
    if kind.startswith("webhook_"):
        return await _post(context, labels, payload)
    return KEPT, f"The emulator sends nothing of the type {kind}."


async def _publish(context: Context, channel: Resource, topic: str, payload: bytes) -> tuple[str, str]:
    agent = f"serviceAccount:{agent_email('monitoring', channel.name.split('/')[1])}"

    def step(tx: sqlite3.Connection) -> str:
        problem = pubsub.publish_as(tx, context, agent, topic, [(payload, {})])
        return "" if problem is None else f"{problem.message} ({agent})"

    problem = await context.db.write(step)
    return (FAILED, problem) if problem else (DELIVERED, "The message was published.")


async def _post(context: Context, labels: dict[str, str], payload: bytes) -> tuple[str, str]:
    settings = context.settings
    own = settings.ports
    headers = {"Content-Type": "application/json", "User-Agent": "Google-Alerts"}
    if "username" in labels:
        pair = f"{labels['username']}:{labels.get('password', '')}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    try:
        status = await post(endpoint_of(labels["url"], own), headers, payload, ANSWER_SECONDS)
    except RefusedEndpoint as problem:
        return KEPT, str(problem)
    except (OSError, TimeoutError, ValueError):
        return FAILED, "The webhook did not answer."
    said = f"The webhook answered {status}."
    return (DELIVERED, said) if 200 <= status < 300 else (FAILED, said)
