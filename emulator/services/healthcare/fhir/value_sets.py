"""Value sets for :in and :not-in: the codes of a ValueSet, from its expansion or from what it composes.

What the store does not hold, or takes more than lists of codes (filters), is no value set here.
"""

from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]
Lookup = Callable[[str, str], Json | None]
"""Takes a type and a canonical URL; gives the resource of the store that has it."""
Codes = set[tuple[str, str]]
DEEPEST = 8
"""Value sets within value sets."""


class UnknownError(LookupError):
    """A value set, or a part of one, that cannot be listed."""


def expander(lookup: Lookup) -> Callable[[str], Codes | None]:
    """A function from the URL of a value set to its systems and codes; None for what cannot be listed."""

    def expand(url: str) -> Codes | None:
        try:
            return _expanded(lookup, url, 0)
        except UnknownError:
            return None

    return expand


def _expanded(lookup: Lookup, url: str, depth: int) -> Codes:
    found = lookup("ValueSet", url.partition("|")[0]) if depth < DEEPEST else None
    if found is None:
        raise UnknownError(url)
    expansion = found.get("expansion")
    if isinstance(expansion, dict) and expansion.get("contains"):
        return set(_contained(expansion["contains"]))
    compose = found.get("compose") or {}
    codes: Codes = set()
    for part in compose.get("include") or ():
        codes |= _part(lookup, part, depth)
    for part in compose.get("exclude") or ():
        codes -= _part(lookup, part, depth)
    return codes


def _part(lookup: Lookup, part: Json, depth: int) -> Codes:
    """What an include or exclude lists: the codes of a system that are in all value sets that it names."""
    if part.get("filter"):
        raise UnknownError("filter")
    system = part.get("system")
    sets = [_expanded(lookup, url, depth + 1) for url in part.get("valueSet") or ()]
    if system is None:
        return set.intersection(*sets) if sets else set()
    concepts = part.get("concept")
    codes = {(system, each["code"]) for each in concepts} if concepts else _of_system(lookup, system)
    return codes.intersection(*sets)


def _of_system(lookup: Lookup, system: str) -> Codes:
    found = lookup("CodeSystem", system)
    if found is None or not found.get("concept"):
        raise UnknownError(system)
    return {(system, code) for code in _concepts(found["concept"])}


def _concepts(concepts: list[Json]) -> Iterator[str]:
    for each in concepts:
        yield each["code"]
        yield from _concepts(each.get("concept") or [])


def _contained(contains: list[Json]) -> Iterator[tuple[str, str]]:
    for each in contains:
        if each.get("code"):
            yield each.get("system") or "", each["code"]
        yield from _contained(each.get("contains") or [])
