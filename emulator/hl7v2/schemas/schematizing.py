"""The SchematizedData of a message: its segments in the groups of its schema, with values by their types."""

from typing import Any

import orjson

from emulator.hl7v2.errors import MessageError
from emulator.hl7v2.message import Message
from emulator.hl7v2.parsed import V3
from emulator.hl7v2.schemas.layers import FAIL, PARSE, Package, key_of
from emulator.hl7v2.schemas.model import Group, Member, SegmentMember
from emulator.hl7v2.schemas.values import Reader

Shown = dict[str, Any]


def schematized(message: Message, package: Package, version: str) -> str:
    """The JSON of a message by its schema, its keys sorted. Raises MessageError for a message that does not fit."""
    group = package.group_for(message)
    reader = Reader(package.types_for(message), message.delimiters, version == V3)
    shown = {group.name or key_of(message): _Walk(message, package, reader).whole(group)}
    return orjson.dumps(shown, option=orjson.OPT_SORT_KEYS).decode()


class _Walk:
    """A way through the segments of a message, from the first to the last."""

    def __init__(self, message: Message, package: Package, reader: Reader) -> None:
        self._segments = message.segments
        self._unexpected = package.unexpected
        self._reader = reader
        self._at = 0

    def whole(self, group: Group) -> Shown:
        """All segments, in a message's root group."""
        shown = self._group(group, frozenset())
        self._pass_unexpected(frozenset(), shown)
        return shown

    @property
    def _next(self) -> str:
        """The id of the segment that is the next, "" at the end."""
        return self._segments[self._at][0] if self._at < len(self._segments) else ""

    def _group(self, group: Group, follow: frozenset[str]) -> Shown:
        """The members of a group; `follow` has the ids of segments that may come after it."""
        shown: Shown = dict.fromkeys(group.keys)
        if group.choice:
            chosen = next((n for n, member in enumerate(group.members) if self._next in member.starts), None)
            if chosen is not None:
                shown[group.keys[chosen]] = self._member(group.members[chosen], follow, shown)
            return shown
        for key, member, later in zip(group.keys, group.members, group.later, strict=True):
            shown[key] = self._member(member, later | follow, shown)
        return shown

    def _member(self, member: Member, follow: frozenset[str], shown: Shown) -> Any:
        """All that there is of a member: one, or a list where it may be repeated; None for nothing."""
        found: list[Any] = []
        while True:
            self._pass_unexpected(member.starts | follow, shown)
            if self._next not in member.starts or not member.occurs.allows(len(found)):
                break
            found.append(self._one(member, follow))
        if len(found) < member.occurs.least:
            kind = "segment" if isinstance(member, SegmentMember) else "group"
            raise MessageError(f"{kind} {member.name} is missing before segment {self._at + 1}")
        return (found if member.occurs.repeats else found[0]) if found else None

    def _one(self, member: Member, follow: frozenset[str]) -> Any:
        if isinstance(member, Group):
            again = member.starts if member.occurs.repeats else frozenset[str]()
            return self._group(member, follow | again)
        self._at += 1
        return self._reader.segment(self._segments[self._at - 1])

    def _pass_unexpected(self, expected: frozenset[str], shown: Shown) -> None:
        """Deal with segments that have no place here or later, as the schema says."""
        while self._at < len(self._segments) and self._next not in expected:
            name = self._next
            if self._unexpected == FAIL:
                raise MessageError(f"segment {self._at + 1}, {name}, is not expected there")
            self._at += 1
            if self._unexpected == PARSE:
                parsed = self._reader.segment(self._segments[self._at - 1], known=False)
                there = shown.get(name)
                shown[name] = [*there, parsed] if isinstance(there, list) else [there, parsed] if there else [parsed]
