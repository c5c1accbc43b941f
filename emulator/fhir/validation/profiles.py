"""Profiles: StructureDefinitions of enabled implementation guides, which a resource must conform to.

Cloud Healthcare (ValidationConfig.enabledImplementationGuides) says which of a profile's rules it enforces: min and
max, minValue and maxValue, maxLength, type, fixed[x], pattern[x] on simple types, slicing by value, and FHIRPath
constraints where these are switched on. No other rule is looked at here, and a URL that leads nowhere is no error.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.fhir.paths.compiling import compiled
from emulator.fhir.paths.errors import PathError
from emulator.fhir.paths.operators import OPERATORS
from emulator.fhir.validation.problems import Aspect, Problem, within

Json = dict[str, Any]


@dataclass
class Node:
    """An element of a profile, or a slice of one, with what is said of it and of the elements within it."""

    name: str
    slice: str = ""
    definition: Json = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)
    slices: list["Node"] = field(default_factory=list)

    def child(self, name: str) -> "Node":
        """The element of that name within this one; made where the profile says nothing of it."""
        found = next((each for each in self.children if each.name == name), None)
        if found is None:
            found = Node(name)
            self.children.append(found)
        return found

    def sliced(self, name: str) -> "Node":
        """The slice of that name."""
        found = next((each for each in self.slices if each.slice == name), None)
        if found is None:
            found = Node(self.name, name)
            self.slices.append(found)
        return found


class Profile:
    """A StructureDefinition that constrains a resource type, ready to be held against resources."""

    def __init__(self, structure: Json, *, invariants: bool = False) -> None:
        """Take a StructureDefinition; its snapshot counts, or its differential where it has none."""
        self.url = str(structure.get("url", ""))
        self.type = str(structure.get("type", ""))
        self._invariants = invariants
        self._root = Node(self.type)
        structure = _without_nulls(structure)
        view = structure.get("snapshot") or structure.get("differential") or {}
        for element in view.get("element") or []:
            self._add(element)

    def problems(self, resource: Json) -> list[Problem]:
        """What in a resource of the profile's type does not conform."""
        return within(self._within(self._root, resource), self.type)

    def _add(self, element: Json) -> None:
        """Put an element where its id says: Observation.component:systolic.code."""
        node = self._root
        for step in str(element.get("id") or element.get("path", "")).split(".")[1:]:
            name, _, part = step.partition(":")
            node = node.child(name)
            for each in part.split("/") if part else ():
                node = node.sliced(each)
        if (name := str(element.get("sliceName") or "")) and not node.slice:
            node = node.sliced(name)
        node.definition = element

    def _within(self, node: Node, value: Json) -> Iterator[Problem]:
        for child in node.children:
            spelled = [(name, each) for name, each in value.items() if _is_named(child.name, name)]
            for name, each in spelled or [(child.name, None)]:
                yield from within(self._element(child, name, each), name.removesuffix("[x]"))
        if self._invariants:
            yield from _broken(node.definition, value)

    def _element(self, node: Node, name: str, value: Any) -> Iterator[Problem]:
        values = value if isinstance(value, list) else [] if value is None else [value]
        yield from self._counted(node, name, values, many=isinstance(value, list))
        left = list(enumerate(values))
        for part in node.slices:
            chosen = _slice(node, part, name, left)
            if chosen is not None:
                yield from self._counted(part, name, [each for _, each in chosen], many=False)
                for number, each in chosen:
                    where = f"[{number}]" if isinstance(value, list) else ""
                    yield from within(self._one(part, name, each), where) if where else self._one(part, name, each)
                left = [each for each in left if each not in chosen]
        if left and node.slices and (node.definition.get("slicing") or {}).get("rules") == "closed":
            yield _problem("the slicing is closed, and a value is of no slice")

    def _counted(self, node: Node, name: str, values: list[Any], *, many: bool) -> Iterator[Problem]:
        least, most = int(node.definition.get("min") or 0), str(node.definition.get("max", "*"))
        what = f"slice {node.slice}" if node.slice else "values"
        if len(values) < least:
            yield _problem(f"{what}: at least {least} expected, found {len(values)}")
        if most.isdecimal() and len(values) > int(most):
            yield _problem(f"{what}: at most {most} expected, found {len(values)}")
        if not node.slice:
            for number, each in enumerate(values):
                found = self._one(node, name, each)
                yield from within(found, f"[{number}]") if many else found

    def _one(self, node: Node, name: str, value: Any) -> Iterator[Problem]:
        yield from _of_value(node.definition, name, value)
        if isinstance(value, dict):
            yield from self._within(node, value)


