"""What a schema says, read from the JSON of Cloud Healthcare (SchemaGroup, SchemaSegment, Type, Field)."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
STRING, VARIES, UNESCAPED = "STRING", "VARIES", "UNESCAPED_STRING"
_NUMBER = re.compile(r"\d+$")


@dataclass(frozen=True, slots=True)
class Occurs:
    """How often something may be there; `most` is 0 for any number."""

    least: int
    most: int

    @property
    def repeats(self) -> bool:
        """Whether there may be several, so that it is shown as a list."""
        return self.most != 1

    def allows(self, count: int) -> bool:
        """Whether there may be one more than so many."""
        return not self.most or count < self.most


@dataclass(frozen=True, slots=True)
class SegmentMember:
    """A segment of a group, by its id."""

    name: str
    occurs: Occurs

    @property
    def starts(self) -> frozenset[str]:
        """The ids of segments that it can begin with."""
        return frozenset((self.name,))

    @property
    def can_be_empty(self) -> bool:
        """Whether it may be missing."""
        return self.occurs.least == 0


@dataclass(frozen=True)
class Group:
    """A group of segments and groups, in their order; of a choice, one of them is there."""

    name: str
    members: tuple["Member", ...]
    choice: bool
    occurs: Occurs
    keys: tuple[str, ...]
    """What members are shown as: of several with one name, each gets a number."""
    starts: frozenset[str]
    """The ids of segments that it can begin with."""
    later: tuple[frozenset[str], ...]
    """For each member, the ids that those after it can begin with."""
    can_be_empty: bool
    """Whether it may be missing, or have nothing in it."""


Member = SegmentMember | Group


@dataclass(frozen=True, slots=True)
class Field:
    """A part of a type, by its number from 1."""

    name: str
    number: int
    type: str
    occurs: Occurs


@dataclass(frozen=True, slots=True)
class Type:
    """A segment's type or a datatype: parts by number, or a primitive."""

    name: str
    fields: Mapping[int, Field]
    primitive: str
    """STRING, VARIES or UNESCAPED_STRING; "" for one that has parts."""


def group_of(given: Json, *, ignore_least: bool) -> Group:
    """Read a SchemaGroup; with `ignore_least`, all of it may be missing."""
    choice = bool(given.get("choice"))
    members = tuple(_member(each, ignore_least=ignore_least) for each in given.get("members") or ())
    later, following = [frozenset[str]()] * len(members), frozenset[str]()
    for place in range(len(members) - 1, -1, -1):
        later[place] = following
        following |= members[place].starts
    joined = any if choice else all
    occurs = _occurs(given, ignore_least=ignore_least)
    return Group(
        given.get("name") or "",
        members,
        choice,
        occurs,
        tuple(_keys([member.name for member in members])),
        following if choice else _starts(members),
        tuple(later),
        occurs.least == 0 or joined(member.can_be_empty for member in members),
    )


def type_of(given: Json, *, ignore_least: bool) -> Type:
    """Read a Type."""
    primitive = given.get("primitive") or ""
    fields = {
        field.number: field
        for place, each in enumerate(given.get("fields") or (), 1)
        for field in (_field(each, place, ignore_least=ignore_least),)
    }
    return Type(given.get("name") or "", fields, "" if primitive == "PRIMITIVE_UNSPECIFIED" else primitive)


def _member(given: Json, *, ignore_least: bool) -> Member:
    if given.get("group") is not None:
        return group_of(given["group"], ignore_least=ignore_least)
    segment = given.get("segment") or {}
    return SegmentMember(segment.get("type") or "", _occurs(segment, ignore_least=ignore_least))


def _field(given: Json, place: int, *, ignore_least: bool) -> Field:
    """A field, whose number is what its name ends with ("PID-3", "3"), else its place."""
    name = given.get("name") or str(place)
    number = _NUMBER.search(name)
    return Field(
        name, int(number[0]) if number else place, given.get("type") or "", _occurs(given, ignore_least=ignore_least)
    )


def _occurs(given: Json, *, ignore_least: bool) -> Occurs:
    return Occurs(0 if ignore_least else given.get("minOccurs") or 0, max(given.get("maxOccurs") or 0, 0))


def _starts(members: Iterable[Member]) -> frozenset[str]:
    """What a sequence can begin with: its first members, up to one that must be there."""
    found = frozenset[str]()
    for member in members:
        found |= member.starts
        if not member.can_be_empty:
            break
    return found


def _keys(names: list[str]) -> Iterable[str]:
    several, seen = Counter(names), Counter[str]()
    for name in names:
        seen[name] += 1
        yield f"{name}_{seen[name]}" if several[name] > 1 else name
