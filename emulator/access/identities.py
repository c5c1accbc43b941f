"""Whom a principal counts as: every member of an allow or deny policy that stands for it.

IAM: "Principal identifiers" (of allow policies, and of deny policies, whose forms begin with principal).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from emulator.access.federated import Federated

EVERYBODY_DENIED = "principalSet://goog/public:all"
_AGENT = re.compile(r"service-(\d+)")
_POOL = re.compile(r"principal:(//iam\.googleapis\.com/.+/(?:workload|workforce)[A-Za-z]*Pools/[^/]+)/subject/.+")


def identities(
    principal: str, groups: Mapping[str, frozenset[str]], sets: frozenset[str] = frozenset()
) -> frozenset[str]:
    """All members that stand for a principal ("" is anonymous).

    `groups` are those of `groups.memberships`, `sets` those of `sets_of_account` for a service account. Of a pool's
    sets, the one of all its identities is among them, and those by what a token said as far as a Federated has them.
    """
    if not principal:
        return frozenset(("allUsers", EVERYBODY_DENIED))
    found = {str(principal), "allUsers", EVERYBODY_DENIED} | groups.get(principal, frozenset())
    kind, _, rest = principal.partition(":")
    if kind == "principal":
        if pool := _POOL.fullmatch(principal):
            found.add(f"principalSet:{pool[1]}/*")
        if isinstance(principal, Federated):
            found |= principal.sets
    else:
        found.add("allAuthenticatedUsers")  # which federated identities are not (IAM: "allAuthenticatedUsers")
    if kind == "user":
        found |= {f"domain:{rest.partition('@')[2]}", f"principal://goog/subject/{rest}"}
    elif kind == "serviceAccount":
        found.add(f"principal://iam.googleapis.com/projects/-/serviceAccounts/{rest}")
        found |= sets
    return frozenset(found | {f"principalSet://goog/group/{each[6:]}" for each in found if each.startswith("group:")})


def sets_of_account(email: str, places_of: Callable[[str], Iterable[str]]) -> frozenset[str]:
    """The sets of all service accounts, or of all service agents, that one is in: of its project and what is above.

    places_of gives a project, by its id or number, and all that it lies in; nothing where there is none.
    """
    name, _, domain = email.partition("@")
    agent = _AGENT.fullmatch(name)
    places = places_of(agent[1] if agent else domain.removesuffix(".iam.gserviceaccount.com"))
    kind = "ServiceAgent" if agent else "ServiceAccount"
    return frozenset(f"principalSet://cloudresourcemanager.googleapis.com/{each}/type/{kind}" for each in places)
