"""What an allow policy may say: bindings, audit configuration, and how much (IAM: "Policy", "Quotas and limits")."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

import orjson

from emulator.access import conditions
from emulator.access.members import EVERYBODY, check_member
from emulator.errors import invalid_argument

Binding = dict[str, Any]

VERSIONS = (0, 1, 3)
CONDITIONAL_VERSION = 3
WITH_CONDITION = "_withcond_"
BASIC = frozenset(("roles/owner", "roles/editor", "roles/viewer"))
# IAM: "Quotas and limits". Each appearance of a principal counts, also as one that audits exempt.
MOST_PRINCIPALS = 1500
MOST_GROUPS = 250
MOST_CONDITIONS = 20
_LOG_TYPES = ("ADMIN_READ", "DATA_READ", "DATA_WRITE")


def checked(bindings: list[Binding]) -> list[Binding]:
    """The bindings that grant something to somebody. Raises a 400 for a role, member or condition that is none."""
    kept = []
    for binding in bindings:
        role = binding.get("role", "")
        if not role.startswith(("roles/", "projects/", "organizations/")) or WITH_CONDITION in role:
            raise invalid_argument(f"Role {role or '(none)'} is not of the form roles/NAME.")
        for member in binding.get("members", []):
            check_member(member)
        condition = binding.get("condition")
        if condition:
            conditions.check(condition.get("expression", ""))
            _require_conditional(role, binding.get("members", []))
        if binding.get("members"):
            kept.append(binding)
    return kept


def checked_audit(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An audit configuration as it was given. Raises a 400 for a service, kind of access or member that is none."""
    for config in configs:
        if not config.get("service"):
            raise invalid_argument("An audit config must have a service: allServices, or SERVICE.googleapis.com.")
        for log in config.get("auditLogConfigs", []):
            if log.get("logType") not in _LOG_TYPES:
                raise invalid_argument(f"An audit config's logType must be one of {', '.join(_LOG_TYPES)}.")
            for member in log.get("exemptedMembers", []):
                check_member(member)
    return configs


def check_sizes(bindings: list[Binding], audit: list[dict[str, Any]]) -> None:
    """Raise a 400 for more principals or groups, or one grant under more conditions, than a policy may have."""
    members = [member for binding in bindings for member in binding["members"]]
    exempted = [
        member
        for config in audit
        for log in config.get("auditLogConfigs", [])
        for member in log.get("exemptedMembers", [])
    ]
    _require_at_most("members", len(members) + len(exempted), MOST_PRINCIPALS)
    _require_at_most("groups", sum(member.startswith(("group:", "domain:")) for member in members), MOST_GROUPS)
    for (role, member), count in _conditional(bindings).items():
        if count > MOST_CONDITIONS:
            raise invalid_argument(
                f"The policy grants {role} to {member} under {count} conditions; at most {MOST_CONDITIONS} are allowed."
            )


def is_conditional(bindings: Iterable[Binding]) -> bool:
    """Whether one of the bindings has a condition."""
    return any(binding.get("condition") for binding in bindings)


def without_condition(binding: Binding) -> Binding:
    """A binding as policies below version 3 show it: for its condition, its role has a suffix."""
    condition = binding.get("condition")
    if not condition:
        return binding
    mark = hashlib.sha256(orjson.dumps(condition, option=orjson.OPT_SORT_KEYS)).hexdigest()[:20]
    return {"role": f"{binding['role']}{WITH_CONDITION}{mark}", "members": binding["members"]}


def changed_roles(before: Iterable[Binding], after: Iterable[Binding]) -> list[str]:
    """The roles whose members, or their conditions, differ between two policies."""
    grants = [_grants(bindings) for bindings in (before, after)]
    return sorted({role for role, _, _ in grants[0] ^ grants[1]})


def with_grants(bindings: Iterable[Binding], grants: Iterable[tuple[str, str]]) -> list[Binding]:
    """The bindings with these roles for these members, without conditions."""
    after = [{**binding, "members": list(binding.get("members", ()))} for binding in bindings]
    for role, member in sorted(grants):
        found = next((each for each in after if each["role"] == role and not each.get("condition")), None)
        if found is None:
            found = {"role": role, "members": []}
            after.append(found)
        if member not in found["members"]:
            found["members"].append(member)
    return after


def without_grants(bindings: Iterable[Binding], grants: Iterable[tuple[str, str]]) -> list[Binding]:
    """The bindings without these roles of these members; those with conditions stay."""
    taken = set(grants)
    return [
        binding
        if binding.get("condition")
        else {**binding, "members": [each for each in binding["members"] if (binding["role"], each) not in taken]}
        for binding in bindings
    ]


def _grants(bindings: Iterable[Binding]) -> set[tuple[str, str, bytes]]:
    return {
        (binding["role"], member, orjson.dumps(binding.get("condition"), option=orjson.OPT_SORT_KEYS))
        for binding in bindings
        for member in binding.get("members", ())
    }


def _conditional(bindings: Iterable[Binding]) -> Counter[tuple[str, str]]:
    return Counter(
        (binding["role"], member) for binding in bindings if binding.get("condition") for member in binding["members"]
    )


def _require_at_most(noun: str, count: int, most: int) -> None:
    if count > most:
        raise invalid_argument(
            f"The number of {noun} in the policy ({count:,}) is larger than the maximum allowed size {most:,}."
        )


def _require_conditional(role: str, members: list[str]) -> None:
    """Raise a 400 for a grant that can bear no condition: of a basic role, or to everybody (IAM: "Conditions")."""
    if role in BASIC:
        raise invalid_argument(f"The basic role {role} can not be granted with a condition.")
    for member in members:
        if member in EVERYBODY:
            raise invalid_argument(f"A role that is granted to {member} can not have a condition.")
