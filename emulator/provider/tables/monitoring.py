"""Cloud Monitoring: alert policies and notification channels, whose names the service chooses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.provider.flow import Flow
from emulator.provider.model import Call, Resource, props
from emulator.provider.rest import Rest
from emulator.provider.settings import Settings

ALERT_POLICY = Resource(
    resource_type="gcp:monitoring/alertPolicy:AlertPolicy",
    service="monitoring",
    id="{+name}",
    imports=("{+name}",),
    create=Call("POST", "v3/projects/{project}/alertPolicies"),
    read=Call("GET", "v3/{+name}"),
    update=Call("PATCH", "v3/{+name}"),
    delete=Call("DELETE", "v3/{+name}"),
    autoname="",
    address=props("name project"),
    unsent=props("project"),
    immutable=props("project"),
    computed=props("project conditions.name alertStrategy.notificationPrompts documentation.mimeType"),
    defaults={"enabled": True},
    rename={"creationRecords": "creationRecord", "notificationChannelStrategies": "notificationChannelStrategy"},
)

NOTIFICATION_CHANNEL = Resource(
    resource_type="gcp:monitoring/notificationChannel:NotificationChannel",
    service="monitoring",
    id="{+name}",
    imports=("{+name}",),
    create=Call("POST", "v3/projects/{project}/notificationChannels"),
    read=Call("GET", "v3/{+name}"),
    update=Call("PATCH", "v3/{+name}"),
    delete=Call("DELETE", "v3/{+name}", {"force": "{forceDelete}"}),
    autoname="",
    address=props("name project"),
    unsent=props("project"),
    local=props("forceDelete"),
    immutable=props("project"),
    computed=props("project labels"),
    defaults={"enabled": True, "forceDelete": False},
    mask=False,
)
# The labels that the API takes among the others, but never shows again.
_SENSITIVE = {"authToken": "auth_token", "password": "password", "serviceKey": "service_key"}


class _ProjectNamed(Flow):
    """A resource named `projects/PROJECT/...`: the project of an imported one is in its name."""

    def derived(self, values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        name = values.get("name")
        return {"project": name.split("/")[1]} if isinstance(name, str) else super().derived(values, settings)


class _NotificationChannel(_ProjectNamed):
    """Sensitive labels are properties of their own, and are kept from the program: the service hides them."""

    def body(self, values: Mapping[str, Any], *, updating: bool = False) -> Any:
        sent = super().body(values, updating=updating)
        hidden = values.get("sensitiveLabels") or {}
        sent.pop("sensitiveLabels", None)
        labels = {_SENSITIVE[key]: value for key, value in hidden.items() if key in _SENSITIVE}
        if labels:
            sent["labels"] = {**sent.get("labels", {}), **labels}
        return sent

    def state(self, live: Mapping[str, Any], given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        shown = {key: value for key, value in (live.get("labels") or {}).items() if key not in _SENSITIVE.values()}
        return super().state(
            {**live, "labels": shown, "sensitiveLabels": given.get("sensitiveLabels")}, given, settings
        )

    def delete(self, rest: Rest, state: Mapping[str, Any]) -> None:
        super().delete(rest, {"forceDelete": False, **state})


FLOWS = (_ProjectNamed(ALERT_POLICY), _NotificationChannel(NOTIFICATION_CHANNEL))
