"""Elements that must be there and were taken out: what says that they are withheld, so that the resource stays valid.

FHIR's extension data-absent-reason with "masked": the information is not available for reasons of privacy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.fhir.definitions import Definitions, Element, Type

Json = dict[str, Any]
Check = Callable[[str], Callable[[Any], Any]]
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_DEEPEST = 8


class Filling:
    """Fills in what a version's definitions ask for."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions

    def fill(self, made: Json, before: Json, kind: Type, check: Check | None) -> None:
        """Put, in place, a sign of absence where an object had an element that it must have, and has it no longer.

        With `check`, which gives the rule of a type, what stands for an element keeps that rule if it can.
        """
        for element in kind.elements.values():
            if not element.min:
                continue
            names = element.named()
            if any(name in made or f"_{name}" in made for name in names):
                continue
            old = next((name for name in names if name in before or f"_{name}" in before), None)
            if old is not None:
                self._absent(made, old, element, names[old])
                if check is not None and old in before and old in made:
                    made[old] = self._kept(made[old], before[old], names[old], check)

    def _kept(self, filled: Any, before: Any, type_name: str, check: Check) -> Any:
        """What stands for an element, with as much of what that had as the rule of its type asks for."""
        if isinstance(filled, list):
            first = next((each for each in before if isinstance(each, dict)), {}) if isinstance(before, list) else {}
            return [self._kept(filled[0], first, type_name, check)]
        kind = self._definitions[type_name]
        if kind.kind != "inner" or not isinstance(before, dict) or not check(type_name)(filled):
            return filled
        return self.mended(filled, before, kind, check(type_name)) or filled

    def mended(self, made: Json, before: Json, kind: Type, is_wrong: Callable[[Json], object]) -> Json | None:
        """An object with the first of the elements that it lost, or all, said to be withheld, so that it is not wrong.

        None where that does not help.
        """
        lost = [name for name in before if name in kind.fields and name not in made and f"_{name}" not in made]
        for names in (*([name] for name in lost), lost):
            tried = dict(made)
            for name in names:
                element, type_name = kind.fields[name]
                self._absent(tried, name, element, type_name)
            if not is_wrong(tried):
                return tried
        return None

    def _absent(self, made: Json, name: str, element: Element, type_name: str, depth: int = 0) -> None:
        kind = self._definitions[type_name]
        masked: Json = {"extension": [{"url": _ABSENT, "valueCode": "masked"}]}
        if kind.kind == "primitive":
            made[f"_{name}"] = [masked] if element.is_list else masked
            if element.is_list:
                made[name] = [None]
            return
        if kind.kind == "inner" and depth < _DEEPEST:
            for each in kind.elements.values():
                if each.min:
                    first, first_type = next(iter(each.named().items()))
                    self._absent(masked, first, each, first_type, depth + 1)
        made[name] = [masked] if element.is_list else masked
