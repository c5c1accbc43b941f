"""Reading groups (Cloud Identity v1): by address, and who is in one. Every caller with credentials may."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.access.groups import GROUPS, PARENT, name_of
from emulator.errors import ApiError, permission_denied
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request
from emulator.services.cloudidentity.service import SERVICE
from emulator.services.iam import members
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_DEFAULT_PAGE, _MAX_PAGE = 200, 1000
_TYPES = {"user": "USER", "serviceAccount": "SERVICE_ACCOUNT", "group": "GROUP"}


@SERVICE.handles("cloudidentity.groups.lookup", permission="")
async def lookup(request: Request) -> Answer:
    """The name of the group with an address."""
    return {"name": _require(request, name_of(request.query.get("groupKey.id", ""))).name}


@SERVICE.handles("cloudidentity.groups.get", permission="")
async def get(request: Request) -> Answer:
    """One group."""
    group = _require(request, request.name)
    address = group.body["address"]
    return {"name": group.name, "groupKey": {"id": address}, "displayName": address.partition("@")[0]}


@SERVICE.handles("cloudidentity.groups.memberships.list", permission="")
async def list_memberships(request: Request) -> Answer:
    """Who is in a group directly."""
    group = _require(request, request.name)
    page, following = paging.cut(group.body["members"], paging.asked(request.query, _DEFAULT_PAGE, _MAX_PAGE))
    answer: dict[str, Any] = {"memberships": [_membership(group, member) for member in page]} if page else {}
    if following:
        answer["nextPageToken"] = following
    return answer


@members.renames
def rename(tx: sqlite3.Connection, context: Context, before: str, after: str) -> None:
    """Put one member in place of another in every group: a deleted account is in none any more."""
    for group in context.resources.list(GROUPS, PARENT, tx=tx)[0]:
        if before in group.body["members"]:
            renamed = [after if member == before else member for member in group.body["members"]]
            context.resources.replace(tx, GROUPS, group.name, {**group.body, "members": renamed})


def _membership(group: Resource, member: str) -> dict[str, Any]:
    kind, _, rest = member.partition(":")
    key = {"id": rest if kind in _TYPES else member}
    return {
        "name": f"{group.name}/memberships/{name_of(member).rpartition('/')[2]}",
        "preferredMemberKey": key,
        "roles": [{"name": "MEMBER"}],
        "type": _TYPES.get(kind, "OTHER"),
    }


def _require(request: Request, name: str) -> Resource:
    group = request.context.resources.get(GROUPS, name)
    if group is None or group.parent != PARENT:
        raise _unknown(name)
    return group


def _unknown(name: str) -> ApiError:
    """Cloud Identity's refusal for a group that is not there: it is the same as for one that may not be seen."""
    return permission_denied(f"Error(2028): Permission denied for resource {name[:80]} (or it may not exist).")
