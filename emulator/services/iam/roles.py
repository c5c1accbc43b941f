"""Predefined roles as IAM shows them: get, list, and which roles and permissions fit a resource."""

from __future__ import annotations

from typing import Any

from emulator.access import roles
from emulator.access.authorization import ALIASES
from emulator.access.custom_roles import may_hold
from emulator.access.hierarchy import ORGANIZATION, by_id
from emulator.access.roles import Role
from emulator.errors import invalid_argument, not_found
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request
from emulator.services.iam import custom_roles
from emulator.services.iam.service import SERVICE

_DEFAULT_PAGE, _MAX_PAGE = 300, 1000
_ORGANIZATION = "//cloudresourcemanager.googleapis.com/organizations/"
_ETAG = "AA=="  # IAM answers this for every predefined role


def view(role: Role, *, full: bool) -> dict[str, Any]:
    """A role as IAM answers it; `full` adds its permissions."""
    answer: dict[str, Any] = {"name": role.name, "title": role.title, "stage": "GA", "etag": _ETAG}
    if full:
        answer["includedPermissions"] = sorted(roles.permissions_of(role.name) or ())
    return answer


@SERVICE.handles("iam.roles.get", permission="")
async def get(request: Request) -> Answer:
    """A predefined role with its permissions; everybody may ask."""
    role = roles.find(request.name)
    if role is None:
        raise not_found(f"The role named {request.name} was not found.")
    return view(role, full=True)


@SERVICE.handles("iam.roles.list", permission="")
async def list_roles(request: Request) -> Answer:
    """The predefined roles of the emulated services."""
    if request.query.get("parent"):
        return {}  # predefined roles have none; custom ones are listed by their owner's methods
    full = request.query.get("view") == "FULL"
    return _page(request.query, [view(role, full=full) for role in roles.predefined()])


@SERVICE.handles("iam.roles.queryGrantableRoles", permission="")
async def query_grantable(request: Request) -> Answer:
    """The roles that can be granted on a resource: those with a permission of the resource's own service.

    Custom ones of the project or the organization in its name are among them.
    """
    service = _service_of(request)
    granted = [
        role
        for role in roles.predefined()
        if service == "resourcemanager"
        or any(name.startswith(service + ".") for name in roles.permissions_of(role.name) or ())
    ]
    full = request.body.get("view") == "FULL"
    shown = [view(role, full=full) for role in granted]
    return _page(request.body, shown + custom_roles.grantable(request.context, _owner_of(request), service, full=full))


@SERVICE.handles("iam.permissions.queryTestablePermissions", permission="")
async def query_testable(request: Request) -> Answer:
    """The permissions that can be tested on a resource: those of its own service; all of them on a project."""
    service = _service_of(request)
    names = sorted(n for n in roles.all_permissions() if service == "resourcemanager" or n.startswith(service + "."))
    page, following = paging.cut(names, paging.asked(request.body, _DEFAULT_PAGE, _MAX_PAGE))
    above = request.body["fullResourceName"].startswith(_ORGANIZATION)
    owner = ORGANIZATION if above else "projects/-"
    answer: dict[str, Any] = {"permissions": [_testable(owner, name) for name in page]}
    if following:
        answer["nextPageToken"] = following
    return answer


def _testable(owner: str, permission: str) -> dict[str, Any]:
    """A permission as it is listed for those who make custom roles of a project or organization."""
    shown = {"name": permission, "stage": "GA"}
    return shown if may_hold(owner, permission) else {**shown, "customRolesSupportLevel": "NOT_SUPPORTED"}


def _service_of(request: Request) -> str:
    """The permission prefix of a full resource name (//storage.googleapis.com/projects/_/buckets/b: storage)."""
    name: str = request.body.get("fullResourceName", "")
    host = name[2:].partition("/")[0]
    if not name.startswith("//") or not host.endswith(".googleapis.com"):
        example = "//cloudresourcemanager.googleapis.com/projects/ID"
        raise invalid_argument(f'Invalid full resource name "{name[:80]}": it must look like {example}.')
    service = host.removesuffix(".googleapis.com")
    return ALIASES.get(service, service)


def _owner_of(request: Request) -> str:
    """projects/ID or organizations/NUMBER of a full resource name; "" where it is in neither."""
    path = str(request.body["fullResourceName"])[2:].partition("/")[2]
    return by_id(request.context, "/".join(path.split("/")[:2]))


def _page(values: dict[str, Any], found: list[dict[str, Any]]) -> dict[str, Any]:
    page, following = paging.cut(found, paging.asked(values, _DEFAULT_PAGE, _MAX_PAGE))
    answer: dict[str, Any] = {"roles": page}
    if following:
        answer["nextPageToken"] = following
    return answer
