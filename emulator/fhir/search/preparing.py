"""Many resources validated and indexed in a process of its own: by what a store is set to, without the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from emulator.fhir import parsing, references
from emulator.fhir.definitions import load
from emulator.fhir.outcomes import Refused
from emulator.fhir.search.index import Indexer
from emulator.fhir.search.parameters import parameters
from emulator.fhir.search.tables import Rows
from emulator.fhir.validation.validator import Checks, validate


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the resources of a store are prepared that has no profiles and no search parameters of its own."""

    version: str
    store: str
    """Its name, by which references know it."""
    checks: Checks


def rows_of(recipe: Recipe, texts: Sequence[bytes]) -> list[Rows | None]:
    """The rows of the search index of resources, by their JSON; None for one that is not valid, or has no id."""
    return [_rows(recipe, each) for each in texts]


def _rows(recipe: Recipe, text: bytes) -> Rows | None:
    try:
        resource = parsing.parse(text, None)
    except Refused:
        return None
    known = resource.get("resourceType") in load(recipe.version).resources
    if not known or not resource.get("id") or validate(resource, recipe.version, recipe.checks):
        return None
    return indexer(recipe.version, recipe.store).rows(resource)


@lru_cache(maxsize=64)
def indexer(version: str, store: str) -> Indexer:
    """What indexes the resources of a store without search parameters of its own."""
    return Indexer(parameters(version), lambda text: references.target(text, store))
