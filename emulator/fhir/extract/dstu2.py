"""Definitions of DSTU2 in the form of later versions: types and their kinds, targets of references, code systems.

DSTU2 has one kind for all data types, profiles of references where later versions have target profiles, elements that
take another one's content by its name, and code systems inside of value sets. Its invariants are XPath and left out.
"""

from collections.abc import Iterator

from emulator.fhir.extract.reading import Node, first, text

NUMBER = "1.0.2"
_PROFILES = "http://hl7.org/fhir/StructureDefinition/"


def later(resources: list[Node]) -> list[Node]:
    """All resources of DSTU2 as a later version would have them; those of drafts before it are left out."""
    found: list[Node] = []
    for each in resources:
        if text(each, "resourceType") == "StructureDefinition":
            found += [_structure(each)] if text(each, "fhirVersion") == NUMBER else []
        elif text(each, "resourceType") == "ValueSet":
            found += _value_set(each)
        else:
            found.append(each)
    return found


def _structure(definition: Node) -> Node:
    name = text(definition, "name")
    elements = first(definition, "differential")["element"]
    named = {text(each, "name"): text(each, "path") for each in elements if "name" in each}
    return {
        **definition,
        "type": [name],
        "kind": [_kind(definition)],
        "baseDefinition": definition.get("base", []),
        "derivation": ["constraint" if _is_profile(definition) else "specialization"],
        "differential": [{"element": [_element(each, named) for each in elements]}],
    }


def _kind(definition: Node) -> str:
    if text(definition, "kind") == "resource":
        return "resource"
    return "primitive-type" if text(definition, "name")[:1].islower() else "complex-type"


def _is_profile(definition: Node) -> bool:
    """Whether it constrains a type that has elements; a primitive is its own, as code is a string."""
    constrained = text(definition, "constrainedType")
    return bool(constrained) and not (constrained[0].islower() and text(definition, "name")[:1].islower())


def _element(element: Node, named: dict[str, str]) -> Node:
    changed: Node = {name: value for name, value in element.items() if name not in ("constraint", "nameReference")}
    changed["type"] = [_type(each) for each in element.get("type", [])]
    if refers := text(element, "nameReference"):
        changed["contentReference"] = [f"#{named[refers]}"]
    return changed


def _type(kind: Node) -> Node:
    if text(kind, "code") != "Reference":
        return kind
    rest = {name: value for name, value in kind.items() if name != "profile"}
    return rest | {"targetProfile": [each for each in kind.get("profile", []) if each.startswith(_PROFILES)]}


def _value_set(found: Node) -> Iterator[Node]:
    """A value set whose own codes are a code system beside it."""
    compose = first(found, "compose")
    included = list(compose.get("include", []))
    if own := found.get("codeSystem"):
        yield {
            "resourceType": ["CodeSystem"],
            "url": own[0]["system"],
            "content": ["complete"],
            "concept": own[0].get("concept", []),
        }
        included.append({"system": own[0]["system"]})
    included += [{"valueSet": [url]} for url in compose.get("import", [])]
    yield {**found, "compose": [{**compose, "include": included}]}
