"""What consents say of a use of a resource (Cloud Healthcare: consentStores.checkDataAccess, evaluateUserConsents)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from emulator.consent.rules import Rule

NOT_APPLICABLE = "NOT_APPLICABLE"
NO_MATCHING_POLICY = "NO_MATCHING_POLICY"
NO_SATISFIED_POLICY = "NO_SATISFIED_POLICY"
HAS_SATISFIED_POLICY = "HAS_SATISFIED_POLICY"

Attributes = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule, and the resources that it is about: values by resource attribute, any of which a resource must have."""

    resources: Attributes
    rule: Rule

    def matches(self, resource: Mapping[str, str], defaults: Attributes) -> bool:
        """Whether it is about a resource, given its attributes.

        One that names no attribute is about all resources; one that names some has the `defaults` for the others.
        """
        if not self.resources:
            return True
        return _all_in(resource, self.resources) and all(
            name in self.resources or resource.get(name) in values for name, values in defaults.items()
        )


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one consent says: one of the results above, and whether a rule could not be told."""

    result: str
    untold: bool = False


def evaluate(
    policies: Iterable[Policy], resource: Mapping[str, str], request: Mapping[str, str], defaults: Attributes
) -> Evaluation:
    """What the policies of an applicable consent say of a request for a resource, given the attributes of both.

    A policy whose rule can't be told is not satisfied.
    """
    matching = [policy for policy in policies if policy.matches(resource, defaults)]
    if not matching:
        return Evaluation(NO_MATCHING_POLICY)
    verdicts = [policy.rule.holds(request) for policy in matching]
    if True in verdicts:
        return Evaluation(HAS_SATISFIED_POLICY)
    return Evaluation(NO_SATISFIED_POLICY, None in verdicts)


def _all_in(resource: Mapping[str, str], wanted: Attributes) -> bool:
    return all(resource.get(name) in values for name, values in wanted.items())
