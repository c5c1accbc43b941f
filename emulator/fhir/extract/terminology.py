"""The codes of a value set, as far as HL7's definitions hold them."""

from collections.abc import Iterator
from functools import cached_property

from emulator.fhir.extract.reading import Node, first, text


class Terminology:
    """The value sets and code systems of a version."""

    def __init__(self, resources: list[Node]) -> None:
        """Keep what is a ValueSet or a CodeSystem."""
        self._resources = resources

    @cached_property
    def _sets(self) -> dict[str, Node]:
        return {text(each, "url"): each for each in self._resources if text(each, "resourceType") == "ValueSet"}

    @cached_property
    def _systems(self) -> dict[str, Node]:
        return {text(each, "url"): each for each in self._resources if text(each, "resourceType") == "CodeSystem"}

    def codes(self, url: str) -> frozenset[str] | None:
        """All codes of a value set, None where they cannot be listed: other systems' codes, filters not known here."""
        found = self._sets.get(url.partition("|")[0])
        if found is None:
            return None
        compose = first(found, "compose")
        included = [self._selected(each) for each in compose.get("include", [])]
        excluded = [self._selected(each) or frozenset() for each in compose.get("exclude", [])]
        if not included or None in included:
            return None
        return frozenset().union(*(each for each in included if each)).difference(*excluded)

    def _selected(self, include: Node) -> frozenset[str] | None:
        parts = [self.codes(url) for url in include.get("valueSet", [])]
        if "system" in include:
            parts.append(self._of_system(include))
        known = [each for each in parts if each is not None]
        return frozenset.intersection(*known) if known and len(known) == len(parts) else None

    def _of_system(self, include: Node) -> frozenset[str] | None:
        if "concept" in include:
            return frozenset(text(each, "code") for each in include["concept"])
        system = self._systems.get(text(include, "system"))
        if system is None or text(system, "content") != "complete":
            return None
        concepts = list(_concepts(system, ()))
        if "filter" not in include:
            return frozenset(code for code, _ in concepts)
        (rule, *others) = include["filter"]
        if others or text(rule, "property") != "concept" or text(rule, "op") not in {"is-a", "descendent-of"}:
            return None
        whole = {text(rule, "value")} if text(rule, "op") == "is-a" else set()
        return frozenset(whole | {code for code, above in concepts if text(rule, "value") in above})


def _concepts(node: Node, above: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each code with those that it stands below."""
    for concept in node.get("concept", []):
        code = text(concept, "code")
        yield code, above
        yield from _concepts(concept, (*above, code))
