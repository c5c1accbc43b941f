"""Invariants of the definitions: FHIRPath expressions that must hold for an object that is right otherwise.

Held to are those of severity error that Google's published protocol buffers carry: in R4 all but a few, in STU3 only
those of types within types and of elements. R5 has no such protocol buffers in use and is treated as R4.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from emulator.fhir.definitions import Constraint, Element, Type
from emulator.fhir.paths.compiling import asked
from emulator.fhir.paths.errors import PathError
from emulator.fhir.validation.leniency import Leniency
from emulator.fhir.validation.primitives import Rule
from emulator.fhir.validation.problems import Aspect, Problem

_NOT_HELD_TO = frozenset(
    ("bdl-8", "dom-1", "dom-2", "dom-3", "dom-4", "dom-5", "dom-r4b", "eld-19", "ext-1", "mqty-1", "ras-2", "ref-1")
)
"""Keys of invariants that Google's protocol buffers leave out."""
_WHOLE = "%resource"


@dataclass(frozen=True)
class _Invariant:
    expression: str
    truth: Callable[[Any], bool | None]
    """False where it is broken; what is unknown, None, breaks nothing."""


class Invariants:
    """The invariants of a version."""

    def __init__(self, leniency: Leniency) -> None:
        """Nothing is compiled yet: that is done with the type."""
        self._inner_only = leniency.outer_invariants

    def of_type(self, kind: Type, checked: Rule) -> Rule:
        """The rule of a type, with its invariants if it has any."""
        if self._inner_only and kind.kind != "inner":
            return checked
        return _held(checked, self._made(kind.constraints, whole=kind.kind == "resource"))

    def of_element(self, element: Element, checked: Rule) -> Rule:
        """The rule of an element's values, with the element's own invariants."""
        return _held(checked, self._made(element.constraints, whole=False))

    def _made(self, constraints: Iterable[Constraint], *, whole: bool) -> list[_Invariant]:
        """Those that can be held to where not the whole resource is at hand, as a rule for a part has the part only."""
        wanted = (each for each in constraints if each.key not in _NOT_HELD_TO)
        return [made for each in wanted if (whole or _WHOLE not in each.expression) and (made := _compiled(each))]


def _compiled(constraint: Constraint) -> _Invariant | None:
    """An invariant, None where its expression has functions that are not known here."""
    try:
        return _Invariant(constraint.expression, asked(constraint.expression))
    except PathError:
        return None


def _held(checked: Rule, invariants: list[_Invariant]) -> Rule:
    if not invariants:
        return checked
    held = [(each.expression, each.truth) for each in invariants]

    def check(value: Any) -> list[Problem] | None:
        found = checked(value)
        if found or value is None:
            return found
        broken = [expression for expression, truth in held if truth(value) is False]
        return [Problem(expression, aspect=Aspect.INVARIANT) for expression in broken] if broken else None

    return check
