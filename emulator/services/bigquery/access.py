"""The access list of a dataset, and the IAM policy that says the same, so that authorisation follows it.

Dataset.access in Google's discovery document bigquery.v2.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from emulator.services.bigquery.errors import invalid
from emulator.services.bigquery.names import DatasetName

Entry = dict[str, Any]

LEGACY_OF = {
    "roles/bigquery.dataOwner": "OWNER",
    "roles/bigquery.dataEditor": "WRITER",
    "roles/bigquery.dataViewer": "READER",
}
ROLE_OF = {legacy: role for role, legacy in LEGACY_OF.items()}
SPECIAL_GROUPS = {"projectOwners": "projectOwner", "projectWriters": "projectEditor", "projectReaders": "projectViewer"}
MEMBER_KEYS = ("userByEmail", "groupByEmail", "domain", "specialGroup", "iamMember")
RESOURCE_KEYS = ("view", "routine", "dataset")
IAM_POLICY_VERSION = 3
# What BigQuery puts into the list of a dataset that is created without one: nobody has written these.
DEFAULT_GROUPS: tuple[Entry, ...] = (
    {"role": "WRITER", "specialGroup": "projectWriters"},
    {"role": "OWNER", "specialGroup": "projectOwners"},
    {"role": "READER", "specialGroup": "projectReaders"},
)


def default_entries(principal: str) -> list[Entry]:
    """The access list of a dataset that is created without one."""
    writers, owners, readers = (dict(entry) for entry in DEFAULT_GROUPS)
    creator = [{"role": "OWNER", "userByEmail": principal.partition(":")[2]}] if ":" in principal else []
    return [writers, owners, *creator, readers]


def normalise(entries: list[Entry], policy_version: int, before: Iterable[Entry] = ()) -> list[Entry]:
    """Check an access list as a caller sends it, and give it as it is kept: without duplicates.

    Roles with a basic equivalent become that (roles/bigquery.dataOwner is OWNER), but for callers that ask for
    policy version 3, which get the names that they sent. They, too, find an entry that somebody has written in the
    legacy form as it was written (Dataset.access.role), though they have written the whole list anew in the other, as
    the gcp provider does for each member; `before` is the list that there was. Raises a 400 for an entry that is none.
    """
    legacy = [entry for entry in before if entry.get("role") in ROLE_OF and entry not in DEFAULT_GROUPS]
    kept: list[Entry] = []
    for entry in entries:
        kinds = [key for key in (*MEMBER_KEYS, *RESOURCE_KEYS) if entry.get(key)]
        if len(kinds) != 1:
            raise invalid(
                f"An access entry names one of {', '.join((*MEMBER_KEYS, *RESOURCE_KEYS))}; found {kinds or 'none'}."
            )
        if kinds[0] in MEMBER_KEYS and not entry.get("role"):
            raise invalid(f"The access entry for {entry[kinds[0]]} has no role.")
        role = entry.get("role")
        clean = {key: value for key, value in entry.items() if value is not None}
        if role:
            in_legacy = {**clean, "role": LEGACY_OF.get(role, role)}
            clean = in_legacy if policy_version < IAM_POLICY_VERSION or in_legacy in legacy else clean
        if clean not in kept:
            kept.append(clean)
    return kept


def to_policy(name: DatasetName, entries: list[Entry]) -> dict[str, Any]:
    """The IAM policy that grants what the access list says. Views, routines and datasets grant nothing by it."""
    bindings: dict[str, dict[str, Any]] = {}
    for entry in entries:
        member = _member(name, entry)
        if member is None:
            continue
        role = ROLE_OF.get(entry["role"], entry["role"])
        condition = entry.get("condition")
        key = f"{role} {condition}"
        binding = bindings.setdefault(key, {"role": role, "members": []})
        if condition:
            binding["condition"] = condition
        if member not in binding["members"]:
            binding["members"].append(member)
    return {"version": IAM_POLICY_VERSION, "bindings": list(bindings.values())}


def with_grants(name: DatasetName, entries: list[Entry], grants: Iterable[tuple[str, str]]) -> list[Entry]:
    """The access list with these roles for these members, as policies name both."""
    made = [{"role": LEGACY_OF.get(role, role), **_entry_of(member)} for role, member in sorted(grants)]
    known = {(_role(entry), _member(name, entry)) for entry in entries if not entry.get("condition")}
    return [*entries, *(entry for entry in made if (_role(entry), _member(name, entry)) not in known)]


def without_grants(name: DatasetName, entries: list[Entry], grants: Iterable[tuple[str, str]]) -> list[Entry]:
    """The access list without these roles of these members, as policies name both."""
    taken = set(grants)
    return [e for e in entries if e.get("condition") or (_role(e), _member(name, e) or "") not in taken]


def _role(entry: Entry) -> str:
    role = str(entry.get("role", ""))
    return ROLE_OF.get(role, role)


def _entry_of(member: str) -> Entry:
    """The key of an access entry that names a member, as policies name it."""
    kind, _, name = member.partition(":")
    if member == "allAuthenticatedUsers":
        return {"specialGroup": member}
    keys = {"user": "userByEmail", "serviceAccount": "userByEmail", "group": "groupByEmail", "domain": "domain"}
    return {keys[kind]: name} if kind in keys else {"iamMember": member}


def renamed(entries: list[Entry], before: str, after: str) -> list[Entry]:
    """The access list with one member, as policies name it, in place of another."""
    return [{**_without_member(entry), **_entry_of(after)} if _named(entry) == before else entry for entry in entries]


def _named(entry: Entry) -> str:
    email = entry.get("userByEmail")
    return _user(email) if email else entry.get("iamMember", "")


def _without_member(entry: Entry) -> Entry:
    return {key: value for key, value in entry.items() if key not in MEMBER_KEYS}


def _user(email: str) -> str:
    return f"serviceAccount:{email}" if email.endswith(".gserviceaccount.com") else f"user:{email}"


def _member(name: DatasetName, entry: Entry) -> str | None:
    if email := entry.get("userByEmail"):
        return _user(email)
    if email := entry.get("groupByEmail"):
        return f"group:{email}"
    if domain := entry.get("domain"):
        return f"domain:{domain}"
    if group := entry.get("specialGroup"):
        if group in SPECIAL_GROUPS:
            return f"{SPECIAL_GROUPS[group]}:{name.project}"
        if group == "allAuthenticatedUsers":
            return str(group)
        raise invalid(f"Unknown special group {group}.")
    member: str | None = entry.get("iamMember")
    return member


def authorises(entries: list[Entry], kind: str, reference: dict[str, str]) -> bool:
    """Whether the access list lets a view or a routine read the dataset: itself, or all of its dataset's views.

    kind is view or routine; reference is its tableReference or routineReference.
    """
    for entry in entries:
        if entry.get(kind) == reference:
            return True
        if kind != "view":
            continue
        shared = (entry.get("dataset") or {}).get("dataset")
        if shared and shared == {key: reference[key] for key in ("projectId", "datasetId")}:
            return True
    return False
