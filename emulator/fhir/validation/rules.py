"""Rules for types: each type of the definitions becomes one function that takes JSON and gives what is wrong with it.

A function gives None for what is right, so that the usual case builds nothing; paths are put together on the way out.
"""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from emulator.fhir import versions
from emulator.fhir.definitions import Definitions, Element, Type, load
from emulator.fhir.validation import leniency, primitives
from emulator.fhir.validation.invariants import Invariants
from emulator.fhir.validation.primitives import Rule
from emulator.fhir.validation.problems import Aspect, Problem, within

Json = dict[str, Any]
_REPEATED = ("CodeableConcept", "Coding")
"""Types of which few values make up most of what is sent."""


@dataclass
class _Names:
    """The names that an object may have, with what each must be."""

    plain: dict[str, Rule] = field(default_factory=dict)
    choices: dict[str, tuple[str, Rule]] = field(default_factory=dict)
    """With the stem of the choice: only one name of a stem may be there."""
    primitive: set[str] = field(default_factory=set)
    """Those that may have extensions under _name."""
    beside: dict[str, Rule] = field(default_factory=dict)
    """What these must be, where that is something else than for the value."""
    named: dict[str, str] = field(default_factory=dict)
    """What Google's protocol buffers call it, where that is something else."""


class _Met(threading.local):
    """What a look at a resource keeps besides, in one thread."""

    references: list[str] | None = None
    """The texts of references that were met so far; None where nobody asks."""


