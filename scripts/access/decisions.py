"""Who may do what: the bindings that grant it, whom they stand for, and whether their conditions hold now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from emulator.access import conditions
from scripts.access.denials import Denial, Denials
from scripts.access.policies import Binding, Policies
from scripts.access.principals import Groups, Known, Members, any_of, both
from scripts.access.resources import Resource
from scripts.access.roles import Roles
from scripts.connection import Connection

_LET = {Known.YES: Known.NO, Known.NO: Known.YES, Known.UNKNOWN: Known.UNKNOWN}


@dataclass(frozen=True)
class Grant:
    """One member's role through one binding, as it bears on a question.

    `stands` is whether the member stands for the principal asked about (yes where nobody was asked about), `includes`
    whether the role includes the permission, `holds` whether the condition holds now (yes where there is none), and
    `denied` whether deny policies keep the principal from it all the same, by `denial`.
    """

    binding: Binding
    member: str
    stands: Known = Known.YES
    includes: Known = Known.YES
    holds: Known = Known.YES
    denied: Known = Known.NO
    denial: Denial | None = None

    @property
    def grants(self) -> Known:
        """Whether it grants what was asked about."""
        return both(self._undenied, _LET[self.denied])

    @property
    def _undenied(self) -> Known:
        return both(self.stands, both(self.includes, self.holds))

    def weighed(self, denials: Denials, who: str, permission: str, resource: Resource) -> Grant:
        """The grant with what deny policies say of it, which is asked only where it would grant something."""
        if self._undenied == Known.NO:
            return self
        denied, denial = denials.against(who, permission, resource)
        return replace(self, denied=denied, denial=denial)


@dataclass(frozen=True)
class Answer:
    """The grants that bear on a question, those that decide it first, and what could not be looked at.

    `unread` are policies that might grant it, `unweighed` deny policies that might forbid it; these leave a yes a yes.
    `forbidden` is that a deny policy keeps the principal asked about from it, whatever else may grant it.
    """

    grants: tuple[Grant, ...]
    unread: tuple[str, ...]
    unweighed: tuple[str, ...] = ()
    forbidden: bool = False

    @property
    def allowed(self) -> Known:
        """Whether one of them grants it; unknown where none does, but something could not be looked at."""
        if self.forbidden:
            return Known.NO
        decided = any_of(each.grants for each in self.grants)
        return Known.UNKNOWN if decided == Known.NO and self.unread else decided


class Access:
    """Answers questions about the access to resources."""

    def __init__(self, target: Connection) -> None:
        self.policies = Policies(target)
        self._roles = Roles(target, self.policies)
        self.groups = Groups(target, self.policies)
        self._members = Members(self.policies, self.groups)
        self._denials = Denials(self.policies, self._members)

    def who_can(self, permission: str, resource: Resource) -> Answer:
        """The members that may use a permission on a resource."""
        line = self.policies.line(resource)
        grants = (
            Grant(
                each, member, includes=self._includes(each.role, permission), holds=_holds(each, permission, resource)
            )
            for each in line.bindings
            for member in each.members
        )
        held = [each for each in grants if each.includes != Known.NO]
        weighed = [each.weighed(self._denials, each.member, permission, resource) for each in held]
        return self._answer(weighed, line.unread, resource)

    def what_can(self, principal: str, resources: Iterable[Resource]) -> Answer:
        """The roles that a principal has on any of the resources and on what they inherit from, each binding once."""
        lines = [self.policies.line(each) for each in resources]
        bindings = {id(each): each for line in lines for each in line.bindings}
        grants = [
            Grant(each, member, stands=stands, holds=_holds_anywhere(each))
            for each in bindings.values()
            for member, stands in self._standing(each, principal)
        ]
        return Answer(tuple(grants), tuple(dict.fromkeys(sentence for line in lines for sentence in line.unread)))

    def why(self, principal: str, permission: str, resource: Resource) -> Answer:
        """All grants to a principal that bear on a permission on a resource: what decides, and what falls short."""
        line = self.policies.line(resource)
        grants = (
            Grant(each, member, stands, self._includes(each.role, permission), _holds(each, permission, resource))
            for each in line.bindings
            for member, stands in self._standing(each, principal)
        )
        weighed = [each.weighed(self._denials, principal, permission, resource) for each in grants]
        answer = self._answer(weighed, line.unread, resource)
        return replace(answer, forbidden=any(each.denied == Known.YES for each in weighed))

    def _answer(self, grants: Sequence[Grant], unread: tuple[str, ...], resource: Resource) -> Answer:
        order = (Known.YES, Known.UNKNOWN, Known.NO)
        ordered = tuple(sorted(grants, key=lambda grant: order.index(grant.grants)))
        decides = any(grant.grants != Known.NO for grant in grants)
        return Answer(ordered, unread, self._denials.unread(resource) if decides else ())

    def permissions(self, role: str) -> frozenset[str]:
        """The permissions in a role, as far as they can be seen."""
        return self._roles.permissions(role) or frozenset()

    def _standing(self, binding: Binding, principal: str) -> Iterator[tuple[str, Known]]:
        """The members of a binding that are, or may be, the principal."""
        for member in binding.members:
            stands = self._members.stands_for(member, principal)
            if stands != Known.NO:
                yield member, stands

    def _includes(self, role: str, permission: str) -> Known:
        found = self._roles.permissions(role)
        if found is None:
            return Known.UNKNOWN
        return Known.YES if permission in found else Known.NO


def _holds(binding: Binding, permission: str, resource: Resource) -> Known:
    """Whether the condition of a binding holds for a request made now."""
    if not binding.condition:
        return Known.YES
    kind, service = conditions.attributes(permission, resource.name)
    expression = binding.condition.get("expression", "")
    found = conditions.outcome(expression, conditions.Asked(resource.name, kind, service, datetime.now(UTC)))
    return {True: Known.YES, False: Known.NO, None: Known.UNKNOWN}[found]


def _holds_anywhere(binding: Binding) -> Known:
    """Whether the condition of a binding holds now; unknown where that depends on the resource."""
    if "resource." in binding.condition.get("expression", ""):
        return Known.UNKNOWN
    return _holds(binding, "", binding.resource)
