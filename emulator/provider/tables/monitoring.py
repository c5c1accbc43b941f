"""Cloud Monitoring: alert policies, channels, uptime checks and dashboards, whose names the service chooses."""

from __future__ import annotations

import json
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
UPTIME_CHECK = Resource(
    resource_type="gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig",
    service="monitoring",
    id="{+name}",
    imports=("{+name}",),
    create=Call("POST", "v3/projects/{project}/uptimeCheckConfigs"),
    read=Call("GET", "v3/{+name}"),
    update=Call("PATCH", "v3/{+name}"),
    delete=Call("DELETE", "v3/{+name}"),
    autoname="",
    address=props("name project"),
    unsent=props("project"),
    immutable=props("project monitoredResource resourceGroup checkerType httpCheck.useSsl"),
    computed=props(
        "project checkerType monitoredResource.labels httpCheck.port httpCheck.headers httpCheck.requestMethod "
        "httpCheck.acceptedResponseStatusCodes"
    ),
    defaults={"period": "300s"},
)
DASHBOARD = Resource(
    resource_type="gcp:monitoring/dashboard:Dashboard",
    service="monitoring",
    id="{+name}",
    imports=("{+name}",),
    create=Call("POST", "v1/projects/{project}/dashboards"),
    read=Call("GET", "v1/{+name}"),
    update=Call("PATCH", "v1/{+name}"),
    delete=Call("DELETE", "v1/{+name}"),
    autoname="",
    address=props("project"),
    unsent=props("project"),
    immutable=props("project"),
    computed=props("project"),
    as_json=props("dashboardJson"),
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


class _Dashboard(_ProjectNamed):
    """A dashboard is one JSON text; its name is no output of the plugin's, but its id."""

    def named(self, made: Mapping[str, Any]) -> dict[str, Any]:
        return {"name": made["name"]}

    def plan(
        self, inputs: Mapping[str, Any], settings: Settings, old: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        kept = {"name": old["name"]} if old and "name" in old else {}
        return {**super().plan(inputs, settings, old), **kept}

    def body(self, values: Mapping[str, Any], *, updating: bool = False) -> Any:
        del updating
        return json.loads(values["dashboardJson"])

    def send_update(self, rest: Rest, old: Mapping[str, Any], values: Mapping[str, Any], changed: set[str]) -> None:
        del changed
        present = rest.call("monitoring", Call("GET", "v1/{+name}"), old)
        body = {**self.body(values), "name": old["name"], "etag": present["etag"]}
        rest.call("monitoring", Call("PATCH", "v1/{+name}"), old, body)

    def state(self, live: Mapping[str, Any], given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        wanted = json.loads(given.get("dashboardJson") or "{}")
        shown = {key: value for key, value in live.items() if key not in ("name", "etag") or key in wanted}
        shown |= {key: wanted[key] for key in ("name", "etag") if key in wanted}
        text = given["dashboardJson"] if shown == wanted else json.dumps(shown, sort_keys=True)
        return {**super().state(live, given, settings), "dashboardJson": text, "name": live["name"]}


FLOWS = (
    _ProjectNamed(ALERT_POLICY),
    _NotificationChannel(NOTIFICATION_CHANNEL),
    _ProjectNamed(UPTIME_CHECK),
    _Dashboard(DASHBOARD),
)