class Rules:
    """The rules of a version, made when they are first needed."""

    def __init__(self, definitions: Definitions, *, invariants: bool = True) -> None:
        """Take the definitions, with their invariants or without; nothing is made yet."""
        self._definitions = definitions
        self._leniency = leniency.of(definitions.number)
        self._invariants = Invariants(self._leniency) if invariants else None
        self._made: dict[str, Rule] = {}
        self._whole: dict[str, Rule] = {}
        self._making, self._depth = threading.RLock(), 0
        self._met = _Met()
        self._foreign = _foreign_resources(definitions)
        patterns = {name: definitions[name].pattern for name in ("decimal", "oid")}
        self._primitives = primitives.rules(self._leniency, patterns, self._extended)

    def of(self, name: str) -> Rule:
        """The rule of a type, by its name or path."""
        return self._whole.get(name) or self._of(name)

    def _of(self, name: str) -> Rule:
        """As `of`, where the rule may have to be made: with all that it needs, before any thread is given it."""
        with self._making:
            if name in self._made:
                return self._made[name]
            self._depth += 1
            try:
                self._make(self._definitions[name])
            finally:
                self._depth -= 1
            if not self._depth:
                self._whole.update(self._made)
            return self._made[name]

    def resource(self, value: Any) -> list[Problem] | None:
        """The rule for any resource: that of the type that it says it is."""
        if type(value) is not dict:
            return [_no_type()] if value is None else [Problem("invalid JSON", "found no object")]
        name = value.get("resourceType")
        if type(name) is str and name in self._definitions.resources:
            found = self.of(name)(value)
            return within(found, name, name[0].lower() + name[1:]) if found else None
        if "resourceType" not in value:
            return [_no_type()]
        if name is not None and type(name) is not str:
            return [Problem("invalid resource type")]
        return [Problem("unknown resource type", f'"{name or ""}"', path=name or "")]

    def references(self, value: Any) -> list[str] | None:
        """The texts of a resource's references outside of extensions, as `referring.texts`; None where it is not right.

        It must have no contained resources: of these a part may be wrong.
        """
        met = self._met
        met.references = []
        try:
            return None if self.resource(value) else met.references
        finally:
            met.references = None

    def _extended(self, value: Any) -> list[Problem] | None:
        """The rule for the id and extensions of a primitive."""
        return self.of("Element")(value)

    def _make(self, kind: Type) -> None:
        if kind.kind == "primitive":
            self._made[kind.name] = self._primitives[kind.name]
        elif kind.name in {"Resource", "DomainResource"}:
            self._made[kind.name] = self.resource
        else:
            names = _Names()
            checked = _object(names, _Required.of(kind), self._leniency)
            if self._invariants:
                checked = self._invariants.of_type(kind, checked)
            if self._has_reference(kind):
                checked = self._noted(checked)
            if kind.name in _REPEATED:
                checked = _remembered(checked)
            self._made[kind.name] = self._apart(checked) if kind.name == "Extension" else checked
            self._fill(names, kind)

    def _fill(self, names: _Names, kind: Type) -> None:
        if kind.kind == "resource":
            names.plain["resourceType"] = _anything
        for element in kind.elements.values():
            for name, type_name in element.named().items():
                checked = self._element(element, type_name)
                if element.is_choice:
                    names.choices[name] = (element.stem, checked)
                    names.named[name] = f"{element.stem}.{type_name[0].lower()}{type_name[1:]}"
                else:
                    names.plain[name] = checked
                if self._definitions[type_name].kind == "primitive":
                    names.primitive.add(name)
                    if not self._leniency.empties:
                        self._hold_to_values(names, name, checked, element)

    def _hold_to_values(self, names: _Names, name: str, checked: Rule, element: Element) -> None:
        """Take an object only under _name, where extensions are, and nothing else there."""
        beside = _nothing_or(self._extended)
        names.beside[name] = _many(beside, self._leniency) if element.is_list else beside
        valued = _no_object(checked)
        if element.is_choice:
            names.choices[name] = (element.stem, valued)
        else:
            names.plain[name] = valued

    def _has_reference(self, kind: Type) -> bool:
        """Whether a type has the text of a reference, as Reference and Expression have."""
        element = kind.elements.get("reference")
        return element is not None and self._definitions[element.types[0]].kind == "primitive"

    def _noted(self, checked: Rule) -> Rule:
        """A rule of objects that have the text of a reference, which is kept where somebody asks for all of them."""
        met = self._met

        def check(value: Any) -> list[Problem] | None:
            if (references := met.references) is not None and type(value) is dict:
                text = value.get("reference")
                if type(text) is str:
                    references.append(text)
            return checked(value)

        return check

    def _apart(self, checked: Rule) -> Rule:
        """A rule of extensions, in which no references are kept."""
        met = self._met

        def check(value: Any) -> list[Problem] | None:
            references, met.references = met.references, None
            try:
                return checked(value)
            finally:
                met.references = references

        return check

    def _element(self, element: Element, type_name: str) -> Rule:
        if type_name == "code" and element.codes is not None:
            checked = primitives.code(element.codes, element.codes_name, self._leniency, self._extended)
        elif type_name == "code" and element.codes_name:
            checked = self._primitives[primitives.OPEN_CODE]
        elif element.name == "contained" and self._leniency.any_contained:
            checked = _only_structure(self.resource)
        else:
            checked = self.of(type_name)
        if type_name == "Reference":
            checked = self._reference(checked, element.targets)
        elif type_name == "CodeableReference":
            checked = _inside(checked, "reference", self._reference(_anything, element.targets))
        if self._invariants:
            checked = self._invariants.of_element(element, checked)
        return _many(checked, self._leniency) if element.is_list else checked

    def _reference(self, checked: Rule, targets: tuple[str, ...]) -> Rule:
        """The rule of a Reference whose text names a type that it may not point at."""
        known = self._definitions.resources
        allowed = frozenset(targets) or known
        wanted = ", ".join(targets)
        foreign, met, inner = self._foreign, self._met, checked is not _anything

        def check(value: Any) -> list[Problem] | None:
            plain = inner and _is_plain_reference(value)
            found = None if plain else checked(value)
            text = value.get("reference") if type(value) is dict else None
            if type(text) is not str:
                return found
            if plain and (references := met.references) is not None:
                references.append(text)
            name, slash, rest = text.partition("/")
            if name in allowed or not slash or (name not in known and name not in foreign):
                return found
            if "/" in rest and not _is_versioned(rest):
                return found
            if name in foreign:
                return [*(found or ()), Problem("invalid reference", f"no type {name} in this version of FHIR")]
            details = f"invalid reference to a {name} resource, want {wanted}"
            return [*(found or ()), Problem(details, aspect=Aspect.REFERENCE)]

        return check


