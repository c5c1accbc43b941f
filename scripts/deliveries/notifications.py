"""Notifications of the stores: the Healthcare API's agent publishes them, and logs what it could not publish."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from scripts.checks import Check
from scripts.connection import Connection
from scripts.deliveries.entries import newest
from scripts.deliveries.failing import granted_since
from scripts.denied import Denied
from scripts.errors import CommandError, one_line

_PERMISSION_DENIED = 7  # google.rpc.Code


def checks(target: Connection, hours: float) -> Iterator[Check]:
    """One check for each topic that stores tell."""
    outputs = target.outputs
    research = outputs.research.topic if outputs.research else None
    for topic in (outputs.dicom_topic, outputs.fhir_topic, outputs.hl7v2_topic, research):
        if topic:
            yield Check(f"notifications to {topic.rpartition('/')[2]}", partial(_published, target, topic, hours))


def _published(target: Connection, topic: str, hours: float) -> str:
    """Whether the log tells of a notification that is not in a topic (Cloud Healthcare: "View error logs")."""
    wanted = f'logName:"healthcare.googleapis.com" AND severity>=ERROR AND jsonPayload.source="{topic}"'
    entry = newest(target, wanted, hours)
    if entry is None:
        return "none was lost"
    lost = f"Notifications were lost, the last one at {entry['timestamp']}"
    error = entry.get("jsonPayload", {}).get("error", {})
    if error.get("code") != _PERMISSION_DENIED:
        raise CommandError(f"{lost}: {one_line(str(error.get('message', 'no reason given')))}.")
    return granted_since(target, Denied("pubsub.topics.publish", topic, target.outputs.healthcare_agent_email), lost)
