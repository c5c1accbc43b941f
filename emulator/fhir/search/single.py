"""Which parameters a resource has one value of at most, by the definitions of their elements."""

import re
from functools import lru_cache

from emulator.fhir.definitions import load

_STEPS = re.compile(r"(\w+)((?:\.\w+)+)(?:\.where\(resolve\(\) is \w+\))?")
"""Observation.subject, Encounter.hospitalization.origin, Observation.subject.where(resolve() is Patient)."""


@lru_cache(maxsize=4096)
def is_single(version: str, base: str, expression: str) -> bool:
    """Whether a path of elements of a type leads to one value at most. False for an expression that is more than that.

    version is that of FHIR by its name in a store: R4.
    """
    steps = _STEPS.fullmatch(expression)
    if steps is None or steps[1] != base:
        return False
    known = load(version)
    types: tuple[str, ...] = (base,)
    for name in steps[2][1:].split("."):
        at = known.type(types[0]) if len(types) == 1 else None
        element = None if at is None else at.elements.get(name)
        if element is None or element.is_list:
            return False
        types = element.types
    return True
