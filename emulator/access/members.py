"""Members of IAM policies: what they look like, and what becomes of one whose service account is deleted.

IAM: "Principal identifiers", "Deleted principals".
"""

from __future__ import annotations

import re

from emulator.errors import invalid_argument

EVERYBODY = ("allUsers", "allAuthenticatedUsers")
_ADDRESS = re.compile(r"[^@\s:?]+@[^@\s:?]+")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_PROJECT = re.compile(r"[a-z0-9][a-z0-9:.-]*")
_ADDRESSED = ("user", "serviceAccount", "group")
_CONVENIENCE = ("projectOwner", "projectEditor", "projectViewer")
_DELETED = re.compile(r"deleted:(user|serviceAccount|group):([^?]+)\?uid=(\d+)")
_FEDERATED = re.compile(r"(principal|principalSet)://[a-z]+\.googleapis\.com/\S+")


def check_member(member: str) -> None:
    """Raise the 400 of setIamPolicy for what is no member of a policy."""
    if member in EVERYBODY or _FEDERATED.fullmatch(member) or _DELETED.fullmatch(member):
        return
    kind, colon, rest = member.partition(":")
    if kind in _ADDRESSED and colon:
        # A service account of Kubernetes is PROJECT.svc.id.goog[NAMESPACE/NAME].
        right = bool(_ADDRESS.fullmatch(rest)) or (kind == "serviceAccount" and ".svc.id.goog[" in rest)
    elif kind == "domain" and colon:
        right = bool(_DOMAIN.fullmatch(rest))
    elif kind in _CONVENIENCE and colon:
        right = bool(_PROJECT.fullmatch(rest))
    elif kind == "deleted":
        right = False
    else:
        raise invalid_argument(
            f"The member {member[:200]} is of an unknown type. Please set a valid type prefix for the member."
        )
    if not right:
        wanted = {"domain": "a domain such as example.com", "deleted": "as in deleted:user:ADDRESS?uid=NUMBER"}
        text = wanted.get(kind, "a project's id" if kind in _CONVENIENCE else "an e-mail address")
        raise invalid_argument(f'Invalid member "{member[:200]}": after {kind}: comes {text}.')


def deleted_account(email: str, unique_id: str) -> str:
    """How policies name a service account that was deleted: nobody is that, whoever gets the address later."""
    return f"deleted:serviceAccount:{email}?uid={unique_id}"
