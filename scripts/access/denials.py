"""Deny policies of a project and of what is above it, and whom they keep from a permission."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from emulator.access.denials import Rule, as_member, in_v2_form, rules_of
from scripts.access.policies import Policies
from scripts.access.principals import Known, Members, any_of, both
from scripts.access.resources import Resource
from scripts.errors import api_failure

_HOST = "cloudresourcemanager.googleapis.com"


@dataclass(frozen=True)
class Denial:
    """A rule of a deny policy, by the policy's id, and what it is attached to."""

    policy: str
    resource: Resource
    rule: Rule

    def __str__(self) -> str:
        return f"the deny policy {self.policy} on {self.resource}"


class Denials:
    """Reads deny policies, each once."""

    def __init__(self, policies: Policies, members: Members) -> None:
        self._policies = policies
        self._members = members
        self._read: dict[str, tuple[list[Denial], str]] = {}

    def against(self, who: str, permission: str, resource: Resource) -> tuple[Known, Denial | None]:
        """Whether deny policies keep somebody from a permission on a resource, and the rule that does, or may."""
        found = [(self._applies(each.rule, who), each) for each in self._above(resource) if _forbids(each, permission)]
        denied = any_of(known for known, _ in found)
        return denied, next((each for known, each in found if known == denied != Known.NO), None)

    def unread(self, resource: Resource) -> tuple[str, ...]:
        """A sentence for each place above a resource whose deny policies can't be read."""
        return tuple(filter(None, (self._on(each)[1] for each in self._places(resource))))

    def _above(self, resource: Resource) -> Iterator[Denial]:
        for place in self._places(resource):
            yield from self._on(place)[0]

    def _places(self, resource: Resource) -> list[Resource]:
        """What deny policies can be attached to: the project and all above it."""
        project = resource.line[-1]
        if project.kind != "project":
            return [project] if project.kind in ("folder", "organization") else []
        try:
            return [project, *self._policies.ancestors(project)]
        except Exception as error:
            if api_failure(error) is None:
                raise
            return [project]  # that what is above can't be read, the policies say

    def _on(self, place: Resource) -> tuple[list[Denial], str]:
        if place.name not in self._read:
            self._read[place.name] = self._look(place)
        return self._read[place.name]

    def _look(self, place: Resource) -> tuple[list[Denial], str]:
        try:
            found = list(self._listed(place))
        except Exception as error:
            refusal = api_failure(error)
            if refusal is None or refusal.code == 401:
                raise
            why = self._policies.told(refusal)
            return [], f"Deny policies of {place} can't be read, and may forbid what is granted: {why}"
        return [Denial(each["name"].rsplit("/", 1)[-1], place, rule) for each in found for rule in rules_of(each)], ""

    def _listed(self, place: Resource) -> Iterator[Any]:
        """The policies attached to a resource with their rules, which a list leaves out (IAM v2: listPolicies)."""
        policies = self._policies.api("iam", "v2").policies()
        request = policies.listPolicies(parent=f"policies/{quote(f'{_HOST}/{place.name}', safe='')}/denypolicies")
        while request is not None:
            page = self._policies.execute(request)
            for each in page.get("policies", []):
                yield self._policies.execute(policies.get(name=each["name"]))
            request = policies.listPolicies_next(request, page)

    def _applies(self, rule: Rule, who: str) -> Known:
        """Whether a rule is about somebody: denied, not excepted; a condition on tags can't be decided here."""
        denied, exempt = (
            any_of(self._members.stands_for(as_member(each), who) for each in principals)
            for principals in (rule.principals, rule.exempt)
        )
        applies = both(denied, _opposite(exempt))
        return both(applies, Known.UNKNOWN) if rule.condition else applies


def _forbids(denial: Denial, permission: str) -> bool:
    return denial.rule.forbids(in_v2_form(permission))


def _opposite(known: Known) -> Known:
    return {Known.YES: Known.NO, Known.NO: Known.YES, Known.UNKNOWN: Known.UNKNOWN}[known]
