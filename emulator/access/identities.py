"""Whom a principal counts as: every member of an allow or deny policy that stands for it.

IAM: "Principal identifiers" (of allow policies, and of deny policies, whose forms begin with principal).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

EVERYBODY_DENIED = "principalSet://goog/public:all"
_POOL = re.compile(r"principal:(//iam\.googleapis\.com/.+/(?:workload|workforce)[A-Za-z]*Pools/[^/]+)/subject/.+")


def identities(principal: str, groups: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """All members that stand for a principal ("" is anonymous), with the groups that `groups.memberships` has him in.

    Of a pool's sets, the one of all its identities is among them; those by what a token said are not known here.
    """
    if not principal:
        return frozenset(("allUsers", EVERYBODY_DENIED))
    found = {principal, "allUsers", EVERYBODY_DENIED} | groups.get(principal, frozenset())
    kind, _, rest = principal.partition(":")
    if kind == "principal":
        if pool := _POOL.fullmatch(principal):
            found.add(f"principalSet:{pool[1]}/*")
    else:
        found.add("allAuthenticatedUsers")  # which federated identities are not (IAM: "allAuthenticatedUsers")
    if kind == "user":
        found |= {f"domain:{rest.partition('@')[2]}", f"principal://goog/subject/{rest}"}
    elif kind == "serviceAccount":
        found.add(f"principal://iam.googleapis.com/projects/-/serviceAccounts/{rest}")
    return frozenset(found | {f"principalSet://goog/group/{each[6:]}" for each in found if each.startswith("group:")})