def broken(resource: Json, profiles: Sequence[Profile]) -> list[Problem]:
    """What keeps a resource from conforming to any of the profiles of its type; nothing where it has none.

    Of several profiles the problems of the one with the fewest are told.
    """
    own = [profile for profile in profiles if profile.type == resource.get("resourceType")]
    found = [profile.problems(resource) for profile in own]
    return min(found, key=len) if found and all(found) else []


def _without_nulls(value: Any) -> Any:
    """A structure without nulls, which versions before R5 accept anywhere."""
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value if each is not None] if isinstance(value, list) else value


def _problem(details: str) -> Problem:
    return Problem(details, aspect=Aspect.PROFILE)


def _is_named(element: str, name: str) -> bool:
    """Whether a name in JSON is an element's, or one of those of a choice."""
    if not element.endswith("[x]"):
        return name == element
    stem = element.removesuffix("[x]")
    return name.startswith(stem) and name[len(stem) : len(stem) + 1].isupper()


def _of_value(definition: Json, name: str, value: Any) -> Iterator[Problem]:
    """What is wrong with one value, by the element's type, fixed value, simple pattern, range and length."""
    path = str(definition.get("path", ""))
    if path.endswith("[x]") and definition.get("type"):
        stem = path.rpartition(".")[2].removesuffix("[x]")
        types = [str(each.get("code", "")) for each in definition["type"]]
        if name[len(stem) :] not in {each[:1].upper() + each[1:] for each in types}:
            yield _problem(f"the type is to be {' or '.join(types)}")
    for key, wanted in definition.items():
        if key.startswith("fixed") and key != "fixed" and value != wanted:
            yield _problem("the value is not the fixed one")
        elif key.startswith("pattern") and not isinstance(wanted, dict | list) and value != wanted:
            yield _problem("the value is not that of the pattern")
        elif key.startswith("minValue") and OPERATORS["<"]([value], [wanted]) == [True]:
            yield _problem(f"the value is less than {wanted}")
        elif key.startswith("maxValue") and OPERATORS[">"]([value], [wanted]) == [True]:
            yield _problem(f"the value is more than {wanted}")
        elif key == "maxLength" and isinstance(value, str) and len(value) > int(wanted):
            yield _problem(f"the text has more than {wanted} characters")


def _broken(definition: Json, value: Json) -> Iterator[Problem]:
    for constraint in definition.get("constraint") or []:
        expression = constraint.get("expression")
        if expression and constraint.get("severity") == "error" and _is_false(expression, value):
            yield Problem(expression, aspect=Aspect.INVARIANT)


def _is_false(expression: str, value: Json) -> bool:
    try:
        return False in compiled(expression)(value)[:1]
    except PathError:
        return False


def _slice(node: Node, part: Node, name: str, values: list[tuple[int, Any]]) -> list[tuple[int, Any]] | None:
    """The values of a slice, with their numbers. None where it is not told by values, or these are not known."""
    if node.name.endswith("[x]") and part.slice.startswith(node.name.removesuffix("[x]")):
        return values if name == part.slice else []
    discriminators = (node.definition.get("slicing") or {}).get("discriminator") or []
    if node.name in {"extension", "modifierExtension"}:
        discriminators = discriminators or [{"type": "value", "path": "url"}]
    if not discriminators or any(each.get("type") != "value" for each in discriminators):
        return None
    wanted = [(str(each["path"]), _wanted(part, str(each["path"]))) for each in discriminators]
    if any(value is None for _, value in wanted):
        return None
    return [each for each in values if all(_has(each[1], path, value) for path, value in wanted)]


def _wanted(part: Node, path: str) -> Any:
    """The value by which a slice is told: what is fixed, or a pattern, at the discriminator's path."""
    node = part
    for step in () if path == "$this" else path.split("."):
        node = next((each for each in node.children if each.name == step), Node(step))
    for key, value in node.definition.items():
        if key.startswith(("fixed", "pattern")) and key not in {"fixed", "pattern"}:
            return value
    if path == "url":
        profiles = [url for each in part.definition.get("type") or [] for url in _listed(each.get("profile"))]
        return profiles[0] if len(profiles) == 1 else None
    return None


def _listed(value: Any) -> list[str]:
    """A profile's URL, which is one in STU3 and an array later."""
    return list(value) if isinstance(value, list) else [value] if value else []


def _has(value: Any, path: str, wanted: Any) -> bool:
    """Whether a value has what is wanted at a path, through arrays at any of their members."""
    if isinstance(value, list) and path:
        return any(_has(each, path, wanted) for each in value)
    step, _, rest = path.partition(".")
    if step in {"", "$this"}:
        return _matches(value, wanted)
    return isinstance(value, dict) and step in value and _has(value[step], rest, wanted)


def _matches(value: Any, pattern: Any) -> bool:
    """Whether a value has all that a pattern has."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(_matches(value.get(name), each) for name, each in pattern.items())
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(_matches(one, each) for one in value) for each in pattern)
    return bool(value == pattern)
