"""IAM policies of service accounts: who may use or impersonate one (getIamPolicy is a POST here)."""

from __future__ import annotations

import sqlite3
from typing import Any

from emulator.access.authentication import ACCOUNTS
from emulator.errors import invalid_argument
from emulator.gateway.collections import held_permissions
from emulator.gateway.request import Answer, Request
from emulator.services.iam.names import account_name, require_account, resource_name, unknown_account
from emulator.services.iam.service import SERVICE

_METHODS = "iam.projects.serviceAccounts"


@SERVICE.handles(f"{_METHODS}.getIamPolicy", on=resource_name)
async def get_policy(request: Request) -> Answer:
    """The policy of an account."""
    name = account_name(request)
    require_account(request.context, name)
    return request.context.policies.shown(str(name), request)


@SERVICE.handles(f"{_METHODS}.setIamPolicy", on=resource_name)
async def set_policy(request: Request) -> Answer:
    """Replace the policy of an account."""
    context = request.context
    name = account_name(request)
    policy = request.body.get("policy")
    if policy is None:
        raise invalid_argument("policy is required.")

    def step(tx: sqlite3.Connection) -> dict[str, Any]:
        if context.resources.get(ACCOUNTS, str(name), tx) is None:
            raise unknown_account(name)
        return context.policies.set(tx, str(name), policy, request.body.get("updateMask"))

    return await context.db.write(step)


@SERVICE.handles(f"{_METHODS}.testIamPermissions", permission="")
async def test_permissions(request: Request) -> Answer:
    """Which of the permissions asked for the caller holds on an account."""
    return held_permissions(request, request.body.get("permissions", []), resource_name(request))
