"""What becomes of one value of a primitive type. What can't be done to its type gives None: the value is removed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from emulator.deidentify.dates import NotADate, shift_fhir
from emulator.deidentify.fhir.attachments import bare_type
from emulator.deidentify.fhir.narratives import Narrative
from emulator.deidentify.fhir.places import Place
from emulator.deidentify.fhir.rules import Action, FhirRules
from emulator.deidentify.keys import Secret
from emulator.deidentify.text import Cleaned, Cleaner, Finding, Known
from emulator.deidentify.text.findings import KNOWN, FindingKind, Origin
from emulator.deidentify.text.known import is_telling
from emulator.deidentify.text.transformations import CryptoHash, DateShift, Mask, Transformation, transformed
from emulator.fhir.validation.validator import rules as validation

DATES = frozenset(("date", "dateTime", "instant"))
_TEXTS = frozenset(("string", "markdown", "code", "id", "oid", "uri", "url", "canonical", "uuid", "xhtml"))
_UNTOUCHED = frozenset(("boolean", "time"))
"""Types that no cleaning can find anything in."""
_DATE = FindingKind(Origin.RESOURCE, "DATE", KNOWN)
_SHORT = 200
_MOST_SHORT = 2000
"""Characters of a text that is remembered, and texts that are for one patient."""
_KINDS = {"HumanName": "PERSON_NAME", "Address": "LOCATION", "ContactPoint": "PHONE_NUMBER"}


@dataclass(frozen=True)
class Person:
    """Whom a resource is about: what is known of the person, and the id by which dates are shifted."""

    known: Known
    context: str


class Values:
    """Changes values by the rules of a run."""

    def __init__(self, version: str, rules: FhirRules, secret: Secret, cleaner: Cleaner) -> None:
        self._rules = rules
        self._secret = secret
        self._cleaner = cleaner
        self._types = validation(version, invariants=False)
        self._narrative = Narrative(cleaner)
        self._listed: WeakKeyDictionary[Known, dict[str, list[Finding]]] = WeakKeyDictionary()
        self._short: WeakKeyDictionary[Known, dict[tuple[str, str], Cleaned]] = WeakKeyDictionary()

    def changed(self, value: Any, place: Place, action: Action, person: Person) -> tuple[Any, tuple[FindingKind, ...]]:
        """What an action makes of a value, None where it is removed; and what was found in it."""
        if action is Action.KEEP or value is None:
            return value, ()
        if action is Action.CHECK:
            return self._checked(value, place, person)
        new, found = self._made(value, place, action, person)
        return (new, found) if new is not None and self._fits(new, place) else (None, found)

    def _made(self, value: Any, place: Place, action: Action, person: Person) -> tuple[Any, tuple[FindingKind, ...]]:
        kind = place.type.name
        match action:
            case Action.CLEAN:
                return self.cleaned(value, kind, person)
            case Action.MASK if kind in _TEXTS:
                return self._masked(str(value), kind, self._rules.mask), ()
            case Action.HASH if kind in _TEXTS:
                return self._hashed(str(value), kind, self._rules.hash_secret), ()
            case Action.SHIFT if kind in DATES:
                return self._shifted(str(value), self._rules.date_secret, person), ()
            case Action.TRANSFORM:
                return self._transformed(value, place, person), ()
        return None, ()

    def cleaned(self, value: Any, kind: str, person: Person) -> tuple[Any, tuple[FindingKind, ...]]:
        """A value without what was found in it; what is not text can only stay or go."""
        if kind in _UNTOUCHED or isinstance(value, bool):
            return value, ()
        if kind == "id":
            return self._hashed(str(value), kind, None), ()
        if kind == "xhtml":
            return self._narrative.cleaned(str(value), person.known, person.context)
        if kind in DATES:
            how = self._cleaner.rules.transformation("DATE")
            return self._dated(str(value), how, person), (_DATE,) if how else ()
        result = self._clean(str(value), person)
        found = tuple(each.kind(Origin.RESOURCE) for each in result.findings)
        if not found:
            return value, ()
        if kind in ("oid", "uuid"):
            return self._hashed(str(value), kind, None), found
        return (result.text or None) if kind in _TEXTS else None, found

    def _checked(self, value: Any, place: Place, person: Person) -> tuple[Any, tuple[FindingKind, ...]]:
        """A value of a list, such as a code; None where it is one of the person's, which no code of FHIR's own is."""
        if place.element is not None and place.element.codes is not None:
            return value, ()
        text = str(value)
        if place.name == "contentType" and (bare := bare_type(text)) != text:
            return bare, ()
        found = [each for each in self._known_in(text, person) if is_telling(text, each)]
        return (None if found else value), tuple(each.kind(Origin.RESOURCE) for each in found[:1])

    def _known_in(self, text: str, person: Person) -> list[Finding]:
        """What the person's record says in a text, which is remembered."""
        known = self._listed.setdefault(person.known, {})
        if text not in known:
            if len(known) >= _MOST_SHORT:
                known.clear()
            known[text] = person.known.find(text)
        return known[text]

    def _clean(self, text: str, person: Person) -> Cleaned:
        """As the cleaner; short texts, most of which a patient's resources say again and again, are remembered."""
        if len(text) > _SHORT:
            return self._cleaner.clean(text, person.known, person.context)
        known = self._short.setdefault(person.known, {})
        key = (person.context, text)
        if key not in known:
            if len(known) >= _MOST_SHORT:
                known.clear()
            known[key] = self._cleaner.clean(text, person.known, person.context)
        return known[key]

    def _transformed(self, value: Any, place: Place, person: Person) -> Any:
        """A value changed as a whole by what the text rules have for its kind; redacted where that can't be."""
        kind = place.type.name
        info_type = _info_type(place)
        how = self._cleaner.rules.of.get(info_type, self._cleaner.rules.default)
        if kind in DATES:
            return self._dated(str(value), how, person) if isinstance(how, DateShift) else None
        if kind not in _TEXTS:
            return None
        match how:
            case Mask():
                return self._masked(str(value), kind, how.character)
            case CryptoHash():
                return self._hashed(str(value), kind, how.secret)
        return self._hashed(str(value), kind, None) if kind == "id" else None

    def _dated(self, value: str, how: Transformation | None, person: Person) -> str | None:
        """A date as a finding of the infoType DATE."""
        if how is None:
            return value
        if isinstance(how, DateShift):
            return self._shifted(value, how.secret, person)
        return transformed(value, "DATE", how, self._secret)

    def _shifted(self, value: str, secret: Secret | None, person: Person) -> str | None:
        try:
            return shift_fhir(value, (secret or self._secret).days(person.context))
        except NotADate:
            return None

    def _masked(self, value: str, kind: str, character: str) -> str:
        if kind in ("id", "oid", "uuid"):
            return self._hashed(value, kind, None)
        return self._narrative.masked(value, character) if kind == "xhtml" else character * len(value)

    def _hashed(self, value: str, kind: str, secret: Secret | None) -> str:
        """The hash of a value, in the form that its type asks for."""
        key = secret or self._secret
        match kind:
            case "id":
                return self._secret.identifier(value)
            case "oid":
                return f"urn:oid:{key.uid(value)}"
            case "uuid":
                return f"urn:uuid:{uuid.UUID(key.identifier(value))}"
            case "xhtml":
                return self._narrative.saying(key.hash(value))
        return key.hash(value)

    def _fits(self, value: Any, place: Place) -> bool:
        """Whether a value may stand where it is to: of its type, and of the codes that the place allows."""
        codes = place.element.codes if place.element is not None else None
        if place.type.name == "code" and codes is not None and value not in codes:
            return False
        return not self._types.of(place.type.name)(value)


def _info_type(place: Place) -> str:
    """The infoType that a value is of by where it stands; "" where that says nothing."""
    if place.type.name in DATES:
        return "DATE"
    return next((kind for name, kind in _KINDS.items() if any(name in step.names for step in place.steps)), "")
