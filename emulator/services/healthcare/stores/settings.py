"""The settings that all kinds of store have: labels, and topics of notifications."""

import re

from emulator.errors import invalid_argument
from emulator.services.healthcare.labels import check_labels
from emulator.services.healthcare.stores.kind import Json, NotificationConfig

_TOPIC = re.compile(r"projects/[^/]+/topics/[^/]+")


def check(body: Json) -> None:
    """Raise 400 for labels or topics that Google refuses."""
    check_labels(body.get("labels") or {})
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


def notification_configs(body: Json) -> list[NotificationConfig]:
    """What a store's settings say of topics to be told of its changes, the older field first."""
    found = [(body.get("notificationConfig") or {}, True)]
    found += [(config, False) for config in body.get("notificationConfigs") or []]
    return [
        NotificationConfig(config["pubsubTopic"], config, older=older)
        for config, older in found
        if config.get("pubsubTopic")
    ]
