"""Alert policies: what is checked of them, and what a change of one means for its incidents."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError, invalid_argument
from emulator.gateway.collections import Collection, crud
from emulator.gateway.request import Request
from emulator.services.monitoring import incidents
from emulator.services.monitoring.alerting import rules
from emulator.services.monitoring.records import record, without_server_fields
from emulator.services.monitoring.service import CHANNELS, POLICIES, SERVICE
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_COMBINERS = ("AND", "OR", "AND_WITH_MATCHING_RESOURCE")


def _view(policy: Resource) -> dict[str, Any]:
    return {"name": policy.name, **policy.body, "conditions": rules.named_conditions(policy)}


def _prepare(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    body = without_server_fields(body)
    _check(request, body)
    made = record(request)
    return {"enabled": True, **body, "creationRecord": made, "mutationRecord": made}


def _prepare_update(request: Request, old: Resource, body: dict[str, Any]) -> dict[str, Any]:
    body = without_server_fields(body)
    _check(request, body)
    return {**body, "creationRecord": old.body["creationRecord"], "mutationRecord": record(request)}


def _check(request: Request, body: dict[str, Any]) -> None:
    """What Monitoring requires of a policy: a title, a combiner, one to six conditions, channels that exist."""
    if not body.get("displayName"):
        raise _bad_field("displayName", "a policy needs a display name")
    if body.get("combiner") not in _COMBINERS:
        raise _bad_field("combiner", f"name one of {', '.join(_COMBINERS)}")
    if not 1 <= len(body.get("conditions", [])) <= 6:
        raise _bad_field("conditions", "a policy has 1 to 6 conditions")
    for channel in body.get("notificationChannels", []):
        if request.context.resources.get(CHANNELS, channel) is None:
            raise _bad_field("notificationChannels", f"there is no notification channel {channel[:120]}")
    rules.check(body, _bad_field)


def _bad_field(field: str, problem: str) -> ApiError:
    return invalid_argument(f"Field alert_policy.{field} is invalid: {problem}.")


def _changed(context: Context, tx: sqlite3.Connection, policy: Resource) -> None:
    """Read the policies anew; one that is disabled has no open incidents."""
    rules.forget(context)
    if not policy.body.get("enabled", True):
        incidents.close_all(context, tx, policy.name)


def _deleted(context: Context, tx: sqlite3.Connection, policy: Resource) -> None:
    rules.forget(context)
    incidents.close_all(context, tx, policy.name)


POLICY = Collection(
    kind=POLICIES,
    segment="alertPolicies",
    mutable=frozenset(
        (
            *("displayName", "documentation", "userLabels", "conditions", "combiner", "enabled"),
            *("notificationChannels", "alertStrategy", "severity"),
        )
    ),
    prepare=_prepare,
    prepare_update=_prepare_update,
    view=_view,
    after_create=_changed,
    after_update=_changed,
    after_delete=_deleted,
)
crud(SERVICE, POLICY, "monitoring.projects.alertPolicies", ("create", "get", "list", "patch", "delete"))
