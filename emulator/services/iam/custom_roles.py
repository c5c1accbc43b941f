"""Custom roles of projects and of the organization: create, get, list, patch, delete, undelete (IAM v1)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from emulator.access.custom_roles import CUSTOM_ROLES, granted, may_hold
from emulator.access.hierarchy import ORGANIZATION
from emulator.errors import aborted, already_exists, failed_precondition, invalid_argument, not_found
from emulator.gateway import paging, validation
from emulator.gateway.request import Answer, Request
from emulator.services.iam.service import SERVICE
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

Body = dict[str, Any]

_OWNERS = ("projects", "organizations")
_ID = re.compile(r"[A-Za-z0-9_.]{3,64}")
# IAM: "Quotas and limits", and "Create and manage custom roles": a deleted role comes back for seven days; its id is
# free again after thirty more.
_LIMITS = {"title": 100, "description": 300}
_MOST_ROLES = 300
_MOST_PERMISSIONS = 3000
_MOST_BYTES = 64 << 10
_RESTORABLE, _GONE = timedelta(days=7), timedelta(days=37)
_FIELDS = ("title", "description", "includedPermissions", "stage")
_DEFAULT_PAGE, _MAX_PAGE = 300, 1000


def view(role: Resource, *, full: bool = True) -> Body:
    """A role as IAM answers it; ALPHA, the default stage, is left out, as a list's permissions are."""
    body = {key: value for key, value in role.body.items() if key in (*_FIELDS, "deleted") and value}
    if body.get("stage") == "ALPHA":
        del body["stage"]
    if not full:
        body.pop("includedPermissions", None)
    return {"name": role.name, **body, "etag": role.etag}


async def create(request: Request) -> Answer:
    """Create a role; its id is in the body."""
    context, owner = request.context, request.name
    role_id = request.body.get("roleId", "")
    if not _ID.fullmatch(role_id):
        raise invalid_argument(
            f'The role ID "{role_id[:80]}" is invalid: it has 3 to 64 letters, digits, underscores and periods.'
        )
    given = request.body.get("role") or {}
    body = {"stage": "ALPHA", **{key: given[key] for key in _FIELDS if given.get(key)}}
    _check(owner, body)

    def step(tx: sqlite3.Connection) -> Resource:
        name = f"{owner}/roles/{role_id}"
        _make_room(context, tx, owner, name)
        role = context.resources.insert(tx, CUSTOM_ROLES, name, owner, body)
        context.db.after_commit(context.policies.forget)
        return role

    return view(await context.db.write(step))


async def get(request: Request) -> Answer:
    """One role, also a deleted one as long as it can be restored."""
    return view(_require(request.context, request.name))


async def list_roles(request: Request) -> Answer:
    """The roles of a project or an organization; deleted ones only with showDeleted."""
    context, query = request.context, request.query
    page = paging.asked(query, _DEFAULT_PAGE, _MAX_PAGE, str)
    shows_deleted = query.get("showDeleted", False)

    def keep(role: Resource) -> bool:
        return not _is_gone(context, role) and (shows_deleted or not role.body.get("deleted"))

    found, last = context.resources.list(CUSTOM_ROLES, request.name, page.size, page.name, keep)
    full = query.get("view") == "FULL"
    answer: Body = {"roles": [view(role, full=full) for role in found]} if found else {}
    if last:
        answer["nextPageToken"] = paging.encode(last)
    return answer


async def patch(request: Request) -> Answer:
    """Change what the mask names; without one, what the body has."""
    given = request.body or {}
    text = request.query.get("updateMask")
    mask = validation.field_mask(text) if text else [key for key in _FIELDS if key in given]
    for path in mask:
        if path not in _FIELDS:
            raise validation.unknown_mask(path)

    def change(role: Resource) -> Body:
        if role.body.get("deleted"):
            raise failed_precondition(f"You can't update role ({role.name}) because it is deleted.")
        changed = {**role.body, **{key: given.get(key) for key in mask}}
        return {key: value for key, value in changed.items() if value}

    return await _change(request, given.get("etag"), change)


async def delete(request: Request) -> Answer:
    """Mark a role as deleted: it grants nothing any more, and bindings that name it stay."""

    def change(role: Resource) -> Body:
        if role.body.get("deleted"):
            raise failed_precondition(f"You can't delete role ({role.name}) because it is deleted already.")
        return {**role.body, "deleted": True, "deleteTime": request.context.clock.stamp()}

    return await _change(request, request.query.get("etag"), change)


