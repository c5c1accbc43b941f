"""Resources of every type with values of every kind, made from the definitions by a seeded generator."""

from random import Random
from typing import Any

from emulator.fhir.definitions import Definitions, Element, Type

Json = dict[str, Any]

_DEPTH = 4
_RARE = {"extension", "modifierExtension", "contained", "text", "meta", "implicitRules", "language", "id"}
_UUID = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
_URLS: tuple[str, ...] = (
    "http://example.org/a/tag",
    "http://example.org/b/tag",
    "http://example.org/Tag",
    "http://example.org/c/",
)
_URLS += ("text", "value", "http://example.org/value", "http://example.org/gender", "urn:1-2", "http://example.org/a b")
VALUES: dict[str, list[Any]] = {
    "base64Binary": ["YWJj", "YQ==", "YWJjZGVm YWJj", ""],
    "boolean": [True, False],
    "canonical": ["http://example.org/q|1", "#a"],
    "code": ["abc", "a b", "text/plain"],
    "date": ["2000", "2000-02", "2000-02-29"],
    "dateTime": ["2000", "2000-02-29T23:59:59.123-05:00", "2024-01-01T00:00:00Z"],
    "decimal": [1, 0.5, -12.25, 1000000.125],
    "id": ["a-1.b", "1"],
    "instant": ["2024-01-01T00:00:00.123456Z", "2024-01-01T00:00:00+14:00"],
    "integer": [0, -5, 2147483647],
    "integer64": ["9007199254740993"],
    "markdown": ["*a*", " "],
    "oid": ["urn:oid:1.2.840.10008"],
    "positiveInt": [1, 99],
    "string": ["a", "José", "two\nlines", " "],
    "time": ["12:00:00", "23:59:59.5"],
    "unsignedInt": [0, 7],
    "uri": ["http://example.org/a", "urn:oid:1.2", "a/b c", _UUID],
    "url": ["https://example.org:8443/a?b=c#d", "mailto:a@example.org"],
    "uuid": [_UUID],
    "xhtml": ['<div xmlns="http://www.w3.org/1999/xhtml">a</div>'],
}


class Generator:
    """Makes resources. The same seed gives the same ones."""

    def __init__(self, definitions: Definitions, seed: int) -> None:
        self._definitions = definitions
        self._random = Random(seed)  # noqa: S311 (not for secrets)
        self._resources = sorted(definitions.resources)

    def resource(self, name: str, depth: int = 0) -> Json:
        """A resource of a type, right by the definitions."""
        return {"resourceType": name, **self._object(self._definitions[name], depth)}

    def extended(self) -> Json:
        """A Patient whose extensions' names collide with each other and with elements."""
        beside = {"extension": self._extensions(2)}
        return {"resourceType": "Patient", "extension": self._extensions(3), "gender": "male", "_birthDate": beside}

    def _extensions(self, depth: int) -> list[Json]:
        return [self._extension(depth) for _ in range(self._random.choice((0, 1, 1, 2, 3)))]

    def _extension(self, depth: int) -> Json:
        made: Json = {"url": self._random.choice(_URLS)}
        if depth and self._random.random() < 0.4:
            made["extension"] = self._extensions(depth - 1)
        if self._random.random() < 0.6:
            made |= self._random.choice(({"valueString": "a"}, {"valueBoolean": True}, {"valueCoding": {"code": "b"}}))
        return made

    def _object(self, kind: Type, depth: int) -> Json:
        made: Json = {}
        for element in kind.elements.values():
            if element.types and (element.min or self._wanted(element, depth)):
                self._add(made, element, depth)
        return made

    def _wanted(self, element: Element, depth: int) -> bool:
        chance = 0.04 if element.name in _RARE else 0.35
        return depth < _DEPTH and self._random.random() < chance / (depth + 1)

    def _add(self, made: Json, element: Element, depth: int) -> None:
        name, kind = self._random.choice(list(element.named().items()))
        count = max(element.min, self._random.choice((1, 1, 2))) if element.is_list else 1
        values = [self._value(element, kind, depth) for _ in range(count)]
        made[name] = values if element.is_list else values[0]
        if self._definitions[kind].kind == "primitive" and kind != "xhtml" and self._random.random() < 0.05:
            beside = [{"extension": [{"url": "http://example.org/e", "valueString": "a"}]} for _ in range(count)]
            made[f"_{name}"] = beside if element.is_list else beside[0]

    def _value(self, element: Element, kind: str, depth: int) -> Any:
        if element.codes:
            return self._random.choice(sorted(element.codes))
        if kind in VALUES:
            return self._random.choice(VALUES[kind])
        if kind in {"Resource", "DomainResource"}:
            return self.resource(self._random.choice(("Basic", "Patient", "Observation")), depth + 2)
        if kind == "Reference":
            return self._reference(element)
        return self._object(self._definitions[kind], depth + 1)

    def _reference(self, element: Element) -> Json:
        name = self._random.choice(element.targets or self._resources)
        texts = (
            f"{name}/1",
            f"{name}/a/_history/2",
            f"http://example.org/{name}/1",
            _UUID,
            "#a",
            f"{name}?identifier=1",
        )
        return self._random.choice(({"reference": self._random.choice(texts)}, {"display": "a"}))


class Plain(Generator):
    """Makes resources that leave nothing to anybody's leniency: nothing empty, no blanks, nothing contained."""

    def _wanted(self, element: Element, depth: int) -> bool:
        return element.name != "contained" and super()._wanted(element, depth)

    def _value(self, element: Element, kind: str, depth: int) -> Any:
        if not element.codes and kind in _PLAIN_VALUES:
            return self._random.choice(_PLAIN_VALUES[kind])
        return super()._value(element, kind, depth)

    def _object(self, kind: Type, depth: int) -> Json:
        if kind.name == "Extension":
            return {"url": "http://example.org/e", "valueString": "a"}
        return super()._object(kind, depth) or {"extension": [{"url": "http://example.org/e", "valueString": "a"}]}

    def _reference(self, element: Element) -> Json:
        name = self._random.choice(element.targets or self._resources)
        return self._random.choice(({"reference": f"{name}/1"}, {"display": "a"}))


_PLAIN_VALUES: dict[str, list[Any]] = {
    "base64Binary": ["YWJj", "YQ=="],
    "canonical": ["http://example.org/q|1"],
    "markdown": ["*a*"],
    "string": ["a", "José"],
    "uri": ["http://example.org/a", "urn:oid:1.2.840.10008"],
}
