"""Search parameters of DSTU2 out of the annotations of HAPI's classes, with their paths as expressions of FHIRPath."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emulator.fhir.definitions import Definitions, Element, load

Json = dict[str, Any]
_ANNOTATION = re.compile(
    r'@SearchParamDefinition\(name="([^"]*)", path="([^"]*)", description="(?:[^"\\]|\\.)*", type="(\w+)"'
    r"(.*?)public static",
    re.DOTALL,
)
_FILTERED = re.compile(r"\((\w+)=(\w+)\)")
_KINDS = {
    "date": ("date", "dateTime", "instant", "Period", "Timing"),
    "string": ("string",),
    "token": ("CodeableConcept", "Coding", "boolean", "code"),
    "quantity": ("Quantity",),
    "reference": ("Reference", "uri"),
}
"""Of a choice, the types that a parameter of a type looks at."""
_DECEASED = "Patient.deceased.exists() and Patient.deceased != false"
"""As R4 words it: whether, or when, a patient died."""
_CONCEPT, _QUANTITY = ["code", "value.as(CodeableConcept)"], ["code", "value.as(Quantity)"]
COMPOSITES: dict[str, tuple[str, list[str]]] = {
    "code-value-concept": ("Observation", _CONCEPT),
    "code-value-date": ("Observation", ["code", "value.as(dateTime) | value.as(Period)"]),
    "code-value-quantity": ("Observation", _QUANTITY),
    "code-value-string": ("Observation", ["code", "value.as(string)"]),
    "component-code-value-concept": ("Observation.component", _CONCEPT),
    "component-code-value-quantity": ("Observation.component", _QUANTITY),
}
"""What code-value-[x] and component-code-value-[x] stand for: where they are asked of, and their components."""


def parameters(folder: Path) -> tuple[dict[str, dict[str, Json]], dict[str, list[str]]]:
    """By type and code the rows of parameters, and by type those by which a resource belongs to a patient."""
    definitions = load("DSTU2")
    rows: dict[str, dict[str, Json]] = {}
    compartment: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("dstu2/resource/*.java")):
        base = "List" if path.stem == "ListResource" else path.stem
        for code, path_of, kind, rest in _ANNOTATION.findall(path.read_text()) if base in definitions.resources else ():
            if row := _row(definitions, code, path_of, kind):
                rows.setdefault(base, {})[code] = row
                if '@Compartment(name="Patient")' in rest:
                    compartment.setdefault(base, []).append(code)
    for code, (expression, components) in COMPOSITES.items():
        rows["Observation"][code] = {"type": "composite", "expression": expression, "components": components}
    return rows, compartment


def _row(definitions: Definitions, code: str, path: str, kind: str) -> Json:
    """A parameter; empty for a composite, and for a path that names no element."""
    if kind == "composite":
        return {}
    sides = [side for each in path.split("|") for side in _sides(definitions, each.strip(), kind)]
    targets = sorted({target for _, element in sides for target in element.targets})
    expressions = [expression for expression, _ in sides]
    if code == "deceased" and path == "Patient.deceased[x]":
        expressions = [_DECEASED]
    if code == "patient" and targets != ["Patient"]:
        expressions, targets = [f"{each}.where(resolve() is Patient)" for each in expressions], ["Patient"]
    row = {"type": kind, "expression": " | ".join(expressions), "target": targets}
    return {name: value for name, value in row.items() if value} if expressions else {}


def _sides(definitions: Definitions, path: str, kind: str) -> Iterator[tuple[str, Element]]:
    """A path such as Patient.telecom(system=phone) or Observation.valueQuantity in FHIRPath, with its last element."""
    kinds = [path.partition(".")[0]]
    expression, element = kinds[0], None
    for step in path.split(".")[1:]:
        name, condition = step.partition("(")[0], _FILTERED.search(step)
        fields = definitions[kinds[0]].fields
        choice = definitions[kinds[0]].elements.get(name)
        if choice is not None and choice.is_choice:
            element, kinds = choice, [each for each in choice.types if each in _KINDS[kind]]
            expression += f".{choice.stem}"
        elif name in fields:
            element, found = fields[name]
            expression += f".{element.stem}.as({found})" if element.is_choice else f".{name}"
            kinds = [found]
        else:
            return
        expression += f".where({condition[1]}='{condition[2]}')" if condition else ""
    if element is not None and element.name.endswith("[x]") and path.endswith("[x]"):
        yield from ((f"{expression}.as({each})", element) for each in kinds)
    elif element is not None:
        yield expression, element