def _is_plain_reference(value: Any) -> bool:
    """Whether a reference has a text and perhaps a display, and both are right: so have nearly all."""
    if type(value) is not dict or len(value) > 2 or not primitives.is_plain(value.get("reference")):
        return False
    return len(value) == 1 or primitives.is_plain(value.get("display"))


def _anything(_: Any) -> None:
    return None


def _always(_: Json) -> bool:
    return True


def _no_type() -> Problem:
    return Problem('missing required field "resourceType"')


def _is_versioned(rest: str) -> bool:
    parts = rest.split("/")
    return len(parts) == 3 and parts[1] == "_history"


def _foreign_resources(definitions: Definitions) -> frozenset[str]:
    """Types of resources that only other versions have. Those of DSTU2 Google's parser does not know."""
    every = frozenset().union(*(load(name).resources for name in versions.VERSIONS if name != "DSTU2"))
    return every - definitions.resources


def _only_structure(checked: Rule) -> Rule:
    def check(value: Any) -> list[Problem] | None:
        found = checked(value)
        return [problem for problem in found if problem.aspect is Aspect.STRUCTURE] if found else None

    return check


def _inside(checked: Rule, name: str, inner: Rule) -> Rule:
    """A rule that also holds a part of the value to a rule of its own."""

    def check(value: Any) -> list[Problem] | None:
        found = checked(value)
        more = inner(value.get(name)) if type(value) is dict else None
        return [*(found or ()), *within(more, name)] if more else found

    return check


def _no_object(checked: Rule) -> Rule:
    """The rule of a primitive, or an array of such, that takes no object for a value."""

    def check(value: Any) -> list[Problem] | None:
        if type(value) is dict or (type(value) is list and dict in map(type, value)):
            return [Problem("invalid JSON", "found an object")]
        return checked(value)

    return check


def _nothing_or(checked: Rule) -> Rule:
    """A rule that also takes null, as arrays of extensions have it in the place of those that are not there."""
    return lambda value: None if value is None else checked(value)


def _excused(found: list[Problem], values: Any, beside: Any) -> list[Problem]:
    """What is wrong with an array of values but for those that are null, and have extensions beside them instead."""
    if type(values) is not list or type(beside) is not list:
        return found
    pairs = enumerate(zip(values, beside, strict=False))
    excused = {f"[{place}]" for place, (value, more) in pairs if value is None and type(more) is dict}
    return [each for each in found if each.path not in excused]


def _many(checked: Rule, lenient: leniency.Leniency) -> Rule:
    """The rule of an array whose members have a rule."""
    nulls, empties = lenient.nulls, lenient.empties

    def check(values: Any) -> list[Problem] | None:
        if type(values) is list:
            if not values and not empties:
                return [Problem("empty array", aspect=Aspect.REQUIRED)]
            for each in values:
                if checked(each):
                    return _numbered(checked, values)
            return None
        return None if values is None and nulls else [Problem("expected array")]

    return check


def _numbered(checked: Rule, values: list[Any]) -> list[Problem]:
    return [each for number, value in enumerate(values) for each in within(checked(value) or (), f"[{number}]")]


@dataclass(frozen=True)
class _Required:
    """The elements that an object must have."""

    names: frozenset[str]
    lists: tuple[str, ...]
    choices: Mapping[str, frozenset[str]]
    order: tuple[str, ...]

    @staticmethod
    def of(kind: Type) -> "_Required":
        needed = [element for element in kind.elements.values() if element.min]
        return _Required(
            frozenset(each.name for each in needed if not each.is_choice and not each.is_list),
            tuple(each.name for each in needed if each.is_list),
            {each.stem: frozenset(each.named()) for each in needed if each.is_choice},
            tuple(each.stem for each in needed),
        )

    def there(self) -> Callable[[Json], bool]:
        """A function for whether an object has all under their own names, as it nearly always does."""
        names, lists, choices = self.names, self.lists, tuple(self.choices.values())
        if not self.order:
            return _always
        if not lists and not choices:
            return lambda value: names <= value.keys()
        return lambda value: (
            names <= value.keys()
            and all(value.get(name) for name in lists)
            and not any(choice.isdisjoint(value) for choice in choices)
        )

    def missing(self, value: Json, nulls: bool, capitals: bool) -> list[Problem]:
        """What is not there; extensions alone count, and so do null and other case where they are accepted."""
        there = {name.removeprefix("_") for name, each in value.items() if each is not None or nulls}
        if capitals:
            there |= {name[:1].lower() + name[1:] for name in there}
        empty = {name for name in self.lists if not value.get(name) and name in value}
        return [
            Problem(f'missing required field "{name}"', aspect=Aspect.REQUIRED)
            for name in self.order
            if name in empty or there.isdisjoint(self.choices.get(name, (name,)))
        ]


