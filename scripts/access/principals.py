"""Principals and the members of policies that stand for them: domains, groups, owners of projects, everybody."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from scripts.access.policies import Policies
from scripts.access.resources import Resource
from scripts.connection import Connection
from scripts.errors import UsageError, api_failure

_BASIC = {"projectOwner": "roles/owner", "projectEditor": "roles/editor", "projectViewer": "roles/viewer"}
_KINDS = ("user", "serviceAccount", "group", "domain", "principal", "principalSet", *_BASIC)
EVERYBODY = ("allUsers", "allAuthenticatedUsers")
_PAGE = 500


class Known(StrEnum):
    """What can be said of something: that it is so, that it isn't, or that it can't be known from here."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def principal(text: str) -> str:
    """A principal as policies write it; an address alone is a service account's or a user's. Raises UsageError."""
    if text in EVERYBODY or text.partition(":")[0] in _KINDS:
        return text
    if "@" not in text or ":" in text:
        raise UsageError(f"{text} is no principal: give an address, or one as in group:radiology@example.org.")
    return f"serviceAccount:{text}" if text.endswith(".gserviceaccount.com") else f"user:{text}"


class Groups:
    """Who is in a group, asked of Cloud Identity."""

    def __init__(self, target: Connection, policies: Policies) -> None:
        self._target = target
        self._policies = policies
        self._known: dict[str, frozenset[str] | None] = {}

    def members(self, group: str) -> frozenset[str] | None:
        """The members of `group:ADDRESS`, and of the groups in it; None where this account may not see some of them."""
        if group not in self._known:
            self._known[group] = frozenset()  # a group that contains itself adds nobody
            self._known[group] = self._all(group)
        return self._known[group]

    def _all(self, group: str) -> frozenset[str] | None:
        try:
            direct = self._direct(group.partition(":")[2])
        except Exception as error:
            refusal = api_failure(error)
            if refusal is None or refusal.code == 401:
                raise
            return None
        found = frozenset(direct)
        for inner in (each for each in direct if each.startswith("group:")):
            more = self.members(inner)
            if more is None:
                return None
            found |= more
        return found

    def _direct(self, address: str) -> list[str]:
        groups = self._policies.api("cloudidentity", "v1").groups()
        name = self._target.execute(groups.lookup(groupKey_id=address))["name"]
        found = self._target.listed(groups.memberships(), "memberships", parent=name, view="FULL", pageSize=_PAGE)
        return [_member(each) for each in found]


def _member(membership: Any) -> str:
    address = str(membership["preferredMemberKey"]["id"])
    if membership.get("type") == "GROUP":
        return f"group:{address}"
    return principal(address)


class Members:
    """Whether a member of a policy stands for a principal."""

    def __init__(self, policies: Policies, groups: Groups) -> None:
        self._policies = policies
        self._groups = groups

    def stands_for(self, member: str, who: str) -> Known:
        """Whether what is granted to `member` is granted to `who`."""
        kind, _, rest = member.partition(":")
        if member in (who, "allUsers") or (member == "allAuthenticatedUsers" and who != "allUsers"):
            return Known.YES
        if kind == "domain":
            of_people = who.startswith(("user:", "group:"))
            return Known.YES if of_people and who.endswith(f"@{rest}") else Known.NO
        if kind in _BASIC:
            return self._has_basic(rest, _BASIC[kind], who)
        if kind == "group":
            inside = self._groups.members(member)
            return Known.UNKNOWN if inside is None else _known(who in inside)
        if kind == "principalSet":
            return Known.UNKNOWN if who.startswith("principal:") else Known.NO
        return Known.NO

    def _has_basic(self, project: str, role: str, who: str) -> Known:
        """Whether somebody has a basic role on the project, as `projectOwner:` and its like ask for."""
        bindings = self._policies.on(Resource("project", f"projects/{project}", project)).bindings
        members = [member for binding in bindings if binding.role == role for member in binding.members]
        return any_of(self.stands_for(member, who) for member in members)


def _known(so: bool) -> Known:
    return Known.YES if so else Known.NO


def any_of(values: Any) -> Known:
    """Whether one of several is so: yes where one is, unknown where one might be."""
    found = set(values)
    return next((each for each in (Known.YES, Known.UNKNOWN) if each in found), Known.NO)


def both(one: Known, other: Known) -> Known:
    """Whether two things are so together."""
    return next((each for each in (Known.NO, Known.UNKNOWN) if each in (one, other)), Known.YES)
