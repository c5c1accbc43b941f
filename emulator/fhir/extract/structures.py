"""A StructureDefinition as rows of the table: its own elements, those of its inner types apart.

What a type inherits stays with its base, so a row is written once. The form is described in emulator/fhir/definitions.
"""

import re
from typing import Any

from emulator.fhir.extract.reading import Node, first, text
from emulator.fhir.extract.terminology import Terminology

Json = dict[str, Any]

_SYSTEM = "http://hl7.org/fhirpath/System."
_FHIR_TYPE = re.compile(r".*/structuredefinition-fhir-type")
_REGEX = re.compile(r".*/(?:structuredefinition-)?regex")
_KEPT_TO = {"http://hl7.org/fhir/ValueSet/sequence-type"}
"""Value sets that are examples, but whose codes alone Google's parser takes."""
_PROFILED = {"SimpleQuantity", "MoneyQuantity"}
"""Profiles of Quantity that the base definitions name as types of elements."""


def rows(definition: Node, terminology: Terminology, codes: dict[str, list[str]]) -> dict[str, Json]:
    """The types that a StructureDefinition defines, by path: Patient, Patient.contact. Adds the codes it needs."""
    name = _type_name(definition)
    elements = first(definition, "differential")["element"]
    found = {name: _root(definition, elements[0])}
    for element in elements[1:]:
        path = text(element, "path")
        if text(definition, "kind") == "primitive-type":
            found[name] |= _pattern(element)
            continue
        parent, _, field = path.rpartition(".")
        parent = parent.replace(text(elements[0], "path"), name, 1)
        described = _element(element, terminology, codes)
        if path == "Resource.id":
            described["types"] = ["id"]  # R4 has string by mistake; its text, STU3 and R5 say id
        if set(described["types"]) & {"BackboneElement", "Element"} or _is_inner(element, elements):
            inner = f"{parent}.{field}"
            found[inner] = {"kind": "inner", "base": described["types"][0], "elements": {}} | _constraints(element)
            described["types"] = [inner]
        else:
            described |= _constraints(element)
        found[parent]["elements"][field] = described
    return found


def is_needed(definition: Node) -> bool:
    """Whether a StructureDefinition is of a type, and not a profile, an extension or a logical model."""
    if text(definition, "resourceType") != "StructureDefinition" or text(definition, "kind") == "logical":
        return False
    return text(definition, "derivation") != "constraint" or text(definition, "name") in _PROFILED


def _type_name(definition: Node) -> str:
    return text(definition, "name") if text(definition, "derivation") == "constraint" else text(definition, "type")


def _root(definition: Node, element: Node) -> Json:
    return {
        "kind": text(definition, "kind").removesuffix("-type"),
        "base": text(definition, "baseDefinition").rpartition("/")[2],
        **({"abstract": True} if text(definition, "abstract") == "true" else {}),
        "elements": {},
    } | _constraints(element)


def _is_inner(element: Node, elements: list[Node]) -> bool:
    """Whether elements are defined below this one: inner types are also said to be Element, or nothing."""
    below = text(element, "path") + "."
    return any(text(each, "path").startswith(below) for each in elements)


def _element(element: Node, terminology: Terminology, codes: dict[str, list[str]]) -> Json:
    described: Json = {"types": _types(element)}
    if (least := text(element, "min")) not in {"", "0"}:
        described["min"] = int(least)
    if (most := text(element, "max")) not in {"", "1"}:
        described["max"] = None if most == "*" else int(most)
    return described | _targets(element) | _binding(element, terminology, codes)


def _types(element: Node) -> list[str]:
    if refers := text(element, "contentReference"):
        return [refers.rpartition("#")[2]]
    return list(dict.fromkeys(_type(each) for each in element.get("type", [])))


def _type(node: Node) -> str:
    for extension in node.get("extension", []):
        if _FHIR_TYPE.match(text(extension, "url")):
            return text(extension, "valueUrl") or text(extension, "valueUri")
    profile = text(node, "profile").rpartition("/")[2]
    return profile if profile in _PROFILED else text(node, "code").removeprefix(_SYSTEM).replace("String", "string")


def _targets(element: Node) -> Json:
    """The types that a reference may point at; none said, or Resource, is any."""
    kinds = [each for each in element.get("type", []) if text(each, "code") in {"Reference", "CodeableReference"}]
    profiles = [profile for each in kinds for profile in each.get("targetProfile", [])]
    names = list(dict.fromkeys(profile.rpartition("/")[2] for profile in profiles))
    return {"targets": names} if names and "Resource" not in names else {}


def _binding(element: Node, terminology: Terminology, codes: dict[str, list[str]]) -> Json:
    """The value set that a code is bound to. Its codes are added where they must be kept to and can be listed."""
    binding = first(element, "binding")
    url = text(binding, "valueSet") or text(binding, "valueSetUri") or text(binding, "valueSetReference", "reference")
    required = text(binding, "strength") == "required" or url in _KEPT_TO
    any_language = text(binding, "strength") == "extensible" and url.endswith("/languages")  # STU3
    if _types(element) != ["code"] or not (required or any_language):
        return {}
    name = url.partition("|")[0].rpartition("/")[2]
    listed = terminology.codes(url)
    if listed is not None and required:
        codes[name] = sorted(listed)
    return {"codes": name}


def _constraints(element: Node) -> Json:
    """The invariants of severity error that FHIRPath expresses. ele-1 is of every element, and the parser's."""
    found = [
        [text(each, "key"), text(each, "expression")]
        for each in element.get("constraint", [])
        if text(each, "severity") == "error" and text(each, "expression") and text(each, "key") != "ele-1"
    ]
    return {"constraints": found} if found else {}


def _pattern(element: Node) -> Json:
    """The regular expression of a primitive's value."""
    for kind in element.get("type", []):
        for extension in kind.get("extension", []):
            if _REGEX.match(text(extension, "url")):
                return {"pattern": text(extension, "valueString")}
    return {}
