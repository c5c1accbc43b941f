"""Groups of principals, as their owner declares them: no directory of people is emulated.

A group is a resource of kind GROUPS: its address, and its members as policies write them, other groups among them.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from emulator.access.members import check_member
from emulator.errors import ApiError, invalid_argument
from emulator.state.state import State

GROUPS = "cloudidentity.groups"
PARENT = "groups"
_IN_GROUPS = ("user", "serviceAccount", "group", "principal")


def name_of(address: str) -> str:
    """The resource name of the group with an address: groups/ID, where Google's ids say nothing either."""
    return f"{PARENT}/{hashlib.sha256(address.lower().encode()).hexdigest()[:15]}"


def read(path: Path) -> dict[str, list[str]]:
    """The groups that a file declares, as JSON: {address: [member, ...]}.

    Raises OSError, and a 400 for what is no JSON object, no address, no list or no member.
    """
    try:
        found = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise invalid_argument(f"{path} is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise invalid_argument(f"{path} must be a JSON object: the members of each group by its address.")
    return checked(found)


def checked(groups: Mapping[str, Any]) -> dict[str, list[str]]:
    """Groups as somebody declares them. Raises a 400 for what is no address, no list or no member."""
    return {address: _checked(address, members) for address, members in groups.items()}


def declared(state: State) -> dict[str, list[str]]:
    """All groups: the members of each by its address."""
    return {row.body["address"]: row.body["members"] for row in state.resources.list(GROUPS, PARENT)[0]}


def declare(state: State, tx: sqlite3.Connection, groups: Mapping[str, list[str]]) -> None:
    """Put checked groups in the place of all that there are, inside a write. Decisions are the caller's to forget."""
    for row in state.resources.list(GROUPS, PARENT, tx=tx)[0]:
        state.resources.delete(tx, GROUPS, row.name)
    for address, members in groups.items():
        state.resources.insert(tx, GROUPS, name_of(address), PARENT, {"address": address, "members": members})


def memberships(groups: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """For each member, the groups (`group:ADDRESS`) that it is in, directly or through others."""
    direct: defaultdict[str, set[str]] = defaultdict(set)
    for address, members in groups.items():
        for member in members:
            direct[member].add(f"group:{address}")
    return {member: _reached(member, direct) for member in list(direct)}


def _reached(member: str, direct: Mapping[str, set[str]]) -> frozenset[str]:
    reached: set[str] = set()
    waiting = [member]
    while waiting:
        new = direct.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return frozenset(reached)


def _checked(address: str, members: Any) -> list[str]:
    try:
        check_member(f"group:{address}")
    except ApiError:
        raise invalid_argument(f'"{address[:200]}" is no address of a group, such as radiology@example.org.') from None
    if not isinstance(members, list):
        raise invalid_argument(f"The members of the group {address} must be a list.")
    for member in members:
        check_member(str(member))
        if str(member).partition(":")[0] not in _IN_GROUPS:
            raise invalid_argument(f"{member} can be in no group: people, service accounts and groups can.")
    return sorted(set(members))
