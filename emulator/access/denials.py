"""Deny policies: what somebody may not do, whatever allow policies grant (IAM: "Deny policies").

A policy is attached to a project, a folder or an organization, and holds for all below. Its rules name principals and
permissions in the form of IAM v2, and exceptions from both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

DENIALS = "iam.denyPolicies"
# Who may not even change deny policies could never be let in again; Google has other accounts for that.
NEVER_DENIED = "iam.googleapis.com/denypolicies."
_FQDNS = {"resourcemanager": "cloudresourcemanager", "billing": "cloudbilling"}
_SERVICES = {host: service for service, host in _FQDNS.items()}
_FORMS = {
    "principal://goog/subject/": "user:",
    "principal://iam.googleapis.com/projects/-/serviceAccounts/": "serviceAccount:",
    "principalSet://goog/group/": "group:",
    "principalSet://goog/public:all": "allUsers",
}
PERMISSION = re.compile(r"([a-z][a-z0-9-]*)\.googleapis\.com/([A-Za-z0-9]+|\*)\.([A-Za-z0-9]+|\*)")


@dataclass(frozen=True)
class Rule:
    """A rule: whom it denies what, but for exceptions; `condition` is an expression on tags, "" for none."""

    principals: frozenset[str]
    exempt: frozenset[str]
    permissions: tuple[str, ...]
    allowed: tuple[str, ...]
    condition: str

    def forbids(self, permission: str) -> bool:
        """Whether it denies a permission (in v2 form) to those that it denies something."""
        return _names(self.permissions, permission) and not _names(self.allowed, permission)

    def concerns(self, who: frozenset[str], permission: str) -> bool:
        """Whether it denies somebody (all his identities) a permission (in v2 form), its condition aside."""
        if self.principals.isdisjoint(who) or not self.exempt.isdisjoint(who):
            return False
        return self.forbids(permission)


def rules_of(policy: Mapping[str, Any]) -> list[Rule]:
    """The rules of a deny policy as IAM v2 writes it."""
    return [_rule(each.get("denyRule") or {}) for each in policy.get("rules", [])]


def in_v2_form(permission: str) -> str:
    """A permission as deny policies write it: storage.objects.get is storage.googleapis.com/objects.get."""
    service, _, rest = permission.partition(".")
    return f"{_FQDNS.get(service, service)}.googleapis.com/{rest}"


def in_v1_form(permission: str) -> str:
    """A permission of a deny policy as roles have it: storage.googleapis.com/objects.get is storage.objects.get."""
    service, _, rest = permission.partition(".googleapis.com/")
    return f"{_SERVICES.get(service, service)}.{rest}"


def as_member(principal: str) -> str:
    """A principal of a deny policy as allow policies write it; what those have no other form for stays as it is."""
    for beginning, kind in _FORMS.items():
        if principal.startswith(beginning):
            return kind + principal.removeprefix(beginning)
    return principal


def as_principal(member: str) -> str:
    """A service account, or a deleted one, as deny policies write it (IAM: "Deleted principals")."""
    deleted = "deleted:" if member.startswith("deleted:") else ""
    email = member.removeprefix("deleted:").removeprefix("serviceAccount:")
    return f"{deleted}principal://iam.googleapis.com/projects/-/serviceAccounts/{email}"


def _rule(rule: Mapping[str, Any]) -> Rule:
    return Rule(
        frozenset(rule.get("deniedPrincipals", ())),
        frozenset(rule.get("exceptionPrincipals", ())),
        tuple(rule.get("deniedPermissions", ())),
        tuple(rule.get("exceptionPermissions", ())),
        (rule.get("denialCondition") or {}).get("expression", ""),
    )


def _names(patterns: Iterable[str], permission: str) -> bool:
    """Whether one of several names a permission: itself, or a group as in storage.googleapis.com/objects.*."""
    host, _, rest = permission.partition("/")
    noun, _, verb = rest.partition(".")
    alike = {permission, f"{host}/{noun}.*", f"{host}/*.{verb}", f"{host}/*.*"}
    return not alike.isdisjoint(patterns)
