"""Validation of resources against the definitions of their version, with a store's switches."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from emulator.fhir import referring
from emulator.fhir.definitions import load
from emulator.fhir.validation.problems import Aspect, Problem
from emulator.fhir.validation.rules import Rules

Json = dict[str, Any]


@dataclass(frozen=True)
class Checks:
    """Which rules count: the opposite of the switches of FhirStore.validationConfig."""

    required: bool = True
    """False for disableRequiredFieldValidation."""
    references: bool = True
    """False for disableReferenceTypeValidation."""
    invariants: bool = True
    """False for disableFhirpathValidation."""

    def counts(self, problem: Problem) -> bool:
        """Whether a problem counts."""
        switched = {Aspect.REQUIRED: self.required, Aspect.REFERENCE: self.references}
        return switched.get(problem.aspect, True)


ALL = Checks()
_CONTAINING = frozenset(("contained", "Contained"))


def validate(resource: Json, version: str, checks: Checks = ALL) -> list[Problem]:
    """What is wrong with a resource, as `parsing.parse` gave it, in a version by its name in a store: R4.

    A resource that can't be read has only the problems that say why, as Google's parser has it; broken invariants are
    told of what is right otherwise.
    """
    found = rules(version, checks.invariants).resource(resource)
    if not found:
        return []
    top = str(resource.get("resourceType", ""))
    problems = [_at_top(problem, top) for problem in found if checks.counts(problem)]
    unreadable = [each for each in problems if each.aspect is Aspect.STRUCTURE]
    return unreadable or [each for each in problems if each.aspect is not Aspect.INVARIANT] or problems


def references_of_right(resource: Json, version: str, checks: Checks = ALL) -> list[str] | None:
    """The texts of a resource's references outside of extensions, in no order; None where something is wrong."""
    if not _CONTAINING.isdisjoint(resource):
        return None if validate(resource, version, checks) else referring.texts(resource, version)
    found = rules(version, checks.invariants).references(resource)
    if found is None and not validate(resource, version, checks):  # wrong only in what does not count
        return referring.texts(resource, version)
    return found


@cache
def rules(version: str, invariants: bool) -> Rules:
    """The rules of a version, with or without its invariants, kept once made."""
    return Rules(load(version), invariants=invariants)


def _at_top(problem: Problem, name: str) -> Problem:
    """The problem with the path of a resource that stands alone, which begins with its type."""
    if problem.aspect is Aspect.STRUCTURE:
        return problem
    return Problem(problem.details, problem.diagnostics, problem.aspect, name + problem.path[len(name) :])
