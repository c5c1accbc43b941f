"""IAM policies of service accounts: who may use or impersonate one (getIamPolicy is a POST here)."""

from __future__ import annotations

import sqlite3

from emulator.access.authentication import ACCOUNTS
from emulator.gateway import policies
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
    name = account_name(request)

    def require(tx: sqlite3.Connection) -> None:
        if request.context.resources.get(ACCOUNTS, str(name), tx) is None:
            raise unknown_account(name)

    return await policies.replace(request, str(name), require)


@SERVICE.handles(f"{_METHODS}.testIamPermissions", permission="")
async def test_permissions(request: Request) -> Answer:
    """Which of the permissions asked for the caller holds on an account."""
    return policies.held_permissions(request, resource_name(request))
