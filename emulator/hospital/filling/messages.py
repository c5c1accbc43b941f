"""The hospital's HL7v2 messages, one call each; labels say which they are, so that none is sent twice."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from emulator.hospital.filling.target import Target
from emulator.hospital.messages import Message, messages
from emulator.hospital.story import Story

_HOSPITAL, _MESSAGE = "hospital", "hospital-message"


def store(target: Target, told: Iterable[Story]) -> int:
    """Store the messages that the store lacks, in the order in which they were sent; how many."""
    api, seed = target.api, target.seed
    path = f"/v1/{target.places.hl7v2}/messages"
    ours = f'labels.{_HOSPITAL}="seed-{seed}"'
    # The shortest view that has labels.
    found = api.pages(f"{path}?view=SCHEMATIZED_ONLY&filter={ours}", "hl7V2Messages")
    there = {each["labels"][_MESSAGE] for each in found}

    def send(message: Message) -> None:
        labels = {_HOSPITAL: f"seed-{seed}", _MESSAGE: message.id.lower()}
        data = base64.b64encode(message.data).decode()
        api.call("POST", path, {"message": {"data": data, "labels": labels}})

    sent = (each for story in told for each in messages(story))
    return api.for_each(send, target.storing(each for each in sent if each.id.lower() not in there))
