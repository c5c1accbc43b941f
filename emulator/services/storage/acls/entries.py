"""The entries of a list: entities and roles, the predefined lists, and the members of IAM that entities stand for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulator.services.storage import errors
from emulator.services.storage.buckets.rows import Bucket
from emulator.settings import project_number

if TYPE_CHECKING:
    from emulator.context import Context

READER, WRITER, OWNER = "READER", "WRITER", "OWNER"
OF_OBJECTS = (READER, OWNER)
OF_BUCKETS = (READER, WRITER, OWNER)
MOST = 100
PUBLIC = ("allUsers", "allAuthenticatedUsers")
# Predefined lists of buckets that give somebody more than the policy of a new bucket does.
OPEN_BUCKETS = {
    "authenticatedRead": ("allAuthenticatedUsers", READER),
    "publicRead": ("allUsers", READER),
    "publicReadWrite": ("allUsers", WRITER),
}
_TEAMS = {"owners": "projectOwner", "editors": "projectEditor", "viewers": "projectViewer"}
_ENTITY = re.compile(
    r"(allUsers|allAuthenticatedUsers)|(user|group)-([^@\s]+@[^@\s]+)|(domain)-([^@\s]+)"
    r"|project-(owners|editors|viewers)-([a-z0-9.:-]+)"
)
Entry = dict[str, str]


def checked(entry: Any, roles: tuple[str, ...]) -> Entry:
    """An entry that a caller sent, as entity and role. Raises 400 for one that is none."""
    given = entry if isinstance(entry, dict) else {}
    entity, role = given.get("entity"), given.get("role")
    if not isinstance(entity, str) or not _ENTITY.fullmatch(entity):
        raise errors.invalid(f"Invalid entity '{str(entity)[:80]}' of an access control list.")
    if role not in roles:
        raise errors.invalid(f"Invalid role '{str(role)[:40]}' of an access control list; use {', '.join(roles)}.")
    return {"entity": entity, "role": str(role)}


def checked_list(entries: Any, roles: tuple[str, ...]) -> list[Entry]:
    """A whole list; of two entries for an entity the last counts. Raises 400 for more than 100."""
    found = {entry["entity"]: entry for entry in (checked(each, roles) for each in entries or [])}
    if len(found) > MOST:
        raise errors.invalid(f"An access control list has at most {MOST} entries.")
    return list(found.values())


def with_creator(entries: list[Entry], principal: str) -> list[Entry]:
    """The list of a new object: whoever uploads it owns it."""
    email = principal.partition(":")[2]
    if not email:
        return entries
    owner = {"entity": f"user-{email}", "role": OWNER}
    return [*(entry for entry in entries if entry["entity"] != owner["entity"]), owner]


def predefined(name: str, bucket: Bucket) -> list[Entry]:
    """A predefined list of objects, without the creator's own entry."""
    number = project_number(bucket.project)
    owners, editors, viewers = (f"project-{team}-{number}" for team in _TEAMS)
    lists = {
        "private": (),
        "bucketOwnerRead": ((owners, READER),),
        "bucketOwnerFullControl": ((owners, OWNER),),
        "projectPrivate": ((owners, OWNER), (editors, OWNER), (viewers, READER)),
        "authenticatedRead": (("allAuthenticatedUsers", READER),),
        "publicRead": (("allUsers", READER),),
    }
    if name not in lists:
        raise errors.invalid(f"Invalid predefined access control list '{name[:40]}'; use {', '.join(lists)}.")
    return [{"entity": entity, "role": role} for entity, role in lists[name]]


def refuse_public(bucket: Bucket, entries: list[Entry]) -> None:
    """Raise 412 for an entry that lets everybody in, where public access is prevented."""
    if bucket.public_access_prevented and any(entry["entity"] in PUBLIC for entry in entries):
        raise errors.public_access_prevented()


def member_of(context: Context, entity: str) -> str:
    """The member of IAM that an entity is."""
    match = _ENTITY.fullmatch(entity)
    assert match is not None
    everybody, kind, email, _, domain, team, project = match.groups()
    if everybody:
        return str(everybody)
    if domain:
        return f"domain:{domain}"
    if team:
        return f"{_TEAMS[team]}:{context.project_id(project)}"
    if kind == "user" and email.endswith("gserviceaccount.com"):
        return f"serviceAccount:{email}"
    return f"{kind}:{email}"


def entity_of(member: str) -> str:
    """The entity that a member of IAM is, "" for one that lists can't name."""
    kind, _, rest = member.partition(":")
    if member in PUBLIC:
        return member
    if kind in ("user", "serviceAccount"):
        return f"user-{rest}"
    if kind in ("group", "domain"):
        return f"{kind}-{rest}"
    team = next((team for team, name in _TEAMS.items() if name == kind), None)
    return f"project-{team}-{project_number(rest)}" if team else ""


def described(entry: Entry) -> dict[str, Any]:
    """What the resource of an entry says of its entity, besides the entity itself."""
    kind, _, rest = entry["entity"].partition("-")
    if kind in ("user", "group"):
        return {"email": rest}
    if kind == "domain":
        return {"domain": rest}
    if kind == "project":
        team, _, number = rest.partition("-")
        return {"projectTeam": {"projectNumber": number, "team": team}}
    return {}
