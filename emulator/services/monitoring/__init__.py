"""Cloud Monitoring: alert policies and notification channels, kept as declared; nothing is measured or sent."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError, failed_precondition, invalid_argument
from emulator.gateway.collections import Collection, crud
from emulator.gateway.request import Answer, Request
from emulator.gateway.service import Service
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

SERVICE = Service("monitoring", documents=("monitoring.v3",))
POLICIES = "monitoring.alertPolicies"
CHANNELS = "monitoring.notificationChannels"
_COMBINERS = ("AND", "OR", "AND_WITH_MATCHING_RESOURCE")
_SERVER_FIELDS = ("creationRecord", "mutationRecord", "mutationRecords", "validity", "verificationStatus")


def _record(request: Request) -> dict[str, str]:
    return {"mutateTime": request.context.clock.stamp(), "mutatedBy": request.principal.partition(":")[2]}


def _without_server_fields(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in _SERVER_FIELDS}


def _view_policy(policy: Resource) -> dict[str, Any]:
    """A policy as Monitoring answers it: each condition has a name below the policy's."""
    conditions = [
        {"name": f"{policy.name}/conditions/{number}", **condition}
        for number, condition in enumerate(policy.body.get("conditions", []))
    ]
    return {"name": policy.name, **policy.body, "conditions": conditions}


def _prepare_policy(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    body = _without_server_fields(body)
    _check_policy(request, body)
    record = _record(request)
    return {"enabled": True, **body, "creationRecord": record, "mutationRecord": record}


def _prepare_policy_update(request: Request, old: Resource, body: dict[str, Any]) -> dict[str, Any]:
    body = _without_server_fields(body)
    _check_policy(request, body)
    return {**body, "creationRecord": old.body["creationRecord"], "mutationRecord": _record(request)}


def _check_policy(request: Request, body: dict[str, Any]) -> None:
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


def _bad_field(field: str, problem: str) -> ApiError:
    return invalid_argument(f"Field alert_policy.{field} is invalid: {problem}.")


def _prepare_channel(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    if not body.get("type"):
        raise invalid_argument("Field notification_channel.type is required, for example email.")
    record = _record(request)
    return {"enabled": True, **_without_server_fields(body), "creationRecord": record, "mutationRecords": [record]}


def _prepare_channel_update(request: Request, old: Resource, body: dict[str, Any]) -> dict[str, Any]:
    records = [*old.body["mutationRecords"], _record(request)]
    return {**_without_server_fields(body), "creationRecord": old.body["creationRecord"], "mutationRecords": records}


POLICY = Collection(
    kind=POLICIES,
    segment="alertPolicies",
    mutable=frozenset(
        (
            *("displayName", "documentation", "userLabels", "conditions", "combiner", "enabled"),
            *("notificationChannels", "alertStrategy", "severity"),
        )
    ),
    prepare=_prepare_policy,
    prepare_update=_prepare_policy_update,
    view=_view_policy,
)
CHANNEL = Collection(
    kind=CHANNELS,
    segment="notificationChannels",
    immutable=frozenset(("type",)),
    prepare=_prepare_channel,
    prepare_update=_prepare_channel_update,
)
crud(SERVICE, POLICY, "monitoring.projects.alertPolicies", ("create", "get", "list", "patch", "delete"))
crud(SERVICE, CHANNEL, "monitoring.projects.notificationChannels", ("create", "get", "list", "patch"))


@SERVICE.handles("monitoring.projects.notificationChannels.delete")
async def delete_channel(request: Request) -> Answer:
    """Delete a channel; one that policies use only with force, which takes it out of them."""
    context = request.context
    name = request.name

    def step(tx: sqlite3.Connection) -> None:
        context.resources.require(CHANNELS, name, tx)
        for policy in _users(context, tx, name):
            if not request.query.get("force"):
                raise failed_precondition(
                    f"The notification channel is used by {policy.name}; take it out, or use force."
                )
            kept = [channel for channel in policy.body["notificationChannels"] if channel != name]
            context.resources.replace(tx, POLICIES, policy.name, {**policy.body, "notificationChannels": kept})
        context.resources.delete(tx, CHANNELS, name)

    await context.db.write(step)
    return {}


def _users(context: Context, tx: sqlite3.Connection, channel: str) -> list[Resource]:
    policies = context.resources.list(POLICIES, channel.rpartition("/notificationChannels/")[0], tx=tx)[0]
    return [policy for policy in policies if channel in policy.body.get("notificationChannels", [])]
