"""The sides of a union, and those that begin at a type: a search parameter of several types has all in one text."""

import re

_BEGINNING = re.compile(r"\(*\s*([A-Za-z]\w*)")
_GENERAL = {"Resource", "DomainResource"}


def alternatives(expression: str) -> list[str]:
    """The sides of a union as they are written; brackets hold a union inside together."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(expression):
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and depth == 0:
            parts.append(expression[start:at].strip())
            start = at + 1
    return [*parts, expression[start:].strip()]


def of_base(expression: str, base: str) -> str:
    """The sides that begin at a resource type, at all resources, or at no type; "" where none does."""
    return " | ".join(each for each in alternatives(expression) if _begins(each, base))


def _begins(side: str, base: str) -> bool:
    match = _BEGINNING.match(side)
    return match is not None and (match[1] == base or match[1][0].islower() or match[1] in _GENERAL)
