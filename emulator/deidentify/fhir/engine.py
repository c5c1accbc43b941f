"""A resource in, a de-identified resource out: the way through its fields, each by the action that is due there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from emulator.deidentify.fhir import people
from emulator.deidentify.fhir.attachments import Attached
from emulator.deidentify.fhir.filling import Filling
from emulator.deidentify.fhir.links import Links
from emulator.deidentify.fhir.narratives import Narrative
from emulator.deidentify.fhir.places import Tree
from emulator.deidentify.fhir.rules import Action, FhirRules, basic
from emulator.deidentify.fhir.values import Person, Values
from emulator.deidentify.fhir.walk import Change, Walk
from emulator.deidentify.keys import Secret
from emulator.deidentify.text import Cleaner, Known
from emulator.deidentify.text.findings import FindingKind
from emulator.deidentify.text.info_types import CONTEXTUAL
from emulator.fhir.definitions import load
from emulator.fhir.validation.problems import Problem
from emulator.fhir.validation.validator import rules as validation
from emulator.fhir.validation.validator import validate

Json = dict[str, Any]
_IN_TEXTS = (None, Action.KEEP, Action.CHECK, Action.CLEAN)


@dataclass(frozen=True)
class Deidentified:
    """A de-identified resource, what changed, and what is wrong with it, as far as that could not be mended.

    A resource that was right before may only break an invariant that needs what was removed.
    """

    resource: Json
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]

    @property
    def found(self) -> Counter[FindingKind]:
        """How many texts of each kind were replaced."""
        return Counter(kind for change in self.changes for kind in change.found)


class Deidentifier:
    """De-identifies resources of a version of FHIR, all in one way: made once for a run.

    version  by its name in a store: R4
    secret   gives ids, UIDs, hashes and date shifts where the rules have no key of their own
    cleaner  for texts
    store    the store that references are seen from: projects/P/locations/L/datasets/D/fhirStores/F
    today    the day by which ages are told; the day on which this is made, unless said
    """

    def __init__(
        self,
        version: str,
        rules: FhirRules,
        secret: Secret,
        cleaner: Cleaner,
        store: str = "",
        today: date | None = None,
    ) -> None:
        self.version = version
        self._today = today or datetime.now(UTC).date()
        self._rules = rules
        definitions = load(version)
        self._tree = Tree(definitions, rules.fields)
        self._basic = Tree(definitions, basic()) if rules.contextual else None
        self._links = Links(self._tree, secret, store, rules.regenerate_uids)
        self._values = Values(version, rules, secret, cleaner)
        self._narrative = Narrative(cleaner)
        self._cleaner = cleaner
        self._filling = Filling(definitions)

    def resource(self, resource: Json, known: Known | None = None, context: str = "") -> Deidentified:
        """De-identify a resource, which is left as it is.

        ValueError, with one sentence, for a type that the version does not have, and for what is nested too deep.

        known    what the record says of the patient, found wherever it stands; without it, what the resource says
        context  the patient's id, by which dates are shifted; without it that of a patient in the resource, or its own
        """
        try:
            return self._made(resource, self._person(resource, known, context))
        except RecursionError:
            raise ValueError("The resource is nested too deep to be de-identified.") from None

    def _made(self, resource: Json, person: Person) -> Deidentified:
        made, changes = self._walked(resource, person, None)
        problems = validate(made, self.version)
        if problems and not validate(resource, self.version):
            made, changes = self._walked(resource, person, validation(self.version, invariants=True).of)
            problems = validate(made, self.version)
        return Deidentified(made, tuple(changes), tuple(problems))

    def _person(self, resource: Json, known: Known | None, context: str) -> Person:
        own = list(people.within(resource))
        if known is None:
            known = people.known(own)
        if self._basic is not None:
            phrases = Known.of((CONTEXTUAL, each) for each in _phrases(self._basic, resource))
            known = people.Several(phrases, known)
        patient = next((each for each in own if each.get("resourceType") == "Patient"), resource)
        return Person(known, context or people.key(patient))

    def _walked(self, resource: Json, person: Person, check: Any) -> tuple[Json, list[Change]]:
        place = self._tree.root(str(resource.get("resourceType")))
        if place is None:
            raise ValueError(f"FHIR {self.version} has no such type of resource.")
        attached = Attached(self._cleaner, self._narrative, partial(self._inner, person))
        walk = Walk(self._rules, self._links, self._values, attached, self._filling, person, self._today, check)
        return walk.resource(resource, place, {}) or {"resourceType": resource["resourceType"]}, walk.changes

    def _inner(self, person: Person, resource: Json) -> tuple[Json | None, tuple[FindingKind, ...]]:
        """A resource that lies in an attachment, and what was found; None for what is no resource of the version."""
        try:
            made, changes = self._walked(resource, person, None)
        except ValueError:
            return None, ()
        return made, tuple(kind for each in changes for kind in each.found)


def _phrases(tree: Tree, resource: Json) -> Iterator[str]:
    """The texts that the profile BASIC neither keeps nor cleans (discovery: ContextualDeidConfig)."""
    root = tree.root(str(resource.get("resourceType")))
    left: list[tuple[Any, Any]] = [(resource, root)]
    while left:
        value, place = left.pop()
        if isinstance(value, list):
            left += [(each, place) for each in value]
        elif isinstance(value, dict) and place is not None:
            left += [(each, place.child(name)) for name, each in value.items() if not name.startswith("_")]
        elif isinstance(value, str) and place is not None and place.action not in _IN_TEXTS:
            yield value
