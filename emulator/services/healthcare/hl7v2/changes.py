"""What became of messages, as Pub/Sub is told of it (Cloud Healthcare: HL7v2 Pub/Sub notifications)."""

from dataclasses import dataclass
from datetime import tzinfo

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


def message(store: str, _config: NotificationConfig, change: Change) -> Message | None:
    """The notification of a change: the message's name."""
    return f"{store}/messages/{change.row.id}".encode(), {"msgType": change.row.type}
