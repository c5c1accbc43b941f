"""Custom roles: what somebody's own role grants, as far as decisions ask (IAM: "Roles and permissions")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from emulator.access import roles

CUSTOM_ROLES = "iam.customRoles"
_PERMISSION = re.compile(r"[a-z][A-Za-z0-9.-]*(\.[A-Za-z0-9_-]+){2}")
# Services of whose collections the data files list every permission; of others some may be missing.
_LISTED = ("bigquery", "cloudkms", "cloudscheduler", "healthcare", "pubsub", "storage")
# What is above a project can't be reached from it (IAM: "Custom roles", permissions that a project's can't have).
_ABOVE_PROJECTS = ("resourcemanager.folders.", "resourcemanager.organizations.", "resourcemanager.projects.list")
_NAME = re.compile(r"((?:projects|organizations)/[^/]+)/roles/[^/]+")


def owner_of(role: str) -> str | None:
    """The project or organization that a custom role's name is of; None for any other role."""
    found = _NAME.fullmatch(role)
    return found[1] if found else None


def granted(role: Mapping[str, Any]) -> frozenset[str]:
    """The permissions that a role grants; none where it is deleted or its stage is DISABLED."""
    if role.get("deleted") or role.get("stage") == "DISABLED":
        return frozenset()
    return frozenset(role.get("includedPermissions", ()))


def may_hold(owner: str, permission: str) -> bool:
    """Whether a custom role of a project or organization may have a permission.

    Permissions of services that are not emulated may be in one, and decide nothing.
    """
    if owner.startswith("projects/") and permission.startswith(_ABOVE_PROJECTS):
        return False
    if not _PERMISSION.fullmatch(permission):
        return False
    known = permission.partition(".")[0] in _LISTED and permission.rpartition(".")[0] in _collections()
    return not known or permission in roles.all_permissions()


@cache
def _collections() -> frozenset[str]:
    """The collections whose permissions are known, as in storage.objects."""
    return frozenset(permission.rpartition(".")[0] for permission in roles.all_permissions())
