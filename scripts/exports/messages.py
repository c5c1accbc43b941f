"""Exports of HL7v2 stores: to a bucket, a message a line, or their names to a topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.exports.export import HL7V2, Export

if TYPE_CHECKING:
    from infra.outputs import Hl7v2StoreOutputs

FULL = "FULL"
"""All of a message: its bytes and what they were parsed to (hl7V2Stores.export: messageView)."""


def to_bucket(store: Hl7v2StoreOutputs, uri: str, view: str = FULL) -> Export:
    """The export of a store to a prefix, gs://BUCKET/PREFIX/; `view` is Google's, how much of each message."""
    destination = {"uriPrefix": uri, "contentStructure": "MESSAGE_JSON", "messageView": view}
    return Export(HL7V2, store.name, uri, {"gcsDestination": destination})


def to_topic(store: Hl7v2StoreOutputs, topic: str) -> Export:
    """The export of the names of a store's messages to a topic, projects/PROJECT/topics/TOPIC."""
    return Export(HL7V2, store.name, topic, {"pubsubDestination": {"pubsubTopic": topic}})
