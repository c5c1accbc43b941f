"""Searches of each family, of which each finds few resources however large the store is; for patients of all of it."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from urllib.parse import quote

from benchmarks.fhir_search import corpus

_SOME = 50
"""Searches of each family, for as many patients."""

FAMILIES: dict[str, Callable[[int], str]] = {
    "token": lambda each: f"/Patient?identifier={_mrn(each)}",
    "string": lambda each: f"/Patient?family={quote(corpus.family(each).lower())}",
    "date": lambda each: f"/Patient?birthdate={corpus.FIRST_BIRTH + timedelta(days=each)}",
    "chained": lambda each: f"/Observation?subject:Patient.identifier={_mrn(each)}",
    "_has": lambda each: f"/Patient?_has:Observation:patient:identifier=M{each}",
    "_include": lambda each: f"/Observation?subject=Patient/p{each}&_include=Observation:subject",
    "_sort": lambda each: f"/Observation?subject=Patient/p{each}&_sort=-date",
}
"""Of each family, the path of the search that is about one patient, by its number."""


def paths(family: str, patients: Iterable[int]) -> list[str]:
    """Searches of a family for these patients."""
    return [FAMILIES[family](each) for each in patients]


def spread(patients: int) -> range:
    """Some of so many patients, far from each other."""
    return range(0, patients, max(1, patients // _SOME))


def _mrn(number: int) -> str:
    return quote(f"{corpus.MRN}|M{number:07}")
