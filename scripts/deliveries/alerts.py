"""Alerts: whether they are on and tell somebody."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from scripts.checks import Check
from scripts.connection import Connection
from scripts.console import count
from scripts.errors import CommandError


def checks(target: Connection) -> Iterator[Check]:
    """One check of the policies."""
    yield Check("alerts", partial(_policies, target))


def _policies(target: Connection) -> str:
    """How many alert policies are on. Raises CommandError where one is off, or tells nobody."""
    monitoring, name = target.api("monitoring", "v3").projects(), f"projects/{target.outputs.project}"
    found = _all(target, monitoring.alertPolicies(), "alertPolicies", name)
    for policy in found:
        if not policy.get("enabled", True):
            raise CommandError(f"The alert policy '{policy['displayName']}' is off: `pulumi up --refresh` turns it on.")
        if not policy.get("notificationChannels"):
            raise CommandError(
                f"The alert policy '{policy['displayName']}' tells nobody: `pulumi up --refresh` gives it its channels."
            )
    channels = _all(target, monitoring.notificationChannels(), "notificationChannels", name)
    return f"{count(len(found), 'policy', 'policies')}, {count(len(channels), 'channel')}"


def _all(target: Connection, collection: Any, field: str, name: str) -> list[dict[str, Any]]:
    """What a collection of Cloud Monitoring lists, of the stack's environment where its labels say one."""
    environment = target.outputs.labels.get("environment")
    found = target.listed(collection, field, name=name)
    return [each for each in found if each.get("userLabels", {}).get("environment") == environment]
