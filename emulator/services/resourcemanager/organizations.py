"""The one organization, above all projects, and its policy (v1 and v3)."""

from __future__ import annotations

import sqlite3
from typing import Any

from emulator.access.hierarchy import ORGANIZATION
from emulator.access.owner import require_owner_in
from emulator.errors import permission_denied
from emulator.gateway import policies
from emulator.gateway.request import Answer, Request
from emulator.services.resourcemanager.service import SERVICE

_METHODS = "cloudresourcemanager.organizations"
_GET = "resourcemanager.organizations.get"


def _organization(request: Request) -> str:
    """The organization that is asked for. Raises a 403 for another one, of which nobody knows here."""
    if request.name != ORGANIZATION:
        raise permission_denied(f"The caller does not have permission on {request.name[:100]}, or it does not exist.")
    return ORGANIZATION


def _view(request: Request) -> dict[str, Any]:
    is_v1 = request.method.document.name.endswith(".v1")
    name = {"name": ORGANIZATION, "displayName": f"{request.context.settings.project}.example"}
    return {**name, "lifecycleState" if is_v1 else "state": "ACTIVE"}


@SERVICE.handles(f"{_METHODS}.get", on=_organization)
async def get(request: Request) -> Answer:
    """The organization."""
    return _view(request)


@SERVICE.handles(f"{_METHODS}.search", permission="")
async def search(request: Request) -> Answer:
    """The organization, for callers who may see it."""
    seen = request.context.policies.allows(request.principal, _GET, ORGANIZATION)
    return {"organizations": [_view(request)]} if seen else {}


@SERVICE.handles(f"{_METHODS}.getIamPolicy", on=_organization)
async def get_policy(request: Request) -> Answer:
    """The organization's policy."""
    return request.context.policies.shown(_organization(request), request)


@SERVICE.handles(f"{_METHODS}.setIamPolicy", on=_organization)
async def set_policy(request: Request) -> Answer:
    """Replace the organization's policy, in which the owner's token keeps its roles."""
    settings = request.context.settings

    def require(_: sqlite3.Connection) -> None:
        mask = (request.body or {}).get("updateMask")
        if not mask or "bindings" in [part.strip() for part in mask.split(",")]:
            require_owner_in((request.body or {}).get("policy") or {}, settings.owner)

    return await policies.replace_private(request, _organization(request), require)


@SERVICE.handles(f"{_METHODS}.testIamPermissions", permission="")
async def test_permissions(request: Request) -> Answer:
    """Which of the permissions asked for the caller holds on the organization."""
    return policies.held_permissions(request, _organization(request))