def _object(names: _Names, required: _Required, lenient: leniency.Leniency) -> Rule:
    """The rule of an object with these names."""
    plain, choices, there = names.plain, names.choices, required.there()

    def check(value: Any) -> list[Problem] | None:
        if type(value) is not dict:
            if value is not None or not lenient.nulls:
                return [Problem("invalid JSON", "found no object")]
            value = {}
        problems: list[Problem] = []
        taken: dict[str, str] = {}
        for name, each in value.items():
            if checked := plain.get(name):
                if found := checked(each):
                    problems += within(_excused(found, each, value.get(f"_{name}")), name)
            elif (choice := choices.get(name)) and choice[0] not in taken:
                taken[choice[0]] = name
                if found := choice[1](each):
                    problems += within(found, name, names.named[name])
            else:
                problems += _unusual(names, value, name, taken, lenient)
        if not there(value):
            problems += required.missing(value, lenient.nulls, lenient.capitals)
        if not value and not lenient.empties:
            problems.append(Problem("empty object", aspect=Aspect.REQUIRED))
        return problems

    return check


def _remembered(checked: Rule) -> Rule:
    """The rule of objects of which most say what others said: what was right is known again by its JSON."""
    known = set[bytes]()

    def check(value: Any) -> list[Problem] | None:
        try:
            text = orjson.dumps(value)
        except (TypeError, orjson.JSONEncodeError):  # a number with digits of its own
            return checked(value)
        if text in known:
            return None
        found = checked(value)
        if not found:
            primitives.remember(known, text)
        return found

    return check


def _unusual(names: _Names, value: Json, name: str, taken: dict[str, str], lenient: leniency.Leniency) -> list[Problem]:
    """What is wrong with a name that is none of the usual: extensions of a primitive, other case, a second choice."""
    bare = name.removeprefix("_")
    if lenient.capitals:
        bare = bare[:1].lower() + bare[1:]
    choice = names.choices.get(bare)
    checked = choice[1] if choice else names.plain.get(bare)
    if checked is None or (name[:1] == "_" and bare not in names.primitive):
        return [Problem("unknown field", f'"{name}"')]
    if choice and taken.setdefault(choice[0], bare) != bare:
        return [Problem(f"cannot accept multiple values for {_snake(choice[0])} field", f'"{name}"')]
    if name[:1] != "_" and bare in value and bare not in names.primitive:
        return [Problem("invalid extension field", f'"{name}"', path=name)]
    beside = names.beside.get(bare, checked) if name[:1] == "_" else checked
    found = beside(value[name]) or []
    if name[:1] == "_":
        found = _extensions(found, value.get(bare), value[name])
    return within(found, name, names.named.get(bare, bare))


def _snake(name: str) -> str:
    """A name as Google's protocol buffers spell it: series_doses."""
    return re.sub("([A-Z])", r"_\1", name).lower()


def _extensions(found: list[Problem], base: Any, extension: Any) -> list[Problem]:
    """What is wrong with a primitive's extensions, given what is wrong with them as a value.

    That they have no value is not wrong where there is one beside them: `base`, or an array of such. None is none.
    """
    if base is None:
        return found
    if type(base) is list and base and (extension is None or type(extension) is list):
        count = len(extension or ())
        if count != len(base):
            return [Problem(f"array length mismatch, expected {len(base)}, found {count}")]
    return [problem for problem in found if problem.aspect is not Aspect.VALUE or problem.path.rpartition("]")[2]]