async def undelete(request: Request) -> Answer:
    """Bring back a role that was deleted in the last seven days."""

    def change(role: Resource) -> Body:
        if not role.body.get("deleted"):
            raise failed_precondition(f"The role named {role.name} is not deleted, so it can't be undeleted.")
        return {key: value for key, value in role.body.items() if key not in ("deleted", "deleteTime")}

    return await _change(request, (request.body or {}).get("etag"), change)


async def _change(request: Request, etag: str | None, change: Callable[[Resource], Body]) -> Answer:
    """Give a role the body that `change` makes of it. Raises 404 for none, 409 ABORTED for another etag."""
    context = request.context

    def step(tx: sqlite3.Connection) -> Resource:
        role = _require(context, request.name, tx)
        if etag and etag != role.etag:
            raise aborted("There were concurrent changes to the role: its etag is not the one given. Read it again.")
        body = change(role)
        _check(role.parent, body)
        context.db.after_commit(context.policies.forget)
        return context.resources.replace(tx, CUSTOM_ROLES, role.name, body)

    return view(await context.db.write(step))


def grantable(context: Context, owner: str, service: str, *, full: bool) -> list[Body]:
    """The roles of a project and of the organization with a permission of a service ("resourcemanager": any)."""
    found = [
        role
        for place in dict.fromkeys((owner, ORGANIZATION))
        for role in context.resources.list(CUSTOM_ROLES, place)[0]
        if any(service in ("resourcemanager", name.partition(".")[0]) for name in granted(role.body))
    ]
    return [view(role, full=full) for role in found]


def _require(context: Context, name: str, tx: sqlite3.Connection | None = None) -> Resource:
    role = context.resources.get(CUSTOM_ROLES, name, tx)
    if role is None or _is_gone(context, role):
        raise not_found(f"The role named {name[:200]} was not found.")
    return role


def _is_gone(context: Context, role: Resource) -> bool:
    return _age(context, role) > _RESTORABLE


def _age(context: Context, role: Resource) -> timedelta:
    """How long ago a role was deleted; none at all for one that is not."""
    deleted = role.body.get("deleteTime")
    return context.clock.now() - datetime.fromisoformat(deleted) if deleted else timedelta()


def _make_room(context: Context, tx: sqlite3.Connection, owner: str, name: str) -> None:
    """Raise 409 or 400 where a name is taken, 400 where there are too many; an old deleted role makes way."""
    present = context.resources.get(CUSTOM_ROLES, name, tx)
    if present is not None and _age(context, present) > _GONE:
        context.resources.delete(tx, CUSTOM_ROLES, name)
    elif present is not None and present.body.get("deleted"):
        role_id = name.rsplit("/", 1)[-1]
        raise failed_precondition(f"You can't create a role_id ({role_id}) which has been marked for deletion.")
    elif present is not None:
        raise already_exists(f"A role named {present.id} in {owner} already exists.")
    known = context.resources.list(CUSTOM_ROLES, owner, tx=tx)[0]
    if sum(not role.body.get("deleted") for role in known) >= _MOST_ROLES:
        raise failed_precondition(f"Maximum number of roles reached. Maximum is: {_MOST_ROLES}.")


def _check(owner: str, body: Body) -> None:
    """Raise a 400 for texts that are too long, and permissions that no custom role of the owner may have."""
    for key, limit in _LIMITS.items():
        if len((body.get(key) or "").encode()) > limit:
            raise invalid_argument(f"The role {key} exceeds the maximum length of {limit} bytes.")
    permissions = body.get("includedPermissions") or []
    texts = [body.get("title") or "", body.get("description") or "", *permissions]
    if len(permissions) > _MOST_PERMISSIONS or sum(len(text.encode()) for text in texts) > _MOST_BYTES:
        raise invalid_argument(
            f"A custom role has at most {_MOST_PERMISSIONS:,} permissions, and with its texts {_MOST_BYTES:,} bytes."
        )
    for permission in permissions:
        if not may_hold(owner, permission):
            raise invalid_argument(f"Permission {permission[:200]} is not valid.")


_VERBS = {
    "create": create,
    "get": get,
    "list": list_roles,
    "patch": patch,
    "delete": delete,
    "undelete": undelete,
}
for _owner in _OWNERS:
    for _verb, _handler in _VERBS.items():
        SERVICE.handles(f"iam.{_owner}.roles.{_verb}")(_handler)
