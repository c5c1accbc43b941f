"""What roles consist of, asked of IAM: predefined, basic and custom ones."""

from __future__ import annotations

from scripts.access.policies import Policies
from scripts.connection import Connection
from scripts.errors import api_failure


class Roles:
    """Permissions of roles, each asked for once."""

    def __init__(self, target: Connection, policies: Policies) -> None:
        self._target = target
        self._policies = policies
        self._known: dict[str, frozenset[str] | None] = {}

    def permissions(self, role: str) -> frozenset[str] | None:
        """The permissions in a role; None where this account may not see it, or it is gone."""
        if role not in self._known:
            self._known[role] = self._look(role)
        return self._known[role]

    def _look(self, role: str) -> frozenset[str] | None:
        iam = self._policies.api("iam", "v1")
        owner = {"projects": iam.projects, "organizations": iam.organizations}.get(role.partition("/")[0])
        roles = (owner() if owner else iam).roles()
        try:
            found = self._target.execute(roles.get(name=role))
        except Exception as error:
            refusal = api_failure(error)
            if refusal is None or refusal.code == 401:
                raise
            return None
        return frozenset(found.get("includedPermissions", ()))
