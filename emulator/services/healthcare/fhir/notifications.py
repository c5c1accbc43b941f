"""What became of a resource, as Pub/Sub is told of it (Cloud Healthcare: FHIR Pub/Sub notifications)."""

from datetime import UTC, datetime

from emulator.errors import ApiError
from emulator.fhir import parsing
from emulator.services.healthcare.fhir.keeping import Change
from emulator.services.healthcare.fhir.stored import Version
from emulator.services.healthcare.notifications import time_of
from emulator.services.healthcare.stores.kind import Json, Message, NotificationConfig

LARGEST = 9_000_000
"""Bytes of a resource that is sent whole: a message of Pub/Sub takes 10 MB with its attributes."""
_ACTIONS = {"POST": "CreateResource", "PUT": "UpdateResource", "PATCH": "PatchResource", "DELETE": "DeleteResource"}


def message(store: str, config: NotificationConfig, change: Change) -> Message:
    """The notification of a change: the resource's name, or the resource where the settings want it and it fits."""
    whole = _whole(config.settings, change)
    after = change.after
    attributes = {
        "action": "CreateResource" if after.method == "PUT" and change.created else _ACTIONS[after.method],
        "lastUpdatedTime": time_of(datetime.fromtimestamp(after.at // 1_000_000, UTC)),
        "payloadType": "NameOnly" if whole is None else "FullResource",
        "resourceType": after.type,
        "storeName": store,
        "versionId": after.version_id,
    }
    return f"{store}/fhir/{after.relative}".encode() if whole is None else whole, attributes


def _whole(settings: Json, change: Change) -> bytes | None:
    """The resource that is to be sent: as it is now, or as it was before a deletion; None where it is not.

    Indented as an answer is, which the data of the message on Google's page are, too.
    """
    shown: Version | None = change.after
    wanted = settings.get("sendFullResource")
    if change.after.deleted:
        shown, wanted = change.before, settings.get("sendPreviousResourceOnDelete")
    if not wanted or shown is None or shown.blob:
        return None
    try:
        body = shown.body
    except ApiError:  # its version of the key is closed: that does not keep it from being deleted
        return None
    return parsing.indented(body) if len(body) <= LARGEST else None
