"""Resources and queries by chance from a seed: any element of any type, of few values, so that searches meet them."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from emulator.fhir.definitions import Definitions, Element, load
from emulator.fhir.search.parameters import Parameter, Parameters
from tests.emulator.fhir.search import plain

Json = dict[str, Any]
SYSTEMS = ("http://loinc.org", "http://example.org/a", "")
CODES = ("a", "b", "A", "8480-6", "x,y", "p|q", "d$e", "true")
TEXTS = (
    "Ann",
    "ann marie",
    "O'Brien",
    "Müller-Lüdenscheidt",
    "Straße 1",
    "ANNA",
    "José  Ray",
    "back\\slash",
    "a,b$c|d",
    "",
)
DATES = ("2019", "2020-02", "2020-02-29", "2019-12-31", "1969-07")
TIMES = ("2020-02-29T23:30:00Z", "2020-03-01T00:30:00+02:00", "2019-12-31T23:59:59.5-05:00", "2020-02-29T10:00:00.125Z")
NUMBERS = (0, 1, 5.4, 7.0, 7.03, 6.995, 7.005, -3, 100, 120.5)
UNITS = (("mg", "http://unitsofmeasure.org"), ("mm[Hg]", "http://unitsofmeasure.org"), ("mg", ""))
URLS = (
    "http://example.org/x",
    "http://example.org/x/y",
    "http://example.org/x/y/z",
    "urn:oid:1.2.3",
    "http://e.org/q|2",
)
KINDS = ("Patient", "Observation", "Encounter", "Condition", "Organization", "Practitioner", "Group", "Device")
IDS = ("1", "2", "3", "x-1")
DEEPEST = 3


class Generator:
    """Makes resources and queries of a version of FHIR."""

    def __init__(self, parameters: Parameters, seed: int) -> None:
        self._parameters = parameters
        self._definitions: Definitions = load(parameters.version)
        self._chance = Random(seed)  # noqa: S311  a seed, not a secret
        self._one = self._chance.choice

    def resources(self, count: int) -> list[Json]:
        """Resources of a few types, each id once."""
        kinds = [*KINDS, *self._chance.sample(sorted(self._parameters.types), 6)]
        found: dict[str, Json] = {}
        for _ in range(count):
            kind = self._one(kinds)
            resource = {
                "resourceType": kind,
                **self._inside(kind, 0),
                "id": self._one(IDS) + str(self._chance.randint(0, 3)),
            }
            found[f"{kind}/{resource['id']}"] = resource
        return list(found.values())

    def _inside(self, kind: str, depth: int) -> Json:
        value: Json = {}
        for element in self._definitions[kind].elements.values():
            if element.name in {
                "id",
                "contained",
                "extension",
                "modifierExtension",
                "text",
                "implicitRules",
                "resource",
            }:
                continue
            if self._chance.random() < (0.55 if depth else 0.6) and (named := element.named()):
                name = self._one(sorted(named))
                made = [self._value(named[name], element, depth) for _ in range(self._chance.choice((1, 1, 2)))]
                made = [each for each in made if each is not None]
                if made:
                    value[name] = made if element.is_list else made[0]
        return value

    def _value(self, kind: str, element: Element, depth: int) -> Any:
        definition = self._definitions.type(kind)
        if kind in {"Extension", "Narrative", "Resource", "xhtml", "Meta"} or definition is None:
            return self._meta() if kind == "Meta" else None
        if definition.kind == "primitive":
            return self._primitive(kind)
        if kind in _MADE:
            return getattr(self, _MADE[kind])(element)
        return None if depth >= DEEPEST else (self._inside(kind, depth + 1) or None)

    def _primitive(self, kind: str) -> Any:
        if kind == "boolean":
            return self._chance.random() < 0.5
        if kind in {"integer", "decimal", "positiveInt", "unsignedInt", "integer64"}:
            number = self._one(NUMBERS)
            return number if kind == "decimal" else int(number)
        if kind == "date":
            return self._one(DATES)
        if kind in {"dateTime", "instant"}:
            return self._one((*DATES, *TIMES) if kind == "dateTime" else TIMES)
        if kind in {"uri", "url", "canonical", "oid", "uuid"}:
            return self._one(URLS)
        return self._one(CODES) if kind in {"code", "id"} else self._one(TEXTS)

    def _meta(self) -> Json:
        return {"tag": [self._coding()], "profile": [self._one(URLS)], "security": [self._coding()]}

    def _some(self, **fields: Any) -> Json:
        return {
            name: value for name, value in fields.items() if self._chance.random() < 0.75 and value not in ("", None)
        }

    def _coding(self, _: Any = None) -> Json:
        return self._some(system=self._one(SYSTEMS), code=self._one(CODES), display=self._one(TEXTS)) or {"code": "a"}

    def _concept(self, _: Any = None) -> Json:
        codings = [self._coding() for _ in range(self._chance.choice((1, 1, 2)))]
        return self._some(coding=codings, text=self._one(TEXTS)) or {"text": "Ann"}

    def _identifier(self, _: Any = None) -> Json:
        return self._some(system=self._one(SYSTEMS), value=self._one(CODES), type=self._concept()) or {"value": "a"}

    def _contact(self, _: Any = None) -> Json:
        return {"system": self._one(("phone", "email")), "value": self._one(CODES)}

    def _quantity(self, _: Any = None) -> Json:
        code, system = self._one(UNITS)
        return {"value": self._one(NUMBERS), **self._some(system=system, code=code, unit=self._one(("mg", "milli")))}

    def _range(self, _: Any = None) -> Json:
        return self._some(low=self._quantity(), high=self._quantity()) or {"low": self._quantity()}

    def _money(self, _: Any = None) -> Json:
        return {"value": self._one(NUMBERS)}

    def _sampled(self, _: Any = None) -> Json:
        return {"origin": self._quantity(), "factor": 2, **self._some(lowerLimit=self._one(NUMBERS), upperLimit=7)}

    def _period(self, _: Any = None) -> Json:
        return self._some(start=self._one((*DATES, *TIMES)), end=self._one(DATES)) or {"start": "2020"}

    def _timing(self, _: Any = None) -> Json:
        events = [self._one((*DATES, *TIMES)) for _ in range(2)]
        return self._some(event=events, repeat={"boundsPeriod": self._period()}) or {"event": events}

    def _name(self, _: Any = None) -> Json:
        texts = [self._one(TEXTS) for _ in range(2)]
        return self._some(family=self._one(TEXTS), given=texts, text=self._one(TEXTS)) or {"family": "Ann"}

    def _address(self, _: Any = None) -> Json:
        return self._some(line=[self._one(TEXTS)], city=self._one(TEXTS), state=self._one(TEXTS)) or {"city": "Ann"}

    def _reference(self, element: Element | None = None) -> Json:
        targets = [each for each in (element.targets if element else ()) if each in KINDS] or KINDS
        if self._chance.random() < 0.1:
            return {"reference": self._one(URLS)}
        text = f"{self._one(targets)}/{self._one(IDS)}{self._chance.randint(0, 3)}"
        return {"reference": text + ("/_history/1" if self._chance.random() < 0.1 else "")}

    def _codeable_reference(self, element: Element) -> Json:
        return self._some(concept=self._concept(), reference=self._reference(element)) or {"concept": self._concept()}

    def query(self, resources: list[Json]) -> tuple[str, list[tuple[str, str]]]:
        """A type, and names and values of one to three conditions that some resource may meet."""
        resource = self._one(resources)
        kind = resource["resourceType"]
        return kind, [
            self._condition(kind, resource, resources, 0) for _ in range(self._chance.choice((1, 1, 1, 2, 3)))
        ]

    def order(self, kind: str) -> str:
        """The code of a parameter to sort by."""
        kinds = ("token", "string", "date", "number", "quantity")
        found = [each for each in self._parameters.of(kind).values() if each.type in kinds and self._searchable(each)]
        return self._one(found).code

    def _condition(self, kind: str, resource: Json, resources: list[Json], depth: int) -> tuple[str, str]:
        known = self._parameters.of(kind)
        there = [
            each for each in known.values() if self._searchable(each) and plain.evaluate(each.expression, resource)
        ]
        chance = self._chance.random()
        if depth < 2 and chance < 0.12:
            return self._has(kind, resources, depth)
        parameter = self._one([each for each in known.values() if self._searchable(each)] if chance > 0.9 else there)
        if depth < 2 and parameter.type == "reference" and chance < 0.5:
            return self._chain(parameter, resources, depth)
        values = plain.evaluate(parameter.expression, resource)
        modifier = self._modifier(parameter)
        if modifier == "missing":
            return f"{parameter.code}:missing", self._one(("true", "false"))
        either = [self._written(parameter, modifier, values) for _ in range(self._chance.choice((1, 1, 1, 2)))]
        return parameter.code + (f":{modifier}" if modifier else ""), ",".join(either)

    def _searchable(self, parameter: Parameter) -> bool:
        return bool(parameter.expression) and parameter.code != "_lastUpdated"

    def _modifier(self, parameter: Parameter) -> str:
        kinds = {
            "token": ("not", "text"),
            "string": ("exact", "contains"),
            "uri": ("above", "below"),
            "reference": KINDS,
        }
        if self._parameters.version == "R5":
            kinds["uri"] = ()
        chance = self._chance.random()
        if parameter.code == "_id" or chance < 0.5:
            return ""
        return "missing" if chance > 0.92 else self._one(("", *kinds.get(parameter.type, ())))

    def _has(self, kind: str, resources: list[Json], depth: int) -> tuple[str, str]:
        sources = [each for each in resources if self._references(each["resourceType"], kind)]
        if not sources:
            return "_id", self._one(IDS)
        source = self._one(sources)
        code = self._one(self._references(source["resourceType"], kind)).code
        name, value = self._condition(source["resourceType"], source, resources, depth + 1)
        return f"_has:{source['resourceType']}:{code}:{name}", value

    def _references(self, kind: str, target: str) -> list[Parameter]:
        found = self._parameters.of(kind).values()
        return [each for each in found if each.type == "reference" and (not each.targets or target in each.targets)]

    def _chain(self, parameter: Parameter, resources: list[Json], depth: int) -> tuple[str, str]:
        others = [each for each in resources if not parameter.targets or each["resourceType"] in parameter.targets]
        other = self._one(others or resources)
        name, value = self._condition(other["resourceType"], other, resources, depth + 1)
        if not others or self._chance.random() < 0.7:
            return f"{parameter.code}:{other['resourceType']}.{name}", value
        return f"{parameter.code}.{name}", value

    def _written(self, parameter: Parameter, modifier: str, values: list[Any]) -> str:
        value = self._one(values) if values else None
        if modifier == "text":
            return escaped(self._one(plain.texts(value) or TEXTS) or "x")
        if parameter.type == "composite":
            first, second = parameter.components
            code = self._token(plain.evaluate(first.expression, value) if value else [])
            return f"{code}${self._of_type(second.type, plain.evaluate(second.expression, value) if value else [])}"
        return self._of_type(parameter.type, values) if parameter.type != "reference" else self._target(modifier, value)

    def _of_type(self, kind: str, values: list[Any]) -> str:
        value = self._one(values) if values else None
        if kind == "token":
            return self._token(values)
        if kind == "date":
            return self._one(("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")) + self._one((*DATES, *TIMES))
        if kind in {"number", "quantity"}:
            return self._amount(kind, value)
        if kind == "string":
            text = self._one(plain.strings(value) if value else TEXTS) if value else self._one(TEXTS)
            return escaped(text[: self._one((1, 3, 50))]) or "a"
        if kind == "reference":
            return self._target("", value)
        return escaped(value if isinstance(value, str) and self._chance.random() < 0.7 else self._one(URLS))

    def _token(self, values: list[Any]) -> str:
        codings = [each for value in values for each in plain.codings(value)]
        code, system = self._one(codings) if codings else (self._one(CODES), self._one(SYSTEMS))
        form = self._chance.random()
        if form < 0.4 or system is None:
            return escaped(code) or "a"
        return (
            f"{escaped(system)}|{escaped(code) if form < 0.9 and code else ''}"
            if system
            else f"|{escaped(code) or 'a'}"
        )

    def _amount(self, kind: str, value: Any) -> str:
        amounts = plain.amounts(value) if value is not None else []
        number = amounts[0].low if amounts and abs(amounts[0].low) < 1e9 else self._one(NUMBERS)
        text = self._one((f"{number}", f"{number:.2f}", f"{number:.0f}", str(self._one(NUMBERS))))
        text = self._one(("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")) + text
        code, system = self._one(UNITS)
        return text if kind == "number" or self._chance.random() < 0.5 else f"{text}|{system}|{code}"

    def _target(self, modifier: str, value: Any) -> str:
        text = plain.target(value) if value is not None else None
        text = text or f"{self._one(KINDS)}/{self._one(IDS)}0"
        if re.fullmatch(r"[A-Za-z]+/[^/]+", text) and (modifier or self._chance.random() < 0.3):
            return text.partition("/")[2]
        return escaped(text)


_MADE = {
    "Coding": "_coding",
    "CodeableConcept": "_concept",
    "Identifier": "_identifier",
    "ContactPoint": "_contact",
    "Quantity": "_quantity",
    "SimpleQuantity": "_quantity",
    "Age": "_quantity",
    "Duration": "_quantity",
    "Count": "_quantity",
    "Distance": "_quantity",
    "Range": "_range",
    "Money": "_money",
    "SampledData": "_sampled",
    "Period": "_period",
    "Timing": "_timing",
    "HumanName": "_name",
    "Address": "_address",
    "Reference": "_reference",
    "CodeableReference": "_codeable_reference",
}


def escaped(text: str) -> str:
    """A text whose signs mean nothing in a query."""
    return re.sub(r"([\\,$|])", r"\\\1", text)
