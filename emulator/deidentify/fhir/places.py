"""The places where values stand in resources, each with the type of what stands there and the action that is due.

Places are made when a resource first has something there, and kept for the resources that follow.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.deidentify.fhir import paths
from emulator.deidentify.fhir.paths import Step
from emulator.deidentify.fhir.rules import Action, FieldRule
from emulator.fhir.definitions import Definitions, Element, Type

EXTENSIONS = frozenset(("extension", "modifierExtension"))
_WHOLE = frozenset((Action.KEEP, Action.REMOVE))
_STRINGS = frozenset(("string", "markdown"))


@dataclass(eq=False)
class Place:
    """Where a value stands in resources of a type.

    type      of the value: string, Patient.contact
    element   None for a resource itself
    rules     the numbers of the rules that match the place or one around it, the first first
    named     the numbers of those that match the place itself
    """

    tree: Tree
    name: str
    steps: tuple[Step, ...]
    type: Type
    element: Element | None
    rules: tuple[int, ...]
    named: tuple[int, ...]
    _children: dict[str, Place | None] = field(default_factory=dict)

    @property
    def action(self) -> Action | None:
        """What becomes of the value; None where no rule matches."""
        return self.tree.rules[self.rules[0]].action if self.rules else None

    @property
    def own_action(self) -> Action | None:
        """As `action`, by rules that match the place itself."""
        return self.tree.rules[self.named[0]].action if self.named else None

    @property
    def is_primitive(self) -> bool:
        """Whether the value is no object."""
        return self.type.kind == "primitive"

    def child(self, name: str) -> Place | None:
        """The place of a field by its name in JSON without an underscore; None for what the type does not have.

        Versions before R5 take names that begin with a capital for the same names with a small letter.
        """
        if name not in self._children:
            self._children[name] = self._made(name)
        return self._children[name]

    def resource(self, resource_type: str) -> Place | None:
        """The place of a resource of that type, where any resource may be; None for a type that the version lacks."""
        if resource_type not in self._children:
            known = resource_type in self.tree.definitions.resources
            kind = self.tree.definitions[resource_type] if known else None
            step = paths.step_into(resource_type)
            self._children[resource_type] = self._below(resource_type, step, kind, self.element) if kind else None
        return self._children[resource_type]

    def _made(self, name: str) -> Place | None:
        found = self.type.fields.get(name) or self.type.fields.get(name[:1].lower() + name[1:])
        if found is None:
            return None
        element, type_name = found
        step = paths.step_to(self.tree.definitions, name, element, type_name)
        return self._below(name, step, self.tree.definitions[type_name], element)

    def _below(self, name: str, step: Step, kind: Type, element: Element | None) -> Place:
        steps = (*self.steps, step)
        named = self.tree.matching(steps)
        return Place(
            self.tree, name, steps, kind, element, tuple(sorted({*self._handed_on(kind), *named})), tuple(named)
        )

    def _handed_on(self, kind: Type) -> tuple[int, ...]:
        """The rules that hold for what lies in this place.

        Those that match a value are not meant for its extensions, those of a HumanName only for its parts, all texts.
        """
        if self.is_primitive:
            return tuple(each for each in self.rules if each not in self.named)
        if self.type.name != "HumanName" or kind.name in _STRINGS:
            return self.rules
        return tuple(each for each in self.rules if each not in self.named or self.tree.rules[each].action in _WHOLE)


class Tree:
    """All places of the resources of a version, by rules."""

    def __init__(self, definitions: Definitions, rules: tuple[FieldRule, ...]) -> None:
        self.definitions = definitions
        self.rules = rules
        self._roots: dict[str, Place] = {}

    def root(self, resource_type: str) -> Place | None:
        """The place of a resource that lies in no other; None for a type that the version does not have."""
        if resource_type not in self._roots and resource_type in self.definitions.resources:
            steps = (paths.step_into(resource_type),)
            found = tuple(self.matching(steps))
            kind = self.definitions[resource_type]
            self._roots[resource_type] = Place(self, resource_type, steps, kind, None, found, found)
        return self._roots.get(resource_type)

    def changes(self, resource_type: str, field: str) -> bool:
        """Whether a rule changes a field of resources of a type."""
        root = self.root(resource_type)
        place = root.child(field) if root is not None else None
        return place is not None and place.action not in (None, Action.KEEP)

    def matching(self, steps: tuple[Step, ...]) -> list[int]:
        """The numbers of the rules that match where steps lead."""
        return [
            number for number, rule in enumerate(self.rules) if any(paths.reaches(path, steps) for path in rule.paths)
        ]
