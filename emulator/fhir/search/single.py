"""Which parameters a resource has one value of at most, by the definitions of their elements."""

from functools import lru_cache

from emulator.fhir.definitions import load
from emulator.fhir.paths.errors import PathError
from emulator.fhir.paths.syntax import Call, Child, Node, Root, This, Typed, parsed


@lru_cache(maxsize=4096)
def is_single(version: str, base: str, expression: str) -> bool:
    """Whether a path of elements of a type leads to one value at most. False for an expression that is more than that.

    version is that of FHIR by its name in a store: R4.
    """
    try:
        names = _elements(parsed(expression), base)
    except PathError:
        return False
    known = load(version)
    types: tuple[str, ...] = (base,)
    for name in names:
        at = known.type(types[0]) if len(types) == 1 else None
        element = None if at is None else at.elements.get(name)
        if element is None or element.is_list:
            return False
        types = element.types
    return bool(names)


def _elements(node: Node, base: str) -> list[str]:
    """Names on the way from a type: hospitalization, origin of Encounter.hospitalization.origin. Empty for all else.

    `where(resolve() is Patient)` at the end takes nothing away from a way: it leads to as many values or fewer.
    """
    if isinstance(node, Call) and node.name == "where" and _asks_what_it_leads_to(node.arguments):
        node = node.of
    names: list[str] = []
    while isinstance(node, Child):
        names.insert(0, node.name)
        node = node.of
    return names if node == Root(base) else []


def _asks_what_it_leads_to(arguments: tuple[Node, ...]) -> bool:
    return all(isinstance(each, Typed) and each.of == Call(This(), "resolve", ()) for each in arguments)
