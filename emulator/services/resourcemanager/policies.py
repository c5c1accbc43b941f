"""The project's IAM policy and audit configuration (getIamPolicy is a POST, setIamPolicy takes an update mask)."""

from __future__ import annotations

import sqlite3
from typing import Any

from emulator.errors import invalid_argument
from emulator.gateway.collections import held_permissions
from emulator.gateway.request import Answer, Request
from emulator.services.resourcemanager.projects import project_name, require_project
from emulator.services.resourcemanager.service import SERVICE


@SERVICE.handles("cloudresourcemanager.projects.getIamPolicy", on=project_name)
async def get_policy(request: Request) -> Answer:
    """The project's policy, with audit configs."""
    name = project_name(request)
    require_project(request.context, name)
    return request.context.policies.shown(name, request)


@SERVICE.handles("cloudresourcemanager.projects.setIamPolicy", on=project_name)
async def set_policy(request: Request) -> Answer:
    """Replace the parts of the policy that the mask names; the default is bindings and etag."""
    context = request.context
    name = project_name(request)
    policy = request.body.get("policy")
    if policy is None:
        raise invalid_argument("policy is required.")

    def step(tx: sqlite3.Connection) -> dict[str, Any]:
        require_project(context, name, tx)
        return context.policies.set(tx, name, policy, request.body.get("updateMask"))

    return await context.db.write(step)


@SERVICE.handles("cloudresourcemanager.projects.testIamPermissions", permission="")
async def test_permissions(request: Request) -> Answer:
    """Which of the permissions asked for the caller holds on the project."""
    return held_permissions(request, request.body.get("permissions", []), project_name(request))
