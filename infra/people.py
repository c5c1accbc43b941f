"""People and groups as the configuration names them, and until when one may act."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from infra.conditions import Condition, until

_PERSON = re.compile(
    r"(?P<member>(?:user|group|serviceAccount):[^@\s:]+@[^@\s:]+)"
    r"(?: until (?P<day>\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])))?"
)
FORM = (
    'must list user:NAME@DOMAIN, group:NAME@DOMAIN or serviceAccount:NAME@DOMAIN, each with " until YYYY-MM-DD" behind'
    " it where it ends, and never the public"
)


@dataclass(frozen=True)
class Person:
    """A member of policies, and the day at whose beginning (UTC) its right ends, as YYYY-MM-DD; None for none."""

    member: str
    until: str | None = None

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The person that a text such as `user:ada@example.org until 2027-06-30` names; None where it names none."""
        found = _PERSON.fullmatch(text)
        return cls(found["member"], found["day"]) if found else None

    def condition(self) -> Condition | None:
        """The condition of what is granted to this person."""
        return until(f"{self.until}T00:00:00Z") if self.until else None


def check(texts: Sequence[str]) -> str | None:
    """What is wrong with a list of people; None where nothing is."""
    found = [Person.read(text) for text in texts]
    if None in found:
        return FORM
    members = [each.member for each in found if each]
    return None if len(set(members)) == len(members) else "must name everybody once"


def read(texts: Sequence[str]) -> tuple[Person, ...]:
    """The people of a list that `check` finds nothing wrong with."""
    return tuple(each for each in map(Person.read, texts) if each)
