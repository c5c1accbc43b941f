"""What became of messages, as Pub/Sub is told of it (Cloud Healthcare: HL7v2 Pub/Sub notifications)."""

from dataclasses import dataclass
from datetime import tzinfo

import orjson

from emulator.services.healthcare.hl7v2 import filters
from emulator.services.healthcare.hl7v2.filters import Facts
from emulator.services.healthcare.hl7v2.stored import Row
from emulator.services.healthcare.stores.kind import Message, NotificationConfig


@dataclass(frozen=True, slots=True)
class Change:
    """A message that a client created or ingested, and its patients' ids by value and type."""

    row: Row
    patients: frozenset[tuple[str, str]]
    zone: tzinfo
    """Of the dataset."""
    ingested: bool


def message(store: str, config: NotificationConfig, change: Change) -> Message | None:
    """The notification of a change: the message's name, where the config's filter is for it.

    What was created is marked, so that an adapter sends it out (Cloud Healthcare: "Transmitting HL7v2 messages over
    TCP/IP connections"; GoogleCloudPlatform/mllp: legacy_publish_attribute).
    """
    if not config.older and not _keeps(config, change):
        return None
    attributes = {"msgType": change.row.type, **({} if change.ingested else {"publish": "true"})}
    return f"{store}/messages/{change.row.id}".encode(), attributes


def _keeps(config: NotificationConfig, change: Change) -> bool:
    return filters.compiled(config.settings.get("filter") or "", change.zone).holds(_facts(change))


def _facts(change: Change) -> Facts:
    row = change.row
    labels = orjson.loads(row.state.labels)
    return Facts(row.type, row.facility, row.sent, row.state.created, change.patients, labels)
