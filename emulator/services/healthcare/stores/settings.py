"""The settings that datasets and all kinds of store have: labels, and topics of notifications."""

import re

from emulator.errors import invalid_argument
from emulator.services.healthcare.stores.kind import Json, NotificationConfig

MAX_LABELS = 64
_TOPIC = re.compile(r"projects/[^/]+/topics/[^/]+")


def check(body: Json) -> None:
    """Raise 400 for labels or topics that Google refuses."""
    check_labels(body)
    for config in notification_configs(body):
        check_topic(config.topic)


def check_topic(name: str) -> None:
    """Raise 400 for what is no topic's name."""
    if not _TOPIC.fullmatch(name):
        raise invalid_argument(f'Invalid pubsubTopic "{name}": it must be projects/PROJECT/topics/TOPIC.')


def check_one_of_both(body: Json) -> None:
    """Raise 400 for topics in the older and in the newer field at once."""
    if (body.get("notificationConfig") or {}).get("pubsubTopic") and body.get("notificationConfigs"):
        raise invalid_argument("Only one of notificationConfig and notificationConfigs can be set.")


def check_labels(body: Json) -> None:
    """Raise 400 for too many labels, or ones that are too long."""
    labels = body.get("labels") or {}
    if len(labels) > MAX_LABELS:
        raise invalid_argument(f"labels has {len(labels)} entries; a resource takes at most {MAX_LABELS}.")
    for key, value in labels.items():
        if not 1 <= len(key) <= 63 or len(value) > 63:
            raise invalid_argument(f'Invalid label "{key[:80]}": keys take 1 to 63 characters, values at most 63.')


def notification_configs(body: Json) -> list[NotificationConfig]:
    """What a store's settings say of topics to be told of its changes, the older field first."""
    found = [(body.get("notificationConfig") or {}, True)]
    found += [(config, False) for config in body.get("notificationConfigs") or []]
    return [
        NotificationConfig(config["pubsubTopic"], config, older=older)
        for config, older in found
        if config.get("pubsubTopic")
    ]
