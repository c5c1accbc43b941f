"""Notification channels: whom alerts tell, of which types (emulator/data/channels.json), verified by a code or not."""

from __future__ import annotations

import logging
import secrets
import sqlite3
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from emulator.errors import failed_precondition, invalid_argument, not_found
from emulator.gateway import paging
from emulator.gateway.collections import Collection, crud
from emulator.gateway.request import Answer, Request
from emulator.services.monitoring.alerting import rules
from emulator.services.monitoring.records import record, without_server_fields
from emulator.services.monitoring.service import CHANNELS, POLICIES, SERVICE
from emulator.state.clock import Clock
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_METHODS = "monitoring.projects.notificationChannels"
_DESCRIPTORS = "monitoring.projects.notificationChannelDescriptors"
_DATA = Path(__file__).parents[2] / "data" / "channels.json"
_CODE, _STATUS = "code", "verificationStatus"
_CODE_SECONDS = 24 * 3600
_DEFAULT_PAGE, _MAX_PAGE = 100, 1000
_log = logging.getLogger("emulator")


@cache
def _known() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(_DATA.read_bytes())
    return found


def _view(channel: Resource) -> dict[str, Any]:
    """A channel as Monitoring answers it: of secrets, the last four characters at most are shown."""
    body = {key: value for key, value in channel.body.items() if key != _CODE}
    labels = {key: _hidden(key, value) for key, value in body.get("labels", {}).items()}
    return {"name": channel.name, **body, **({"labels": labels} if labels else {})}


def _hidden(label: str, value: str) -> str:
    return value if label not in _known()["secret"] else "*" * max(0, len(value) - 4) + value[-4:]


def _prepare(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    kind = body.get("type", "")
    if not kind:
        raise invalid_argument("Field notification_channel.type is required, for example email.")
    _check(kind, body.get("labels", {}))
    made = record(request)
    kept = {"enabled": True, **without_server_fields(body), "creationRecord": made, "mutationRecords": [made]}
    return {**kept, _STATUS: "UNVERIFIED"} if _known()["types"][kind].get("verified") else kept


def _check(kind: str, labels: dict[str, str]) -> None:
    found = _known()["types"].get(kind)
    if found is None:
        raise invalid_argument(f'Field notification_channel.type had an invalid value of "{kind[:80]}".')
    for label in found["labels"]:
        if not labels.get(label):
            raise invalid_argument(f"Field notification_channel.labels['{label}'] is required for the type {kind}.")
    if unknown := labels.keys() - found["labels"].keys() - found.get("optional", {}).keys():
        raise invalid_argument(f"Field notification_channel.labels has no '{min(unknown)[:80]}' for the type {kind}.")


def _prepare_update(request: Request, old: Resource, body: dict[str, Any]) -> dict[str, Any]:
    labels = body.get("labels", {})
    for label, value in labels.items():  # a secret that came back as it was shown is the one that was kept
        before = old.body.get("labels", {}).get(label, "")
        labels[label] = before if value == _hidden(label, before) else value
    _check(body["type"], labels)
    kept = {key: old.body[key] for key in ("creationRecord", _STATUS, _CODE) if key in old.body}
    records = [*old.body["mutationRecords"], record(request)]
    return {**without_server_fields(body), **kept, "mutationRecords": records}


CHANNEL = Collection(
    kind=CHANNELS,
    segment="notificationChannels",
    immutable=frozenset(("type",)),
    prepare=_prepare,
    prepare_update=_prepare_update,
    view=_view,
)
crud(SERVICE, CHANNEL, _METHODS, ("create", "get", "list", "patch"))


@SERVICE.handles(f"{_METHODS}.delete")
async def delete(request: Request) -> Answer:
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
        rules.forget(context)

    await context.db.write(step)
    return {}


def _users(context: Context, tx: sqlite3.Connection, channel: str) -> list[Resource]:
    policies = context.resources.list(POLICIES, channel.rpartition("/notificationChannels/")[0], tx=tx)[0]
    return [policy for policy in policies if channel in policy.body.get("notificationChannels", [])]


@SERVICE.handles(f"{_METHODS}.sendVerificationCode")
async def send_code(request: Request) -> Answer:
    """Make a code for a channel; it is said in the emulator's log, for nothing is sent anywhere."""
    code = f"G-{secrets.randbelow(10**6):06d}"
    await _keep(request, lambda body: {**body, _CODE: code})
    _log.warning("the verification code of %s is %s", request.name, code)
    return {}


@SERVICE.handles(f"{_METHODS}.getVerificationCode")
async def get_code(request: Request) -> Answer:
    """A code by which another channel of the same labels can be verified; only a verified channel gives one."""
    channel = request.context.resources.require(CHANNELS, request.name)
    if channel.body.get(_STATUS) != "VERIFIED":
        raise failed_precondition(f"The channel {channel.name} is not verified.")
    expires = Clock.stamp_of(request.context.clock.seconds() + _CODE_SECONDS)
    return {"code": channel.body[_CODE], "expireTime": (request.body or {}).get("expireTime", expires)}


@SERVICE.handles(f"{_METHODS}.verify")
async def verify(request: Request) -> Answer:
    """Verify a channel by its code, or by that of a verified channel of the same type and labels."""
    context, code = request.context, request.body.get("code", "")

    def verified(body: dict[str, Any]) -> dict[str, Any]:
        codes = {body.get(_CODE)} | _codes_of_twins(context, request.name, body)
        if not code or code not in codes:
            raise invalid_argument("The verification code is not valid.")
        return {**body, _CODE: code, _STATUS: "VERIFIED"}

    return _view(await _keep(request, verified))


def _codes_of_twins(context: Context, name: str, body: dict[str, Any]) -> set[str | None]:
    parent = name.rpartition("/notificationChannels/")[0]
    twins = context.resources.list(CHANNELS, parent)[0]
    return {
        twin.body.get(_CODE)
        for twin in twins
        if twin.body.get(_STATUS) == "VERIFIED"
        and (twin.body["type"], twin.body.get("labels")) == (body["type"], body.get("labels"))
    }


async def _keep(request: Request, change: Any) -> Resource:
    context = request.context

    def step(tx: sqlite3.Connection) -> Resource:
        channel = context.resources.require(CHANNELS, request.name, tx)
        return context.resources.replace(tx, CHANNELS, channel.name, change(channel.body))

    return await context.db.write(step)


def _descriptor(project: str, kind: str) -> dict[str, Any]:
    found = _known()["types"][kind]
    labels = {**found["labels"], **found.get("optional", {})}
    return {
        "name": f"{project}/notificationChannelDescriptors/{kind}",
        "type": kind,
        "displayName": found["title"],
        "description": found["about"],
        "labels": [{"key": key, "description": about} for key, about in labels.items()],
        "launchStage": "GA",
    }


@SERVICE.handles(f"{_DESCRIPTORS}.list")
async def list_descriptors(request: Request) -> Answer:
    """The types of channels."""
    page, following = paging.cut(sorted(_known()["types"]), paging.asked(request.query, _DEFAULT_PAGE, _MAX_PAGE))
    answer: dict[str, Any] = {"channelDescriptors": [_descriptor(request.name, kind) for kind in page]}
    return {**answer, "nextPageToken": following} if following else answer


@SERVICE.handles(f"{_DESCRIPTORS}.get")
async def get_descriptor(request: Request) -> Answer:
    """One type of channels."""
    project, _, kind = request.name.partition("/notificationChannelDescriptors/")
    if kind not in _known()["types"]:
        raise not_found(f"There is no type of notification channels {kind[:80]}.")
    return _descriptor(project, kind)
