"""De-identifiers of one key for tests, and resources made of FHIR's definitions."""

import random
from typing import Any

from emulator.deidentify.fhir import Action, Deidentifier, FhirRules, FieldRule
from emulator.deidentify.keys import Secret
from emulator.deidentify.text import Cleaner, TextRules
from emulator.fhir.definitions import Definitions, Element, Type

Json = dict[str, Any]
SECRET = Secret(b"sixteen bytes of")
STORE = "projects/p/locations/l/datasets/d/fhirStores/f"


def rule(action: Action, *paths: str) -> FieldRule:
    """A rule for paths."""
    return FieldRule.of(action, paths)


def deidentifier(*fields: FieldRule, version: str = "R4", text: TextRules | None = None, **rules: Any) -> Deidentifier:
    """One that has these rules for fields; texts as the profile BASIC has them, unless said."""
    cleaner = Cleaner(text or TextRules.basic(), SECRET)
    return Deidentifier(version, FhirRules(fields, **rules), SECRET, cleaner, STORE)


def made(resource: Json, *fields: FieldRule, **more: Any) -> Json:
    """A resource de-identified by rules, which must be right."""
    done = deidentifier(*fields, **more).resource(resource)
    assert done.problems == ()
    return done.resource


_VALUES: dict[str, tuple[Any, ...]] = {
    "base64Binary": ("Q2FuYXJ5IFF1aXp6ZWx3b3J0aA==", "AAEC"),
    "boolean": (True, False),
    "canonical": ("http://example.org/Questionnaire/q", "Questionnaire/q", "urn:oid:1.2.3"),
    "code": ("some-code",),
    "date": ("1970-03-14", "1970-03", "1970"),
    "dateTime": ("1970-03-14T10:11:12Z", "1970-03-14", "1970"),
    "decimal": (1.5, 0),
    "id": ("an-id.7",),
    "instant": ("1970-03-14T10:11:12.345Z",),
    "integer": (-3, 0, 7),
    "integer64": ("12345678901",),
    "markdown": ("*Quizzelworth* was seen on 14 March 1970",),
    "oid": ("urn:oid:1.2.840.1",),
    "positiveInt": (1, 99),
    "string": ("Quizzelworth", "call Quizzelworth, 555-123-4567", "nothing to see"),
    "time": ("10:11:12",),
    "unsignedInt": (0, 5),
    "uri": ("http://example.org/system", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
    "url": ("http://example.org/page", "Patient/an-id.7"),
    "uuid": ("urn:uuid:c757873d-ec9a-4326-a141-556f43239520",),
    "xhtml": ('<div xmlns="http://www.w3.org/1999/xhtml">Seen: <b>Quizzel</b>worth, born 1970-03-14</div>',),
}


class Maker:
    """Makes resources of a version: all elements that must be there and some that may."""

    def __init__(self, definitions: Definitions, chance: random.Random) -> None:
        self._definitions = definitions
        self._chance = chance

    def resource(self, name: str) -> Json:
        """A resource of a type, with an id."""
        return {**self._object(self._definitions[name], 0), "resourceType": name, "id": "an-id.7"}

    def _object(self, kind: Type, depth: int) -> Json:
        found: Json = {}
        for element in kind.elements.values():
            if element.types and (element.min or self._wants(element, depth)):
                name, type_name = self._chance.choice(sorted(element.named().items()))
                value = self._value(element, type_name, depth)
                if value is not None:
                    found[name] = [value] if element.is_list else value
        return found

    def _wants(self, element: Element, depth: int) -> bool:
        if element.name in ("id", "contained", "resource", "implicitRules"):
            return False
        return depth < 3 and self._chance.random() < 0.3

    def _value(self, element: Element, type_name: str, depth: int) -> Any:
        kind = self._definitions[type_name]
        if kind.kind == "primitive":
            if type_name == "code" and element.codes:
                return self._chance.choice(sorted(element.codes))
            return self._chance.choice(_VALUES[type_name])
        if depth > 6 or kind.abstract or not kind.elements:
            return None
        if type_name == "Reference":
            target = sorted(set(element.targets) & self._definitions.resources) or ["Patient"]
            return {"reference": f"{self._chance.choice(target)}/an-id.7", "display": "Quizzelworth"}
        if type_name == "Extension":
            return {"url": "http://example.org/extension", "valueString": "Quizzelworth"}
        return self._object(kind, depth + 1) or None
