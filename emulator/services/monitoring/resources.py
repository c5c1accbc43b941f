"""What is kept as declared: uptime checks, dashboards and groups; and snoozes, while which no incident opens."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from emulator.errors import failed_precondition, invalid_argument
from emulator.gateway.collections import Collection, crud
from emulator.gateway.request import Answer, Request
from emulator.services.monitoring.service import POLICIES, SERVICE, SNOOZES
from emulator.state.resources import Resource

UPTIME = "monitoring.uptimeCheckConfigs"
DASHBOARDS = "monitoring.dashboards"
GROUPS = "monitoring.groups"
_PERIODS = ("60s", "300s", "600s", "900s")
_LAYOUTS = ("gridLayout", "mosaicLayout", "rowLayout", "columnLayout")
_MOST_SNOOZED = 16


def _uptime(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Check an uptime check (UptimeCheckConfig), with what Monitoring fills in."""
    if not body.get("displayName"):
        raise invalid_argument("uptime_check_config.display_name is required.")
    if sum(key in body for key in ("monitoredResource", "resourceGroup", "syntheticMonitor")) != 1:
        raise invalid_argument("An uptime check has one of monitoredResource, resourceGroup and syntheticMonitor.")
    if sum(key in body for key in ("httpCheck", "tcpCheck")) != ("syntheticMonitor" not in body):
        raise invalid_argument("An uptime check has one of httpCheck and tcpCheck.")
    if body.get("period", "60s") not in _PERIODS:
        raise invalid_argument(f"period is one of {', '.join(_PERIODS)}.")
    filled: dict[str, Any] = {"period": "60s", "timeout": "10s", "checkerType": "STATIC_IP_CHECKERS", **body}
    if "httpCheck" in filled:
        secure = filled["httpCheck"].get("useSsl", False)
        default = {"path": "/", "port": 443 if secure else 80, "requestMethod": "GET"}
        filled["httpCheck"] = {**default, **filled["httpCheck"]}
    if filled.get("monitoredResource", {}).get("type") == "uptime_url":
        labels = {"project_id": request.name.split("/")[1], **filled["monitoredResource"].get("labels", {})}
        filled["monitoredResource"] = {**filled["monitoredResource"], "labels": labels}
    return filled


def _uptime_id(request: Request) -> str:
    """The id that Monitoring makes: the title in lower case, and what makes it unique."""
    words = re.sub(r"[^a-z0-9]+", "-", str(request.body.get("displayName", "")).lower()).strip("-")
    return f"{words[:50] or 'check'}-{request.context.ids.hex(11)}"


UPTIME_CHECK = Collection(
    kind=UPTIME,
    segment="uptimeCheckConfigs",
    id_of=_uptime_id,
    immutable=frozenset(("monitoredResource", "resourceGroup")),
    prepare=_uptime,
    prepare_update=lambda request, _old, body: _uptime(request, body),
)
crud(SERVICE, UPTIME_CHECK, "monitoring.projects.uptimeCheckConfigs", ("create", "get", "list", "patch", "delete"))


def _dashboard(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Check a dashboard: a title and one layout."""
    del request
    if not body.get("displayName"):
        raise invalid_argument("Field displayName is required: a dashboard has a title.")
    if sum(key in body for key in _LAYOUTS) != 1:
        raise invalid_argument(f"A dashboard has one of {', '.join(_LAYOUTS)}.")
    return {key: value for key, value in body.items() if key != "etag"}


def _dashboard_update(request: Request, old: Resource, body: dict[str, Any]) -> dict[str, Any]:
    etag = (request.body or {}).get("etag")
    if etag and etag != old.etag:
        raise failed_precondition("The etag is not that of the dashboard: it was changed meanwhile.")
    return _dashboard(request, body)


def _dashboard_id(request: Request) -> str:
    """The id in the name that the body may have, else one that the server makes."""
    given = str(request.body.get("name", "")).rpartition("/")[2]
    return given or request.context.ids.hex(32)


DASHBOARD = Collection(
    kind=DASHBOARDS,
    segment="dashboards",
    id_of=_dashboard_id,
    id_pattern=re.compile(r"[A-Za-z0-9\-]{1,80}"),
    mutable=frozenset(("displayName", "labels", "dashboardFilters", "annotations", *_LAYOUTS)),
    prepare=_dashboard,
    prepare_update=_dashboard_update,
    view=lambda resource: {"name": resource.name, **resource.body, "etag": resource.etag},
)
crud(SERVICE, DASHBOARD, "monitoring.projects.dashboards", ("create", "get", "list", "patch", "delete"))


def _group(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Check a group: a title, a filter, and a parent that is there."""
    if not body.get("displayName") or not body.get("filter"):
        raise invalid_argument("A group has a displayName and a filter.")
    parent = body.get("parentName")
    if parent and request.context.resources.get(GROUPS, parent) is None:
        raise invalid_argument(f"There is no group {parent[:120]} to be the parent.")
    return body


GROUP = Collection(
    kind=GROUPS,
    segment="groups",
    list_field="group",
    mutable=frozenset(("displayName", "parentName", "filter", "isCluster")),
    prepare=_group,
    prepare_update=lambda request, _old, body: _group(request, body),
)
crud(SERVICE, GROUP, "monitoring.projects.groups", ("create", "get", "list", "update", "delete"))


@SERVICE.handles("monitoring.projects.groups.members.list", permission="monitoring.groups.get")
async def list_members(request: Request) -> Answer:
    """The monitored resources of a group: none, for here is nothing that a group could hold."""
    request.context.resources.require(GROUPS, request.name)
    return {}


def _snooze(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Check a snooze: a title, an interval, and policies that are there."""
    named, interval = body.get("criteria", {}).get("policies", []), body.get("interval", {})
    if not body.get("displayName"):
        raise invalid_argument("A snooze has a displayName.")
    if not 1 <= len(named) <= _MOST_SNOOZED:
        raise invalid_argument(f"criteria.policies names 1 to {_MOST_SNOOZED} alert policies.")
    for policy in named:
        if request.context.resources.get(POLICIES, policy) is None:
            raise invalid_argument(f"There is no alert policy {policy[:120]}.")
    if _time(interval, "startTime") >= _time(interval, "endTime"):
        raise invalid_argument("interval.startTime must be before interval.endTime.")
    return body


def _time(interval: dict[str, str], key: str) -> datetime:
    try:
        return datetime.fromisoformat(interval[key])
    except (KeyError, ValueError):
        raise invalid_argument(f"interval.{key} is a time such as 2026-01-31T12:00:00Z.") from None


SNOOZE = Collection(
    kind=SNOOZES,
    segment="snoozes",
    immutable=frozenset(("criteria",)),
    prepare=_snooze,
    prepare_update=lambda request, _old, body: _snooze(request, body),
)
crud(SERVICE, SNOOZE, "monitoring.projects.snoozes", ("create", "get", "list", "patch"))
