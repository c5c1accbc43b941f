"""Where an expression begins: the keys of a resource without which it gives nothing."""

from functools import lru_cache

from emulator.fhir.paths.children import choices
from emulator.fhir.paths.syntax import Call, Child, Index, Node, Root, This, Typed, Union, parsed

_ALWAYS = {"exists", "empty", "count", "not", "hasValue", "all"}
"""Functions that give something even of nothing."""


@lru_cache(maxsize=8192)
def first_keys(expression: str) -> frozenset[str] | None:
    """The keys of which a resource needs one for the expression to give anything; None: it may without any."""
    return _keys(parsed(expression))


def _keys(node: Node) -> frozenset[str] | None:
    match node:
        case Typed(of=Child(of=This() | Root(), name=name), type=wanted):
            return frozenset({name, name + wanted[:1].upper() + wanted[1:]})
        case Child(of=This(), name=name):
            return _forms(name)
        case Child(of=Root(type=base), name=name) if base:
            return _forms(name)
        case Call(of=This() | Root(), name="extension"):
            return frozenset({"extension"})
        case Call(name=name) if name in _ALWAYS:
            return None
        case Child(of=of) | Index(of=of) | Typed(of=of) | Call(of=of):
            return _keys(of)
        case Union(sides=sides):
            found = [_keys(each) for each in sides]
            return None if None in found else frozenset().union(*(each for each in found if each))
        case _:
            return None


def _forms(name: str) -> frozenset[str]:
    """A name, as one of a choice, and as what accompanies a simple value."""
    return frozenset({name, f"_{name}", *choices(name)})
