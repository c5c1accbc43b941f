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
    """The sides that begin at a resource type or at all resources, else those that begin at no type; "" for none."""
    sides = alternatives(expression)
    own = [each for each in sides if _beginning(each) in {base, *_GENERAL}]
    return " | ".join(own or [each for each in sides if _beginning(each)[:1].islower()])


def _beginning(side: str) -> str:
    match = _BEGINNING.match(side)
    return match[1] if match else ""
