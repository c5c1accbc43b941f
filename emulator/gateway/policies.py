"""The IAM methods that many kinds of resource have: setIamPolicy and testIamPermissions (IAM: Policy)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from emulator.access.authorization import denied, permission_of
from emulator.access.members import EVERYBODY
from emulator.access.policy_rules import changed_roles
from emulator.errors import invalid_argument
from emulator.gateway.request import Request


async def replace(request: Request, resource: str, require: Callable[[sqlite3.Connection], object]) -> dict[str, Any]:
    """Replace the policy of `resource` as a setIamPolicy asks; gives the new one.

    `require` raises in the same transaction where there is no such resource. Raises a 400 without a policy, a 403 for
    a change of roles that the caller's own grant excludes, and what `Policies.set` raises for one that is not valid or
    stale.
    """
    body = request.body or {}
    policy = body.get("policy")
    if policy is None:
        raise invalid_argument("policy is required.")
    context = request.context

    def step(tx: sqlite3.Connection) -> dict[str, Any]:
        require(tx)
        before = context.policies.get(resource, tx)
        after = context.policies.set(tx, resource, policy, body.get("updateMask"))
        _require_grantable(request, resource, before, after)
        return after

    return await context.db.write(step)


async def replace_private(
    request: Request, resource: str, require: Callable[[sqlite3.Connection], object]
) -> dict[str, Any]:
    """The same for a resource that can't be public; raises a 400 where the policy names everybody, too."""
    bindings = ((request.body or {}).get("policy") or {}).get("bindings") or []
    if public := {member for binding in bindings for member in binding.get("members") or ()}.intersection(EVERYBODY):
        raise invalid_argument(
            f"The policy of {resource} can't have {min(public)}: policies of projects, folders and organizations do not"
            " support allUsers and allAuthenticatedUsers."
        )
    return await replace(request, resource, require)


def _require_grantable(request: Request, resource: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Raise a 403 where the caller may set the policy, but not change who has these roles."""
    changed = changed_roles(before.get("bindings", ()), after.get("bindings", ()))
    permission = permission_of(request.method.id)
    if changed and not request.context.policies.allows_changing(request.principal, permission, resource, changed):
        raise denied(permission, resource)


def held_permissions(request: Request, resource: str) -> dict[str, Any]:
    """The answer of testIamPermissions: those of the body's permissions that the caller holds; {} if none."""
    wanted = (request.body or {}).get("permissions") or []
    if any("*" in permission for permission in wanted):
        raise invalid_argument("Permissions with wildcards (such as * or storage.*) are not allowed.")
    policies = request.context.policies
    held = [permission for permission in wanted if policies.allows(request.principal, permission, resource)]
    return {"permissions": held} if held else {}
