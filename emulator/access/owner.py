"""The roles that the owner's token has on the organization, so that no project's policy locks it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.errors import failed_precondition

# roles/owner reaches objects only through a bucket's own policy, which anybody's setIamPolicy may replace; it leaves
# organizations out: it makes no projects and no deny policies, and sets no policy above projects, and makes no folders.
OWNER_ROLES = (
    "roles/owner",
    "roles/storage.admin",
    "roles/resourcemanager.projectCreator",
    "roles/resourcemanager.organizationAdmin",
    "roles/resourcemanager.folderAdmin",
    "roles/iam.denyAdmin",
)


def lacks_roles(policy: Mapping[str, Any], owner: str) -> list[str]:
    """The roles that the owner does not have by a policy of the organization without a condition."""
    held = {
        binding.get("role")
        for binding in policy.get("bindings", [])
        if owner in binding.get("members", []) and not binding.get("condition")
    }
    return [role for role in OWNER_ROLES if role not in held]


def require_owner_in(policy: Mapping[str, Any], owner: str) -> None:
    """Raise a 400 for a policy of the organization that takes a role from the owner's token."""
    if missing := lacks_roles(policy, owner):
        raise failed_precondition(
            f"The policy would take {', '.join(missing)} from {owner}, the emulator's owner, whom nothing may lock out:"
            " keep its bindings."
        )
